package proxy

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/target"
)

// one is the credential of the only connection, "mail".
type one struct{ credential *broker.Credential }

func (o one) Credential(_ context.Context, connection string) (*broker.Credential, error) {
	if connection != "mail" {
		return nil, fault.New(api.CodeNotFound, "no such connection")
	}
	return o.credential, nil
}

func (o one) Renew(context.Context, string, int64) (*broker.Credential, error) {
	return nil, fault.New(api.CodeNeedsAuthorization, "the grant is gone")
}

func (o one) Used(string) {}

// front serves a Handler before the API at base, and returns its URL.
func front(t testing.TB, base string, transport http.RoundTripper) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler(t, base, transport))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// handler is a Handler before the API at base, which settings may change.
func handler(t testing.TB, base string, transport http.RoundTripper, settings ...func(*target.Target)) *Handler {
	t.Helper()
	baseURL, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	to := &target.Target{BaseURL: baseURL, Token: []target.Placement{{In: api.InHeader, Name: "Authorization", Scheme: "Bearer"}}}
	for _, change := range settings {
		change(to)
	}
	credentials := one{&broker.Credential{Connection: "mail", Generation: 1, Target: to}}
	open := func(*broker.Credential) (secret.Text, error) { return secret.NewText("t0k"), nil }
	return New(call.New(credentials, transport, call.Options{Open: open}), problem)
}

// out is the way to APIs that the server takes.
func out(t testing.TB) http.RoundTripper {
	t.Helper()
	way := egress.New(egress.Config{AllowLoopback: true})
	t.Cleanup(way.CloseIdleConnections)
	return way.Transport()
}

func problem(w http.ResponseWriter, _ *http.Request, err error) {
	found := fault.As(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(fault.Status(found.Code))
	_, _ = fmt.Fprintf(w, "%s: %s", found.Code, found.Message)
}

// pair serves an API and a front before it.
func pair(t testing.TB, serve http.HandlerFunc) (frontURL string) {
	t.Helper()
	upstream := httptest.NewServer(serve)
	t.Cleanup(upstream.Close)
	return front(t, upstream.URL+"/v1", out(t))
}

// rawAPI is an API that answers each connection's first request with fixed bytes.
func rawAPI(t *testing.T, answer string) (frontURL string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return front(t, "http://"+listener.Addr().String(), out(t))
}

// send sends a request and reads the whole answer.
func send(t testing.TB, method, target string, body io.Reader) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// dial opens a raw connection to a front and writes text.
func dial(t *testing.T, frontURL, text string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", frontURL[len("http://"):])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn
}
