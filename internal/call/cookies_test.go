package call

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
)

// cookieCounting answers with the cookies that came, and sets the next one.
func cookieCounting() http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		n++
		http.SetCookie(w, &http.Cookie{Name: "s", Value: fmt.Sprint(n), Path: "/v1", HttpOnly: true})
		_, _ = fmt.Fprint(w, r.Header.Get("Cookie"))
	}
}

func TestCookiesAreKeptForTheAPIOnlyWhereConfigured(t *testing.T) {
	yes := true
	for name, test := range map[string]struct {
		keep *bool
		want []string
	}{"default": {nil, []string{"", "", ""}}, "kept": {&yes, []string{"", "s=1", "s=2"}}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "/v1", cookieCounting())
			r.credentials.target.Cookies = test.keep
			for _, want := range test.want {
				response, body := r.do(t, Request{Path: "/x", Header: http.Header{"Cookie": {"caller=1"}}})
				if body != want || response.Header.Get("Set-Cookie") != "" {
					t.Errorf("the API saw the cookies %q, want %q; the caller %v", body, want, response.Header)
				}
			}
		})
	}
}

func TestANewTokenBeginsWithoutCookies(t *testing.T) {
	yes := true
	r := newRig(t, "/v1", cookieCounting())
	r.credentials.target.Cookies = &yes
	r.do(t, Request{Path: "/x"})
	r.credentials.generation++
	if _, body := r.do(t, Request{Path: "/x"}); body != "" {
		t.Errorf("the session of the old token went on: %q", body)
	}
}

func TestP22_ConnectionsDoNotShareCookies(t *testing.T) {
	yes := true
	target := limitedTo(api.RateLimitRules{})
	target.Cookies = &yes
	var all jars
	one := all.of(&broker.Credential{Connection: "one", Generation: 1, Target: target}, false)
	two := all.of(&broker.Credential{Connection: "two", Generation: 1, Target: target}, false)
	answered := &http.Response{Header: http.Header{"Set-Cookie": {"s=1"}}}
	one.keep(target.BaseURL, answered)
	for who, s := range map[string]*session{"s=1": one, "": two} {
		request := httptest.NewRequest("GET", target.BaseURL.String(), nil)
		if s.place(request); request.Header.Get("Cookie") != who {
			t.Errorf("got %q, want %q", request.Header.Get("Cookie"), who)
		}
	}
	if all.of(&broker.Credential{Connection: "one", Generation: 1, Target: target}, true) != nil {
		t.Error("another origin gets cookies")
	}
}
