package call

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/target"
)

// fakeCredentials gives the token "token-N" in generation N.
type fakeCredentials struct {
	mu         sync.Mutex
	generation int64
	target     *target.Target
	renewals   int
	renewErr   error
	used       int
}

func (f *fakeCredentials) Credential(context.Context, string) (*broker.Credential, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &broker.Credential{Connection: "mail", Generation: f.generation, Target: f.target}, nil
}

func (f *fakeCredentials) Renew(_ context.Context, _ string, generation int64) (*broker.Credential, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if generation == f.generation {
		f.renewals++
		if f.renewErr != nil {
			return nil, f.renewErr
		}
		f.generation++
	}
	return &broker.Credential{Connection: "mail", Generation: f.generation, Target: f.target}, nil
}

func (f *fakeCredentials) Used(string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.used++
}

func openFake(c *broker.Credential) (secret.Text, error) {
	return secret.NewText(fmt.Sprintf("token-%d", c.Generation)), nil
}

// clock is a time that moves by hand.
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

// rig is an engine before a real API.
type rig struct {
	*Engine
	credentials *fakeCredentials
	clock       *clock
	api         *httptest.Server
}

func newRig(t testing.TB, base string, serve http.HandlerFunc) *rig {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(server.Close)
	baseURL, err := url.Parse(server.URL + base)
	if err != nil {
		t.Fatal(err)
	}
	credentials := &fakeCredentials{generation: 1, target: &target.Target{
		BaseURL: baseURL, Timeout: time.Minute,
		Token: []target.Placement{{In: api.InHeader, Name: "Authorization", Scheme: "Bearer"}},
	}}
	clock := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	engine := New(credentials, transport, Options{Now: clock.Now, Open: openFake})
	return &rig{Engine: engine, credentials: credentials, clock: clock, api: server}
}

// do calls the API and reads the whole answer.
func (r *rig) do(t testing.TB, request Request) (*http.Response, string) {
	t.Helper()
	response, err := r.Do(t.Context(), "mail", request)
	if err != nil {
		t.Fatalf("%s %s: %v", request.Method, request.Path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// withBody makes a POST of a body of known length.
func withBody(contentType, body string) Request {
	return Request{
		Method: "POST", Path: "/x", Body: strings.NewReader(body), ContentLength: int64(len(body)),
		Header: http.Header{"Content-Type": {contentType}},
	}
}

// answers serves 401 to each token but the given one, and then the body that came.
func answers(token string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = fmt.Fprintf(w, "%s %s", r.Method, body)
	}
}
