package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/proxy"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
)

// The secrets that no answer but the token's, and no log, may show.
const (
	clientSecret = "CANARY-client-secret"
	accessToken  = "CANARY-access-token"
	refreshToken = "CANARY-refresh-token"
)

// server is the whole handler over a real broker with a store in memory, an
// authorization server and an API.
type server struct {
	t      *testing.T
	config Config
	broker *broker.Broker
	keys   *access.Keys
	http   *httptest.Server
	log    *syncBuffer
	seen   chan *http.Request // what reached the API
}

// syncBuffer is a buffer that a server's goroutines may share.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// newTestServer has the connections "mail" (authorization_code, not
// authorized) and "robot" (client_credentials, whose token is there on demand).
func newTestServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, log: &syncBuffer{}, seen: make(chan *http.Request, 16)}
	upstream := httptest.NewServer(http.HandlerFunc(s.upstream))
	t.Cleanup(upstream.Close)
	s.openBroker(upstream.URL)
	engine := call.New(s.broker, http.DefaultTransport, call.Options{})
	s.config = Config{
		Broker:  s.broker,
		Keys:    s.keys,
		Engine:  engine,
		Proxy:   proxy.New(engine, WriteError),
		Version: api.Version{Version: "1.2.3"},
		Log:     slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	s.start()
	s.seed(upstream.URL)
	return s
}

// start serves the config as it is now.
func (s *server) start() {
	s.http = httptest.NewServer(New(s.config))
	s.t.Cleanup(s.http.Close)
}

func (s *server) openBroker(upstream string) {
	s.t.Helper()
	store := memory.New()
	keyring, err := secret.CreateKeyring(filepath.Join(s.t.TempDir(), "keyring.json"))
	s.must(err)
	providers, err := catalog.BuiltIn()
	s.must(err)
	s.broker, err = broker.New(s.t.Context(), broker.Config{
		Store:     store,
		Keyring:   keyring,
		HTTP:      http.DefaultClient,
		Catalog:   providers,
		PublicURL: "https://valetkey.example",
	})
	s.must(err)
	s.t.Cleanup(func() { _ = s.broker.Close(context.Background()) })
	s.keys, err = access.New(s.t.Context(), access.Config{Store: store})
	s.must(err)
}

func (s *server) upstream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/token":
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"Bearer","expires_in":3600}`, accessToken, refreshToken)
	case r.URL.Path == "/revoke":
	case strings.HasPrefix(r.URL.Path, "/api/huge"):
		_, _ = io.CopyN(w, zeros{}, maxAnswer+1)
	case strings.HasPrefix(r.URL.Path, "/api/binary"):
		_, _ = w.Write([]byte{0xff, 0xfe, 0x00})
	case strings.HasPrefix(r.URL.Path, "/api/teapot"):
		w.WriteHeader(http.StatusTeapot)
	default:
		body, _ := io.ReadAll(r.Body)
		s.seen <- r.Clone(context.Background())
		_, _ = fmt.Fprintf(w, `{"method":%q,"uri":%q,"body":%q}`, r.Method, r.URL.RequestURI(), body)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func (s *server) seed(upstream string) {
	s.t.Helper()
	var p api.Provider
	p.AuthorizationEndpoint = upstream + "/authorize"
	p.TokenEndpoint = upstream + "/token"
	p.TokenEndpointAuthMethod = "client_secret_basic"
	p.RevocationEndpoint = upstream + "/revoke"
	p.API = &api.CallSettings{BaseURL: upstream + "/api", Test: &api.TestRequest{Path: "/me"}}
	_, err := s.broker.PutProvider(s.t.Context(), "fake", p)
	s.must(err)
	hidden := api.Secret(clientSecret)
	_, err = s.broker.PutClient(s.t.Context(), "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &hidden})
	s.must(err)
	_, err = s.broker.PutConnection(s.t.Context(), "mail", api.ConnectionSpec{Client: "app", Scopes: []string{"read"}})
	s.must(err)
	_, err = s.broker.PutConnection(s.t.Context(), "robot", api.ConnectionSpec{Client: "app", Grant: "client_credentials"})
	s.must(err)
}

func (s *server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) key(role api.Role, connections ...string) string {
	s.t.Helper()
	name := strings.ToLower(fmt.Sprintf("%s-%d", role, len(s.allKeys())))
	key, err := s.keys.Create(s.t.Context(), api.KeySpec{Name: name, Role: role, Connections: connections})
	s.must(err)
	return string(key.Secret)
}

func (s *server) allKeys() []api.Key {
	s.t.Helper()
	keys, err := s.keys.List(s.t.Context())
	s.must(err)
	return keys
}

// reply is an answer taken in whole.
type reply struct {
	*http.Response
	body string
}

// send makes a request as the holder of key; a body that is not "" is JSON.
func (s *server) send(key, method, path, body string) reply {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, strings.NewReader(body))
	s.must(err)
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	return s.do(request)
}

func (s *server) do(request *http.Request) reply {
	s.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	s.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	s.must(err)
	return reply{response, string(body)}
}

// into reads a reply that must have the status.
func (r reply) into(t *testing.T, status int, to any) {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", r.StatusCode, status, r.body)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal([]byte(r.body), to); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

// problem reads a reply that must be a problem with the code.
func (r reply) problem(t *testing.T, status int, code api.Code) api.Problem {
	t.Helper()
	var p api.Problem
	r.into(t, status, &p)
	if r.Header.Get("Content-Type") != "application/problem+json" || p.Code != code || p.Status != status {
		t.Fatalf("%s %+v, want code %s", r.Header.Get("Content-Type"), p, code)
	}
	if p.Title == "" || p.Detail == "" || p.RequestID == "" || p.RequestID != r.Header.Get("Valetkey-Request-Id") {
		t.Fatalf("the problem is not whole: %+v", p)
	}
	return p
}

// authorize runs a whole flow of a connection.
func (s *server) authorize(connection string) {
	s.t.Helper()
	begun, err := s.broker.Begin(s.t.Context(), connection, api.AuthorizeRequest{})
	s.must(err)
	start, err := s.broker.Start(s.t.Context(), begun.Flow)
	s.must(err)
	location, err := url.Parse(start.Location)
	s.must(err)
	params := url.Values{"state": {location.Query().Get("state")}, "code": {"the-code"}}
	_, err = s.broker.Complete(s.t.Context(), params, func(string) string { return start.Binding })
	s.must(err)
}
