package call

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/target"
)

// One way of sending the token for each request, the header unless a
// connection says otherwise; whatever the caller sends in its place is gone.
func TestRFC6750_2_and_2_1(t *testing.T) {
	var seen *http.Request
	r := newRig(t, "", func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		seen = r
	})
	r.do(t, Request{Method: "GET", Path: "/x", Header: http.Header{"Authorization": {"Bearer mine", "Basic bWU6bWU="}}})
	if got := seen.Header.Values("Authorization"); len(got) != 1 || got[0] != "Bearer token-1" {
		t.Fatalf("Authorization %q", got)
	}
	if seen.URL.RawQuery != "" || len(seen.PostForm) != 0 {
		t.Fatalf("the token stands elsewhere too: %q %v", seen.URL.RawQuery, seen.PostForm)
	}
}

// A token stands in the query only where the connection says so, and then in
// no error and no answer of ours.
func TestRFC6750_2_3(t *testing.T) {
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") != "token-1" || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	if response, _ := r.do(t, Request{Method: "GET", Path: "/x"}); response.StatusCode != http.StatusTeapot {
		t.Fatal("the token stands in the query unasked")
	}
	r.credentials.target.Token = []target.Placement{{In: api.InQuery, Name: "access_token"}}
	if response, _ := r.do(t, Request{Method: "GET", Path: "/x"}); response.StatusCode != http.StatusOK {
		t.Fatalf("%d", response.StatusCode)
	}
	r.api.Close()
	_, err := r.Do(t.Context(), "mail", Request{Method: "GET", Path: "/x"})
	if err == nil || strings.Contains(err.Error(), "token-1") {
		t.Fatalf("%v", err)
	}
}

// A server whose certificate does not hold is never shown the token.
func TestRFC6750_5_3_a(t *testing.T) {
	shown := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { shown = true }))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, "", func(http.ResponseWriter, *http.Request) {})
	r.credentials.target.BaseURL = base
	engine := New(r.credentials, egress.New(egress.Config{AllowLoopback: true}).Transport(), Options{Now: r.clock.Now, Open: openFake})
	if _, err := engine.Do(t.Context(), "mail", Request{Method: "GET", Path: "/x"}); err == nil || shown {
		t.Fatalf("%v, shown %v", err, shown)
	}
}
