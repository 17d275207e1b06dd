package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/authorize"
)

func TestA17_WhoeverOpensAnAddressIsToldWhoBeganAndForWhichAccountBeforeAnythingIsBound(t *testing.T) {
	g := newRig(t, public)
	ctx := authorize.By(t.Context(), "the key mallory")
	begun, err := g.broker.Begin(ctx, "mail", api.AuthorizeRequest{LoginHint: "maria@contoso.com"})
	g.must(err)
	at := "/oauth/start/" + begun.Flow
	b := browser{}
	for range 2 {
		shows(t, g.get(b, at), 200, "Connect a fake account for the key mallory", "maria@contoso.com", "mail", "valetkey.example", `<form method="post" action="`+at+`"`)
	}
	if len(b) != 0 {
		t.Fatalf("bound by opening the address: %v", b)
	}
	w := g.send(b, "POST", at, "")
	shows(t, w, 200, "On to fake", "maria@contoso.com")
	if to := w.Header().Get("Refresh"); to != "0; url="+at {
		t.Fatalf("it goes on to %q", to)
	}
	callback := g.start(b, begun.Flow)
	if strings.Contains(callback, "#") {
		t.Errorf("what is kept beside the address came along: %s", callback)
	}
	redirects(t, g.get(b, callback), "/oauth/done/"+begun.Flow)
	// Another browser, to which the address was sent on, is asked all the same.
	other, err := g.broker.Begin(ctx, "mail", api.AuthorizeRequest{})
	g.must(err)
	shows(t, g.get(b, "/oauth/start/"+other.Flow), 200, "the key mallory")
}

func TestA17_AnotherSitesFormDoesNotGoOnForThePerson(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	r := httptest.NewRequest("POST", "/oauth/start/"+flow, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || len(w.Result().Cookies()) != 0 {
		t.Fatalf("%d with cookies %v", w.Code, w.Result().Cookies())
	}
}

func TestA17_WhoeverBeganItIsNotAsked(t *testing.T) {
	for name, test := range map[string]struct {
		public, by string
		asked      bool
	}{
		"the operator of a machine, in a browser there": {public: "http://127.0.0.1:8539"},
		"the same by name":                                  {public: "http://localhost:8539"},
		"and by the other protocol":                         {public: "http://[::1]:8539"},
		"the operator of a machine, in a browser elsewhere": {public: public, asked: true},
		"a key, in a browser on its machine":                {public: "http://127.0.0.1:8539", by: "the key ci", asked: true},
		"an operator who is signed in nowhere":              {public: "http://127.0.0.1:8539", by: "ann", asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t, test.public)
			ctx := t.Context()
			if test.by != "" {
				ctx = authorize.By(ctx, test.by)
			}
			begun, err := g.broker.Begin(ctx, "mail", api.AuthorizeRequest{})
			g.must(err)
			if w := g.get(browser{}, "/oauth/start/"+begun.Flow); (w.Code == http.StatusOK) != test.asked {
				t.Fatalf("status %d", w.Code)
			}
		})
	}
}

func TestA17_AnOperatorIsNotAskedInTheBrowserThatTheyBeganIn(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	w := g.post(b, "/connections/mail/authorize", g.form(b))
	flow := strings.TrimPrefix(w.Header().Get("Location"), "/oauth/done/")
	if again := g.get(b, "/oauth/start/"+flow); again.Code != http.StatusSeeOther {
		t.Errorf("asked though they pressed the button: %d", again.Code)
	}
	shows(t, g.get(browser{}, "/oauth/start/"+flow), 200, "account for maria")
}

func TestA17_WhoCameByALinkWasAskedThereAndNobodyElseWas(t *testing.T) {
	g := newRig(t, public)
	links := g.withLinks(public)
	path := g.visits(links, api.ConnectLinkSpec{Brand: &api.ConnectLinkBrand{Name: "Contoso"}})
	b := browser{}
	flow := strings.TrimPrefix(g.goes(b, path), "/oauth/done/")
	shows(t, g.get(browser{}, "/oauth/start/"+flow), 200, "account for Contoso")
	if w := g.get(b, "/oauth/start/"+flow); w.Code != http.StatusSeeOther {
		t.Errorf("asked twice: %d", w.Code)
	}
}
