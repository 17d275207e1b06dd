package broker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
)

// clock is a time that moves only when a test says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// authServer is an authorization server that answers as a test tells it to.
type authServer struct {
	*httptest.Server
	mu       sync.Mutex
	answer   func(form url.Values, n int) (status int, body string) // of token request number n, from 1
	requests []url.Values
	revoked  []url.Values
	hold     chan struct{} // when set, token requests wait for it
}

// rotating gives a new access and refresh token with each request.
func rotating(form url.Values, n int) (int, string) {
	return 200, fmt.Sprintf(`{"access_token":"at-%d","refresh_token":"rt-%d","token_type":"Bearer","expires_in":3600}`, n, n)
}

func newAuthServer(t *testing.T) *authServer {
	t.Helper()
	s := &authServer{answer: rotating}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /revoke", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.revoked = append(s.revoked, r.PostForm)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *authServer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	s.requests = append(s.requests, r.PostForm)
	n, answer, hold := len(s.requests), s.answer, s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	status, body := answer(r.PostForm, n)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// block makes token requests wait until the release, at the latest until the
// test ends: a server that waits cannot be closed.
func (s *authServer) block(t *testing.T) (release func()) {
	t.Helper()
	hold := make(chan struct{})
	release = sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold
	return release
}

// waitFor returns once the server has seen a request with the grant.
func (s *authServer) waitFor(grant string) {
	for s.count(grant) == 0 {
		runtime.Gosched()
	}
}

func (s *authServer) says(answer func(form url.Values, n int) (int, string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *authServer) count(grant string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, form := range s.requests {
		if form.Get("grant_type") == grant {
			n++
		}
	}
	return n
}

func (s *authServer) last() url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[len(s.requests)-1]
}

// harness is a broker with everything around it.
type harness struct {
	*broker.Broker
	t       *testing.T
	ctx     context.Context
	clock   *clock
	server  *authServer
	store   *memory.Store
	config  broker.Config
	cookies map[string]string
}

// newHarness has a provider "fake", a client "app" and the connections "mail"
// (authorization_code) and "robot" (client_credentials).
func newHarness(t *testing.T) *harness {
	t.Helper()
	h := &harness{
		t:       t,
		ctx:     t.Context(),
		clock:   &clock{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)},
		server:  newAuthServer(t),
		store:   memory.New(),
		cookies: make(map[string]string),
	}
	keyring, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	h.must(err)
	providers, err := catalog.BuiltIn()
	h.must(err)
	h.config = broker.Config{
		Store:     h.store,
		Keyring:   keyring,
		HTTP:      &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Catalog:   providers,
		PublicURL: "http://127.0.0.1:8539",
		Now:       h.clock.Now,
		Sleep:     func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	h.Broker = h.open()
	h.seed()
	return h
}

// open makes another broker on the same store: a restart, or a second process.
func (h *harness) open() *broker.Broker {
	h.t.Helper()
	b, err := broker.New(h.ctx, h.config)
	h.must(err)
	return b
}

func (h *harness) seed() {
	h.t.Helper()
	var p api.Provider
	p.AuthorizationEndpoint = h.server.URL + "/authorize"
	p.TokenEndpoint = h.server.URL + "/token"
	p.TokenEndpointAuthMethod = "client_secret_basic"
	p.RevocationEndpoint = h.server.URL + "/revoke"
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1"}
	_, err := h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	clientSecret := api.Secret("s3cret")
	_, err = h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &clientSecret})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "mail", api.ConnectionSpec{Client: "app", Scopes: []string{"mail.read", "offline_access"}})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "robot", api.ConnectionSpec{Client: "app", Grant: "client_credentials"})
	h.must(err)
}

func (h *harness) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// begin opens a flow in the test's browser and returns its id and the
// parameters the provider sees.
func (h *harness) begin(connection string) (flow string, sent url.Values) {
	h.t.Helper()
	authorization, err := h.Begin(h.ctx, connection, api.AuthorizeRequest{})
	h.must(err)
	start, err := h.Start(h.ctx, authorization.Flow)
	h.must(err)
	h.cookies[authorization.Flow] = start.Binding
	location, err := url.Parse(start.Location)
	h.must(err)
	return authorization.Flow, location.Query()
}

func (h *harness) cookie(flow string) string { return h.cookies[flow] }

// authorize runs a whole flow.
func (h *harness) authorize(connection string) {
	h.t.Helper()
	_, sent := h.begin(connection)
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
	h.must(err)
}

func (h *harness) token(connection string) string {
	h.t.Helper()
	token, err := h.Token(h.ctx, connection, 0)
	h.must(err)
	return string(token.AccessToken)
}

func (h *harness) state(connection string) api.Connection {
	h.t.Helper()
	c, err := h.Connection(h.ctx, connection)
	h.must(err)
	return c
}

func (h *harness) wantToken(connection, want string) {
	h.t.Helper()
	if got := h.token(connection); got != want {
		h.t.Fatalf("token of %s is %q, want %q", connection, got, want)
	}
}

func (h *harness) wantState(connection string, want api.State) api.Connection {
	h.t.Helper()
	c := h.state(connection)
	if c.State != want {
		cause, _ := json.Marshal(c.Cause)
		h.t.Fatalf("connection %s is %s (%s), want %s", connection, c.State, cause, want)
	}
	return c
}

func wantCode(t *testing.T, err error, want api.Code) *fault.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	found := fault.As(err)
	if found.Code != want {
		t.Fatalf("error %q has code %s, want %s (cause %v)", found.Message, found.Code, want, found.Cause)
	}
	return found
}
