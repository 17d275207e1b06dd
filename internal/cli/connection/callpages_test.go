package connection

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/fault"
)

// paged serves pages by Link headers; each handler gets the page's number.
func paged(t *testing.T, links map[string]string) (Commands, *prompt.Session, *bytes.Buffer) {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/connections/mail":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"name":"mail","base_url":"https://api.example/v1"}`))
		default:
			page := r.URL.Query().Get("page")
			if next := links[page]; next != "" {
				w.Header().Set("Link", "<"+next+`>; rel="next"`)
			}
			_, _ = w.Write([]byte("page" + page + " " + r.Header.Get("X-Mine") + r.URL.Path + "\n"))
		}
	})
	var out bytes.Buffer
	return Commands{prompt.New(prompt.Streams{Out: &out, Err: &bytes.Buffer{}}, prompt.Env{})}, &prompt.Session{Client: client.NewForHandler(h)}, &out
}

func TestPagesFollowOneAnotherWithTheSameHeaders(t *testing.T) {
	p, s, out := paged(t, map[string]string{"": "?page=2", "2": "https://api.example/v1/items?page=3"})
	r := client.CallRequest{Path: "/items", Header: http.Header{"X-Mine": {"yes "}}}
	if err := p.call(t.Context(), s, "mail", r, callFlags{paginate: true}); err != nil {
		t.Fatal(err)
	}
	want := "page yes /proxy/mail/items\npage2 yes /proxy/mail/items\npage3 yes /proxy/mail/items\n"
	if out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestAPageElsewhereIsNotFollowed(t *testing.T) {
	p, s, out := paged(t, map[string]string{"": "https://evil.example/v1/items?page=2"})
	err := p.call(t.Context(), s, "mail", client.CallRequest{Path: "/items"}, callFlags{paginate: true})
	if !prompt.IsCode(err, api.CodeInvalid) || !strings.HasPrefix(out.String(), "page ") {
		t.Error(err, out)
	}
}

func TestPagesThatGoInACircleEnd(t *testing.T) {
	p, s, _ := paged(t, map[string]string{"": "?page=2", "2": "?page=3", "3": "?page=2"})
	err := p.call(t.Context(), s, "mail", client.CallRequest{Path: "/items"}, callFlags{paginate: true})
	if !prompt.IsCode(err, api.CodeUpstream) {
		t.Error(err)
	}
}

func TestAnAnswerThatBreaksOffIsNotDone(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic(http.ErrAbortHandler)
	})
	path := t.TempDir() + "/out"
	p := Commands{prompt.New(prompt.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, prompt.Env{})}
	err := p.call(t.Context(), &prompt.Session{Client: client.NewForHandler(h)}, "mail", client.CallRequest{Path: "/"}, callFlags{out: path})
	if !fault.Is(err, api.CodeUnreachable) {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half an answer became a file")
	}
}

func TestAnInterruptedCallSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("half"))
		cancel()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})
	p := Commands{prompt.New(prompt.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, prompt.Env{})}
	err := p.call(ctx, &prompt.Session{Client: client.NewForHandler(h)}, "mail", client.CallRequest{Path: "/"}, callFlags{})
	if err == nil || errors.Is(err, fault.New(api.CodeUnreachable, "")) {
		t.Error(err)
	}
	if got := p.Problem(ctx, err).Detail; got != "interrupted" {
		t.Error("said", got)
	}
}
