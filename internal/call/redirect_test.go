package call

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/valetkey/valetkey/api"
)

// seenRequest is what reached a server.
type seenRequest struct {
	line   string
	body   string
	header http.Header
}

// recorder is a server that notes what reaches it.
type recorder struct {
	mu   sync.Mutex
	seen []seenRequest
}

func (rec *recorder) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.seen = append(rec.seen, seenRequest{r.Method + " " + r.RequestURI, string(body), r.Header.Clone()})
}

func (rec *recorder) lines() string {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	lines := make([]string, len(rec.seen))
	for i, r := range rec.seen {
		lines[i] = r.line
		if r.body != "" {
			lines[i] += " " + r.body
		}
	}
	return strings.Join(lines, ", ")
}

// redirecting answers /x with a redirect, and anything else with 200.
func redirecting(rec *recorder, status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rec.note(r)
		if r.URL.Path == "/v1/x" {
			w.Header().Set("Location", to)
			w.WriteHeader(status)
		}
	}
}

func TestP04_RedirectsWithinTheOriginAreFollowedWithTheToken(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		status int
		to     string
		want   string
	}{
		"GET":                {"GET", 302, "/v2/y?a=1#top", "GET /v1/x, GET /v2/y?a=1"},
		"relative":           {"GET", 301, "y", "GET /v1/x, GET /v1/y"},
		"POST, 302":          {"POST", 302, "/y", "POST /v1/x pay, GET /y"},
		"POST, 307":          {"POST", 307, "/y", "POST /v1/x pay, POST /y pay"},
		"PUT, 308":           {"PUT", 308, "/y", "PUT /v1/x pay, PUT /y pay"},
		"PUT, 301":           {"PUT", 301, "/y", "PUT /v1/x pay, PUT /y pay"},
		"PUT, 303":           {"PUT", 303, "/y", "PUT /v1/x pay, GET /y"},
		"300 is no redirect": {"GET", 300, "/y", "GET /v1/x"},
		"304 is no redirect": {"GET", 304, "/y", "GET /v1/x"},
		"no Location":        {"GET", 302, "", "GET /v1/x"},
		"not HTTP":           {"GET", 302, "ftp://files.example/y", "GET /v1/x"},
		"with a password":    {"GET", 302, "http://u:p@127.0.0.1/y", "GET /v1/x"},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder{}
			r := newRig(t, "/v1", redirecting(rec, test.status, test.to))
			r.credentials.target.Redirects = api.RedirectsSameOrigin
			request := Request{Path: "/x"}
			if test.method != "GET" {
				request = withBody("text/plain", "pay")
				request.Method, request.Path = test.method, "/x"
			}
			response, _ := r.do(t, request)
			if got := rec.lines(); got != test.want {
				t.Fatalf("the API saw %s, want %s", got, test.want)
			}
			last := rec.seen[len(rec.seen)-1]
			if last.header.Get("Authorization") != "Bearer token-1" || response.Header.Get(HeaderAttempts) != "" {
				t.Errorf("%v, %v", last.header, response.Header)
			}
			if strings.HasSuffix(test.want, "GET /y") && last.header.Get("Content-Type") != "" {
				t.Error("a GET without a body names its type")
			}
		})
	}
}

func TestP04_ARedirectToAnotherOriginIsReturnedUnlessAllAreFollowed(t *testing.T) {
	for mode, want := range map[string]int{"": 0, api.RedirectsNone: 0, api.RedirectsSameOrigin: 0, api.RedirectsAll: 1} {
		away := &recorder{}
		other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { away.note(r) }))
		t.Cleanup(other.Close)
		home := &recorder{}
		r := newRig(t, "/v1", redirecting(home, 307, other.URL+"/file?signature=s"))
		r.credentials.target.Redirects = mode
		r.credentials.target.Headers = map[string]string{"X-Api-Key": "configured"}
		r.credentials.target.Query = map[string]string{"key": "configured"}
		request := withBody("text/plain", "pay")
		request.Header.Set("X-Custom-Auth", "caller's")
		request.Header.Set("Accept", "text/csv")
		request.Path = "/x"
		response, _ := r.do(t, request)
		if len(away.seen) != want || response.StatusCode != map[int]int{0: 307, 1: 200}[want] {
			t.Fatalf("%q: %d after %d requests elsewhere", mode, response.StatusCode, len(away.seen))
		}
		if want == 0 {
			continue
		}
		got := away.seen[0]
		if got.line != "POST /file?signature=s" || got.body != "pay" || got.header.Get("Accept") != "text/csv" {
			t.Errorf("the other server saw %+v", got)
		}
		for name := range got.header {
			switch name {
			case "Accept", "Content-Type", "Content-Length", "User-Agent":
			default:
				t.Errorf("%s went to the other server", name)
			}
		}
	}
}

func TestP04_WhatAnotherServerAsksForIsNotDoneWithTheToken(t *testing.T) {
	home := &recorder{}
	var homeURL string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", homeURL+"/v1/delete-all")
		w.WriteHeader(http.StatusFound)
	}))
	t.Cleanup(other.Close)
	r := newRig(t, "/v1", redirecting(home, 302, other.URL))
	homeURL = r.api.URL
	r.credentials.target.Redirects = api.RedirectsAll
	r.do(t, Request{Path: "/x"})
	if len(home.seen) != 2 || home.seen[1].header.Get("Authorization") != "" {
		t.Errorf("the API saw %+v", home.seen)
	}
}

func TestARefusalElsewhereRenewsNothing(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }))
	t.Cleanup(other.Close)
	r := newRig(t, "/v1", redirecting(&recorder{}, 302, other.URL))
	r.credentials.target.Redirects = api.RedirectsAll
	if response, _ := r.do(t, Request{Path: "/x"}); response.StatusCode != 401 || r.credentials.renewals != 0 {
		t.Errorf("%d, %d renewals", response.StatusCode, r.credentials.renewals)
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	rec := &recorder{}
	r := newRig(t, "/v1", redirecting(rec, 302, "/v1/x"))
	r.credentials.target.Redirects = api.RedirectsSameOrigin
	if response, _ := r.do(t, Request{Path: "/x"}); response.StatusCode != 302 || len(rec.seen) != maxHops+1 {
		t.Errorf("%d after %d requests", response.StatusCode, len(rec.seen))
	}
}

func TestARedirectThatWantsAStreamAgainIsReturned(t *testing.T) {
	rec := &recorder{}
	r := newRig(t, "/v1", redirecting(rec, 308, "/y"))
	r.credentials.target.Redirects = api.RedirectsSameOrigin
	response, _ := r.do(t, Request{Method: "PUT", Path: "/x", Body: strings.NewReader("pay"), ContentLength: -1})
	if response.StatusCode != 308 || response.Header.Get("Location") != "/y" || rec.lines() != "PUT /v1/x pay" {
		t.Errorf("%d, %s", response.StatusCode, rec.lines())
	}
}

func TestAWayToTheLoginIsARefusalAndNotFollowed(t *testing.T) {
	yes, served := true, 0
	login := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served++ }))
	t.Cleanup(login.Close)
	page, err := url.Parse(login.URL + "/authorize")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, "/v1", redirecting(&recorder{}, 302, login.URL+"/authorize?x=1"))
	target := r.credentials.target
	target.Redirects, target.AuthError.LoginPage, target.Logins = api.RedirectsAll, &yes, []*url.URL{page}
	if response, _ := r.do(t, Request{Path: "/x"}); response.StatusCode != 302 || r.credentials.renewals != 1 || served != 0 {
		t.Errorf("%d, %d renewals, %d visits of the login", response.StatusCode, r.credentials.renewals, served)
	}
}

func TestNoRedirectLeadsFromHTTPSToHTTP(t *testing.T) {
	base, _ := url.Parse("https://api.example/v1")
	target := limitedTo(api.RateLimitRules{})
	target.Redirects = api.RedirectsAll
	for to, want := range map[string]bool{"http://api.example/y": false, "http://other.example/y": false, "https://other.example/y": true} {
		response := &http.Response{StatusCode: 302, Header: http.Header{"Location": {to}}, Request: &http.Request{URL: base}}
		o := outgoing{Request: Request{Method: "GET"}}
		if got := o.redirect(target, response); got != want {
			t.Errorf("%s: %v", to, got)
		}
	}
}
