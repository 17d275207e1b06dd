package client_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
)

func TestAURLThatNamesNoServerIsRefusedWithAHint(t *testing.T) {
	for _, bad := range []string{"", "127.0.0.1:8539", "ftp://host", "http://", "unix://", "http://[::1"} {
		_, err := client.New(client.Options{URL: bad})
		var p *api.Problem
		if !errors.As(err, &p) || p.Code != api.CodeInvalid || !strings.Contains(p.Hint, "http://127.0.0.1:8539") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNamesAndKeysTravelAsTheyShould(t *testing.T) {
	var seen *http.Request
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		answer(w, 200, api.Connection{Name: "a/b c"})
	})
	got, err := c.Connections.Get(t.Context(), "a/b c")
	if err != nil || got.Name != "a/b c" {
		t.Fatal(got, err)
	}
	if seen.RequestURI != "/v1/connections/a%2Fb%20c" {
		t.Error("path:", seen.RequestURI)
	}
	if seen.Header.Get("Authorization") != "Bearer vk_test" {
		t.Error("authorization:", seen.Header.Get("Authorization"))
	}
}

func TestEachMethodUsesItsEndpoint(t *testing.T) {
	var seen string
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Method + " " + r.RequestURI
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, 200, map[string]any{})
	})
	ctx := t.Context()
	for want, do := range map[string]func() error{
		"PUT /v1/providers/p":                      func() error { _, err := c.Providers.Put(ctx, "p", api.Provider{}); return err },
		"PATCH /v1/clients/c":                      func() error { _, err := c.Clients.Patch(ctx, "c", map[string]any{}); return err },
		"DELETE /v1/connections/n":                 func() error { return c.Connections.Delete(ctx, "n") },
		"POST /v1/connections/n/authorize":         func() error { _, err := c.Authorize(ctx, "n", api.AuthorizeRequest{}); return err },
		"GET /v1/connections/n/token":              func() error { _, err := c.Token(ctx, "n", 0); return err },
		"GET /v1/connections/n/token?min_ttl=1m0s": func() error { _, err := c.Token(ctx, "n", time.Minute); return err },
		"POST /v1/connections/n/test":              func() error { _, err := c.Test(ctx, "n"); return err },
		"POST /v1/connections/n/refresh":           func() error { _, err := c.Refresh(ctx, "n"); return err },
		"POST /v1/connections/n/revoke":            func() error { _, err := c.Revoke(ctx, "n"); return err },
		"GET /v1/flows/f":                          func() error { _, err := c.Flows.Get(ctx, "f"); return err },
		"POST /v1/keys":                            func() error { _, err := c.Keys.Create(ctx, api.KeySpec{}); return err },
		"DELETE /v1/keys/k":                        func() error { return c.Keys.Revoke(ctx, "k") },
		"GET /v1/version":                          func() error { _, err := c.Version(ctx); return err },
		"GET /healthz":                             func() error { return c.Ping(ctx) },
	} {
		if err := do(); err != nil || seen != want {
			t.Errorf("%s: sent %s, err %v", want, seen, err)
		}
	}
}

func TestAListWalksItsPagesOnlyAsFarAsItIsRead(t *testing.T) {
	var cursors []string
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		cursor := r.URL.Query().Get("cursor")
		cursors = append(cursors, cursor)
		list := api.ConnectionList{Connections: []api.Connection{{Name: cursor + "1"}, {Name: cursor + "2"}}}
		if len(cursor) < 2 {
			list.NextCursor = cursor + "x"
		}
		answer(w, 200, list)
	})
	var names []string
	for conn, err := range c.Connections.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, conn.Name)
	}
	if got := strings.Join(names, " "); got != "1 2 x1 x2 xx1 xx2" {
		t.Error("names:", got)
	}
	cursors = nil
	for range c.Connections.List(t.Context()) {
		break
	}
	if len(cursors) != 1 {
		t.Error("pages fetched after leaving the loop:", len(cursors))
	}
}

func TestASearchKeepsItsWordsFromPageToPage(t *testing.T) {
	var asked []string
	c := server(t, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		asked = append(asked, query.Get("search")+" "+query.Get("cursor"))
		list := api.ProviderList{Providers: []api.Provider{{Name: "p"}}}
		if query.Get("cursor") == "" {
			list.NextCursor = "more"
		}
		answer(w, 200, list)
	})
	found := 0
	for _, err := range c.Providers.Search(t.Context(), "mail marketing") {
		if err != nil {
			t.Fatal(err)
		}
		found++
	}
	if got := strings.Join(asked, "; "); found != 2 || got != "mail marketing ; mail marketing more" {
		t.Errorf("%d found, asked %q", found, got)
	}
}

func TestAListEndsWhenTheServerRepeatsACursor(t *testing.T) {
	asked := 0
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		answer(w, 200, api.ClientList{NextCursor: "same"})
	})
	for range c.Clients.List(t.Context()) {
	}
	if asked != 2 {
		t.Error("asked", asked, "times")
	}
}

func TestAListReportsAnErrorOnceAndStops(t *testing.T) {
	c := server(t, func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, api.Problem{Status: 403, Code: api.CodeForbidden, Title: "Not allowed", Hint: "ask the operator"})
	})
	var errs []error
	for _, err := range c.Keys.List(t.Context()) {
		errs = append(errs, err)
	}
	var p *api.Problem
	if len(errs) != 1 || !errors.As(errs[0], &p) || p.Code != api.CodeForbidden || p.Hint == "" {
		t.Error(errs)
	}
}

func TestAnAnswerThatIsNotValetkeysSaysSo(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"an HTML page":     func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) },
		"a redirect":       func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", 302) },
		"200 without JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"an empty problem": func(w http.ResponseWriter, _ *http.Request) { refuse(w, api.Problem{Status: 500}) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server(t, h).Clients.Get(t.Context(), "x")
			var p *api.Problem
			if !errors.As(err, &p) || p.Code != api.CodeUnreachable || !strings.Contains(p.Hint, "VALETKEY_URL") {
				t.Error(err)
			}
		})
	}
}

func TestAServerThatIsDownIsNamedWithWhatToDo(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	c, err := client.New(client.Options{URL: "http://" + address})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Version(t.Context())
	var down *client.UnreachableError
	var p *api.Problem
	if !errors.As(err, &down) || !errors.As(err, &p) || p.Code != api.CodeUnreachable {
		t.Fatal(err)
	}
	if !strings.Contains(err.Error(), "http://"+address) || !strings.Contains(p.Hint, "valetkey serve") {
		t.Errorf("%v, hint %q", err, p.Hint)
	}
	var op *net.OpError
	if !errors.As(err, &op) {
		t.Error("the network's error is lost")
	}
}

func TestACancelledRequestIsNotAServerThatIsDown(t *testing.T) {
	c := server(t, func(http.ResponseWriter, *http.Request) {})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Version(ctx)
	var down *client.UnreachableError
	if !errors.Is(err, context.Canceled) || errors.As(err, &down) {
		t.Error(err)
	}
}

func TestTheUnixSocketIsReachedByItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skip("no unix sockets here:", err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, api.Version{Version: "v9"})
	})}
	go func() { _ = s.Serve(listener) }()
	t.Cleanup(func() { _ = s.Close() })
	c, err := client.New(client.Options{URL: "unix://" + path})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Version(t.Context()); err != nil || v.Version != "v9" {
		t.Error(v, err)
	}
}
