package demo

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// site is a provider's pages: login, consent, and the way back.
func site(t *testing.T) string {
	t.Helper()
	page := func(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, "<html><body>"+body) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<form action="/search"></form><form method="POST" action="/login"><input name="csrf" value="c"><input name="username"><input name="password"></form>`)
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("csrf") != "c" || r.FormValue("username") != "maria" || r.FormValue("password") != "practice" {
			http.Error(w, "who is this?", http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "maria"})
		page(w, `<form method="post" action="consent"><input name="flow" value="7"><button name="action" value="allow"></form>`)
	})
	mux.HandleFunc("POST /consent", func(w http.ResponseWriter, r *http.Request) {
		if cookie, err := r.Cookie("session"); err != nil || cookie.Value != "maria" || r.FormValue("flow") != "7" {
			http.Error(w, "no session", http.StatusForbidden)
			return
		}
		http.Redirect(w, r, "/oauth/callback?state=s&answer="+r.FormValue("action"), http.StatusFound)
	})
	mux.HandleFunc("GET /oauth/callback", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest) // what comes after the way back is not the journey's
	})
	mux.HandleFunc("/again", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<form method="post" action="/again"></form>`)
	})
	mux.HandleFunc("GET /begun", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<form method="post" action="/begun"><button>Go on</button></form>`)
	})
	mux.HandleFunc("POST /begun", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Refresh", "0; url=/authorize")
		page(w, "you are led on")
	})
	mux.HandleFunc("GET /plain", func(w http.ResponseWriter, _ *http.Request) { page(w, "nothing to fill in") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func traveller(t *testing.T, password string) *Journey {
	t.Helper()
	j, err := NewJourney(sandbox.Credentials{Username: "maria", Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestTheJourneyLogsInConsentsAndComesBack(t *testing.T) {
	start := site(t)
	for want, deny := range map[string]bool{"allow": false, "deny": true} {
		j := traveller(t, "practice")
		if deny {
			j.Deny()
		}
		if err := j.Run(t.Context(), start+"/begun"); err != nil {
			t.Fatal(err)
		}
		if j.callback == nil || j.callback.Query().Get("answer") != want {
			t.Errorf("came back to %v, want the answer %s", j.callback, want)
		}
	}
}

func TestAJourneyThatCannotGoOnSaysWhy(t *testing.T) {
	start := site(t)
	for path, want := range map[string]api.Code{
		"/authorize": api.CodeUpstream, // the password is wrong
		"/again":     api.CodeInternal,
		"/missing":   api.CodeUpstream,
	} {
		if err := traveller(t, "wrong").Run(t.Context(), start+path); !fault.Is(err, want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	if err := traveller(t, "").Run(t.Context(), "http://127.0.0.1:1/"); !fault.Is(err, api.CodeUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	if err := traveller(t, "").Run(t.Context(), ":"); err == nil {
		t.Error("no URL was travelled to")
	}
}

func TestAPageWithoutAFormEndsTheJourney(t *testing.T) {
	j := traveller(t, "practice")
	if err := j.Run(t.Context(), site(t)+"/plain"); err != nil || j.callback != nil {
		t.Errorf("%v, came back to %v", err, j.callback)
	}
}
