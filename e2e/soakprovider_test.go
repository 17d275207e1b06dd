package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
)

// phases of one refresh, as the provider sees it.
const (
	phaseDialled  = "dialled"  // whoever renews has connected, and nothing was read
	phaseAsked    = "asked"    // the request is there, nothing has changed yet
	phaseRotated  = "rotated"  // the old refresh token is spent, the new one not yet told
	phaseAnswered = "answered" // the answer has been written
)

// soakProvider rotates each refresh token and revokes the whole grant when a
// spent one comes again. With grace it takes the last spent one, as long as
// its successor was not used.
type soakProvider struct {
	*httptest.Server
	lifetime int // of an access token, in seconds
	grace    bool
	end      chan struct{} // closed: streams of the API end
	dialled  atomic.Pointer[func()]

	mu        sync.Mutex
	grants    map[string]*soakGrant // by refresh token, spent ones too
	refreshes map[string]int        // of each grant
	requests  int
	rotations int
	reused    int
	refused   int
	under     int                // requests under way
	none      *sync.Cond         // there are none
	at        func(phase string) // called outside the lock
}

type soakGrant struct {
	name    string
	serial  int
	current string // refresh token
	spent   string // the one before
	revoked bool
}

func newSoakProvider(t testing.TB, lifetime int, grace bool) *soakProvider {
	t.Helper()
	p := &soakProvider{lifetime: lifetime, grace: grace, grants: map[string]*soakGrant{}, refreshes: map[string]int{}, end: make(chan struct{})}
	p.none = sync.NewCond(&p.mu)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("/api/stream", p.stream)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"ok":true}`)) })
	p.Server = httptest.NewUnstartedServer(mux)
	p.Server.Listener = door{p.Server.Listener, p}
	p.Server.Start()
	t.Cleanup(p.Close)
	return p
}

// door is where connections to a provider come in.
type door struct {
	net.Listener
	p *soakProvider
}

// Accept turns away the connection at which somebody is killed: what it may
// hold is never read.
func (d door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		kill := d.p.dialled.Swap(nil)
		if kill == nil {
			return conn, nil
		}
		(*kill)()
		_ = conn.Close() // whoever dialled is dead
	}
}

// stream answers at once and ends when it is told to.
func (p *soakProvider) stream(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "begin\n")
	_ = http.NewResponseController(w).Flush()
	select {
	case <-p.end:
		_, _ = io.WriteString(w, "end\n")
	case <-r.Context().Done():
	}
}

// grant makes a new grant and returns its refresh token.
func (p *soakProvider) grant(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := &soakGrant{name: name, current: fmt.Sprintf("rt-%s-%d-0", name, len(p.grants))}
	p.grants[g.current] = g
	return g.current
}

func (p *soakProvider) reach(phase string) {
	p.mu.Lock()
	at := p.at
	p.mu.Unlock()
	if at != nil {
		at(phase)
	}
}

// during sets what happens at each phase.
func (p *soakProvider) during(at func(phase string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
}

func (p *soakProvider) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.mu.Lock()
	p.requests++
	p.under++
	p.mu.Unlock()
	defer p.left()
	p.reach(phaseAsked)
	body, ok := p.rotate(r.PostForm.Get("refresh_token"))
	if ok {
		p.reach(phaseRotated)
	}
	w.Header().Set("Content-Type", "application/json")
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write([]byte(body))
	_ = http.NewResponseController(w).Flush()
	if ok {
		p.reach(phaseAnswered)
	}
}

func (p *soakProvider) left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.under--; p.under == 0 {
		p.none.Broadcast()
	}
}

// settle returns once nothing of a client that is dead is on its way any more.
func (p *soakProvider) settle() {
	p.CloseClientConnections()
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.under > 0 {
		p.none.Wait()
	}
}

func (p *soakProvider) rotate(refresh string) (body string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.grants[refresh]
	switch {
	case g == nil || g.revoked:
		p.refused++
		return `{"error":"invalid_grant"}`, false
	case refresh == g.current:
		g.spent = refresh
	case p.grace && refresh == g.spent:
		delete(p.grants, g.current) // it was never used
	default:
		p.reused++
		p.refused++
		g.revoked = true
		return `{"error":"invalid_grant","error_description":"the refresh token was used before"}`, false
	}
	g.serial++
	p.refreshes[g.name]++
	p.rotations++
	g.current = fmt.Sprintf("rt-%s-%d-%d", g.name, len(p.grants), g.serial)
	p.grants[g.current] = g
	return fmt.Sprintf(`{"access_token":"at-%s-%d","refresh_token":%q,"token_type":"Bearer","expires_in":%d}`, g.name, g.serial, g.current, p.lifetime), true
}

// tally is what the provider saw of one grant, and of all together.
func (p *soakProvider) tally(name string) (refreshes, reused, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refreshes[name], p.reused, p.refused
}

// asked counts the token requests.
func (p *soakProvider) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// renewed counts the refreshes of all grants.
func (p *soakProvider) renewed() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rotations
}
