package quirk_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/oauth"
)

// answering is an API that gives one answer and remembers what it was asked.
type answering struct {
	status int
	body   string
	asked  *http.Request
}

func (a *answering) Do(r *http.Request) (*http.Response, error) {
	a.asked = r
	if a.status == 0 {
		return nil, errors.New("no route to https://host/?access_token=s3cret")
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

const described = `
token_endpoint: https://a.example/t
variables:
  region: {default: eu}
  site: {from: request, label: Site, request: {url: 'https://api.a.example/{region}/sites?all=1', value: /id, label: /name}}
api: {base_url: 'https://api.a.example/{site}'`

func gather(t *testing.T, api *answering, placement string, v catalog.Values) (map[string]string, *causeOf) {
	t.Helper()
	p, err := catalog.ParseProvider("p.yaml", []byte(described+placement+"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := catalog.Resolve(p, v)
	if err != nil {
		t.Fatal(err)
	}
	x := quirk.Exchange{HTTP: api, Now: time.Now}
	captured, cause := x.Gather(t.Context(), quirk.Arrival{Provider: resolved, Values: v, Token: oauth.Token{AccessToken: "s3cret"}, Connection: "mail"})
	return captured, (*causeOf)(cause)
}

// causeOf is a cause in one line.
type causeOf api.Cause

func (c *causeOf) String() string {
	if c == nil {
		return ""
	}
	return c.Code + ": " + c.Title + " | " + c.Detail + " | " + c.Remedy
}

func TestTheTokenStandsWhereTheAPITakesIt(t *testing.T) {
	for placement, want := range map[string]string{
		"":                                     "https://api.a.example/eu/sites?all=1 Bearer s3cret",
		", token: {name: X-Token, scheme: ''}": "https://api.a.example/eu/sites?all=1 s3cret",
		", token: {scheme: Zoho}":              "https://api.a.example/eu/sites?all=1 Zoho s3cret",
		", token: {in: query, name: auth}":     "https://api.a.example/eu/sites?all=1&auth=s3cret ",
	} {
		a := &answering{status: 200, body: `[{"id":"one"}]`}
		captured, cause := gather(t, a, placement, catalog.Values{})
		if cause != nil || captured["site"] != "one" {
			t.Fatalf("%s: %v %s", placement, captured, cause)
		}
		got := a.asked.URL.String() + " " + a.asked.Header.Get("Authorization") + a.asked.Header.Get("X-Token")
		if got != want {
			t.Errorf("%s: asked %q, want %q", placement, got, want)
		}
	}
}

func TestWhatWentWrongIsSaidWithoutTheToken(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = fmt.Sprintf(`{"id":"s%02d"}`, i)
	}
	for name, test := range map[string]struct {
		answer answering
		want   string
	}{
		"no answer": {answering{}, "variable_missing: the look-up at api.a.example got no answer"},
		"refused":   {answering{status: 403}, "answered 403 |  | valetkey refresh mail tries again; valetkey connect mail --choose site=VALUE sets it by hand"},
		"moved":     {answering{status: 302}, "answered 302"},
		"too large": {answering{status: 200, body: "[" + strings.Repeat(" ", 1<<20) + "]"}, "could not be read whole"},
		"nothing":   {answering{status: 200, body: "[]"}, "nothing to choose for Site"},
		"many":      {answering{status: 200, body: "[" + strings.Join(many, ",") + "]"}, "s19; … | valetkey connect mail --choose site=VALUE"},
	} {
		captured, cause := gather(t, &test.answer, "", catalog.Values{})
		if got := cause.String(); !strings.Contains(got, test.want) || strings.Contains(got, "s3cret") || captured["site"] != "" {
			t.Errorf("%s: %s %v", name, got, captured)
		}
	}
}

func TestWhatAPersonSetIsNotLookedUp(t *testing.T) {
	for _, given := range []catalog.Values{{Client: map[string]string{"site": "mine"}}, {Connection: map[string]string{"site": "mine"}}} {
		a := &answering{}
		if captured, cause := gather(t, a, "", given); cause != nil || len(captured) != 0 || a.asked != nil {
			t.Errorf("%v %s", captured, cause)
		}
	}
}
