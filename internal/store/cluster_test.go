package store_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// strictServer is an authorization server that rotates refresh tokens and ends
// the grant when one comes a second time.
type strictServer struct {
	*httptest.Server
	mu        sync.Mutex
	refreshes int
	reused    int
	current   string
	during    func() // runs before a refresh is answered
}

func newStrictServer(t *testing.T) *strictServer {
	t.Helper()
	s := &strictServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.token))
	t.Cleanup(s.Close)
	return s
}

func (s *strictServer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	w.Header().Set("Content-Type", "application/json")
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.PostForm.Get("grant_type") == "refresh_token" {
		s.refreshes++
		if s.during != nil {
			s.during()
		}
		if r.PostForm.Get("refresh_token") != s.current {
			s.reused++
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
			return
		}
	}
	s.current = fmt.Sprintf("rt-%d", s.refreshes)
	_, _ = fmt.Fprintf(w, `{"access_token":"at-%d","refresh_token":%q,"token_type":"Bearer","expires_in":3600}`, s.refreshes, s.current)
}

func (s *strictServer) seen() (refreshes, reused int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refreshes, s.reused
}

// nodes are brokers on one database, with one keyring and one clock.
type nodes struct {
	server *strictServer
	offset atomic.Int64 // of the clock, in nanoseconds
	config broker.Config
}

func newNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{server: newStrictServer(t)}
	keyring, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	mustDo(t, err)
	providers, err := catalog.BuiltIn()
	mustDo(t, err)
	n.config = broker.Config{
		Keyring:   keyring,
		HTTP:      n.server.Client(),
		Catalog:   providers,
		PublicURL: "http://127.0.0.1:8539",
		Now:       func() time.Time { return time.Now().Add(time.Duration(n.offset.Load())) },
	}
	return n
}

func mustDo(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open makes a broker with connections of its own to the database.
func (n *nodes) open(t *testing.T, address string) *broker.Broker {
	t.Helper()
	config := n.config
	config.Store = openURL(t, address)
	b, err := broker.New(t.Context(), config)
	mustDo(t, err)
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// authorize makes the connection "mail" and runs its flow.
func (n *nodes) authorize(t *testing.T, begins, completes *broker.Broker) {
	t.Helper()
	var p api.Provider
	p.AuthorizationEndpoint, p.TokenEndpoint = n.server.URL+"/authorize", n.server.URL+"/token"
	p.TokenEndpointAuthMethod = "client_secret_basic"
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1"}
	_, err := begins.PutProvider(t.Context(), "strict", p)
	mustDo(t, err)
	mustDo(t, completes.ReloadProviders(t.Context()))
	clientSecret := api.Secret("s3cret")
	_, err = begins.PutClient(t.Context(), "app", api.ClientSpec{Provider: "strict", ClientID: "id", ClientSecret: &clientSecret})
	mustDo(t, err)
	_, err = begins.PutConnection(t.Context(), "mail", api.ConnectionSpec{Client: "app"})
	mustDo(t, err)
	authorization, err := begins.Begin(t.Context(), "mail", api.AuthorizeRequest{})
	mustDo(t, err)
	start, err := begins.Start(t.Context(), authorization.Flow)
	mustDo(t, err)
	location, err := url.Parse(start.Location)
	mustDo(t, err)
	answer := url.Values{"state": {location.Query().Get("state")}, "code": {"the-code"}}
	_, err = completes.Complete(t.Context(), answer, func(string) string { return start.Binding })
	mustDo(t, err)
}

// expire moves the clock past the end of the token.
func (n *nodes) expire() { n.offset.Add(int64(2 * time.Hour)) }

func TestR02_TwoNodesThatFindATokenExpiredAtOnceRenewItOnce(t *testing.T) {
	server := pgtest.Start(t)
	n := newNodes(t)
	address := server.URL(t)
	one, two := n.open(t, address), n.open(t, address)
	n.authorize(t, one, two) // the callback lands on the other node
	for round := 1; round <= 5; round++ {
		one.Invalidate("")
		two.Invalidate("")
		n.expire()
		want := fmt.Sprintf("at-%d", round)
		var all sync.WaitGroup
		for i := range 20 {
			b := []*broker.Broker{one, two}[i%2]
			all.Go(func() {
				token, err := b.Token(t.Context(), "mail", 0)
				if err != nil || string(token.AccessToken) != want {
					t.Errorf("round %d: token is %v: %v, want %s", round, token, err, want)
				}
			})
		}
		all.Wait()
		if refreshes, reused := n.server.seen(); refreshes != round || reused != 0 {
			t.Fatalf("round %d: %d refreshes, %d with an old token", round, refreshes, reused)
		}
	}
	if c, err := two.Connection(t.Context(), "mail"); err != nil || c.State != api.StateActive || c.Generation != 6 {
		t.Fatalf("connection is %+v: %v", c, err)
	}
}

func TestK07_AFailoverDuringARefreshLosesNoTokenAndRefreshesOnce(t *testing.T) {
	for name, outage := range map[string]struct {
		before, after func(t *testing.T, s *pgtest.Server)
	}{
		"the server restarts before the answer comes": {
			func(t *testing.T, s *pgtest.Server) { s.Kill(); s.Restart(t) },
			func(*testing.T, *pgtest.Server) {},
		},
		"the server is away when the answer is to be saved": {
			func(_ *testing.T, s *pgtest.Server) { s.Kill() },
			func(t *testing.T, s *pgtest.Server) { s.Restart(t) },
		},
		"another server takes over after a time of reading only": {
			func(t *testing.T, s *pgtest.Server) { s.RestartAsReplica(t) },
			func(t *testing.T, s *pgtest.Server) { s.Promote(t) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := pgtest.Start(t)
			n := newNodes(t)
			address := server.URL(t)
			one, two := n.open(t, address), n.open(t, address)
			n.authorize(t, one, two)
			n.expire()
			answered := make(chan struct{})
			n.server.during = func() {
				defer close(answered)
				outage.before(t, server)
			}
			mended := make(chan struct{})
			go func() {
				defer close(mended)
				<-answered
				outage.after(t, server)
			}()
			token, err := one.Token(t.Context(), "mail", 0)
			<-mended
			if err != nil || token.AccessToken != "at-1" {
				t.Fatalf("token is %v: %v", token, err)
			}
			n.server.during = nil
			two.Invalidate("")
			token, err = two.Token(t.Context(), "mail", 0)
			if err != nil || token.AccessToken != "at-1" {
				t.Fatalf("the other node's token is %v: %v", token, err)
			}
			n.expire() // the refresh token that was saved is the new one
			if token, err = two.Token(t.Context(), "mail", 0); err != nil || token.AccessToken != "at-2" {
				t.Fatalf("the next token is %v: %v", token, err)
			}
			if refreshes, reused := n.server.seen(); refreshes != 2 || reused != 0 {
				t.Fatalf("%d refreshes, %d with an old token", refreshes, reused)
			}
		})
	}
}

func TestANodeThatLostTheDatabaseServesTheTokensThatAreValid(t *testing.T) {
	server := pgtest.Start(t)
	n := newNodes(t)
	b := n.open(t, server.URL(t))
	n.authorize(t, b, b)
	if _, err := b.Token(t.Context(), "mail", 0); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	token, err := b.Token(t.Context(), "mail", 0)
	if err != nil || token.AccessToken != "at-0" {
		t.Fatalf("token is %v: %v", token, err)
	}
	_, err = b.PutConnection(t.Context(), "more", api.ConnectionSpec{Client: "app"})
	wantSafeFault(t, err, api.CodeUnavailable, "PostgreSQL at 127.0.0.1")
	n.expire()
	_, err = b.Token(t.Context(), "mail", 0)
	wantSafeFault(t, err, api.CodeUnavailable, "PostgreSQL at 127.0.0.1")
	if refreshes, _ := n.server.seen(); refreshes != 0 {
		t.Fatal("a token was renewed that could not have been saved")
	}
	server.Restart(t)
	if token, err = b.Token(t.Context(), "mail", 0); err != nil || token.AccessToken != "at-1" {
		t.Fatalf("with the database again: %v: %v", token, err)
	}
}
