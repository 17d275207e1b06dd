package catalog_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// described parses a description that needs nothing else.
func described(t *testing.T, text string) api.Provider {
	t.Helper()
	p, err := catalog.ParseProvider("p.yaml", []byte("token_endpoint: https://a.example/t\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func resolve(t *testing.T, p api.Provider, given catalog.Values) catalog.Resolved {
	t.Helper()
	r, err := catalog.Resolve(p, given)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAValueIsNeverATemplateItself(t *testing.T) {
	p := described(t, "variables: {note: {from: callback}}\ntoken_request: {params: {note: '{note}', id: '{client_id}'}, headers: {X-Secret: '{client_secret}'}}\n")
	r := resolve(t, p, catalog.Values{Captured: map[string]string{"note": "{client_secret}"}})
	rules, err := r.Rules(catalog.LegToken, *r.Provider.TokenRequest, map[string]string{"client_id": "id {client_secret}", "client_secret": "s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	if rules.Params["note"] != "{client_secret}" || rules.Params["id"] != "id {client_secret}" || rules.Headers["X-Secret"] != "s3cret" {
		t.Fatalf("got %v %v", rules.Params, rules.Headers)
	}
}

func TestCompletingTheRulesLeavesTheDescriptionAsItWas(t *testing.T) {
	p := described(t, "token_request: {params: {id: '{client_id}'}, repeat: {who: ['{client_id}', a]}, url: 'https://a.example/{client_id}'}\n")
	r := resolve(t, p, catalog.Values{})
	for _, id := range []string{"one", "two"} {
		rules, err := r.Rules(catalog.LegToken, *r.Provider.TokenRequest, map[string]string{"client_id": id})
		if err != nil {
			t.Fatal(err)
		}
		if rules.Params["id"] != id || !slices.Equal(rules.Repeat["who"], []string{id, "a"}) || rules.URL != "https://a.example/"+id {
			t.Fatalf("got %+v", rules)
		}
	}
}

func TestWhatTheProviderHasYetToTellIsLeftOut(t *testing.T) {
	p := described(t, "userinfo_endpoint: '{host}/me'\nvariables: {host: {from: token_response, must_match: 'https://[a-z]+[.]a[.]example'}}\ntoken_request: {params: {at: '{host}'}}\n")
	r := resolve(t, p, catalog.Values{})
	if got := r.Provider.UserinfoEndpoint; got != "" {
		t.Fatalf("the endpoint is %q", got)
	}
	if _, err := r.Rules(catalog.LegToken, *r.Provider.TokenRequest, nil); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Fatalf("a parameter that needs it gives %v", err)
	}
	r = resolve(t, p, catalog.Values{Captured: map[string]string{"host": "https://eu.a.example"}})
	if got := r.Provider.UserinfoEndpoint; got != "https://eu.a.example/me" {
		t.Fatalf("the endpoint is %q", got)
	}
	if _, err := catalog.Resolve(p, catalog.Values{Connection: map[string]string{"host": "https://thief.example"}}); err == nil {
		t.Fatal("a value set by hand passed the guard")
	}
}

func TestOnlyTheClientSetsAFieldOfTheRegistration(t *testing.T) {
	p := described(t, "variables: {app: {from: client}}\ntoken_request: {params: {app: '{app}'}}\n")
	r := resolve(t, p, catalog.Values{Client: map[string]string{"app": "ours"}, Connection: map[string]string{"app": "theirs"}, Captured: map[string]string{"app": "nobody's"}})
	if got := r.Provider.TokenRequest.Params["app"]; got != "ours" {
		t.Fatalf("got %q", got)
	}
	_, err := catalog.Resolve(p, catalog.Values{Connection: map[string]string{"app": "theirs"}})
	if f := fault.As(err); f.Code != api.CodeNeedsConfiguration || !strings.Contains(f.Hint, "valetkey client update NAME --var app=VALUE") {
		t.Fatalf("without it: %v, hint %q", err, f.Hint)
	}
}

func TestTheCallbackGivesWhatTheDescriptionAllows(t *testing.T) {
	p := described(t, `
variables:
  server: {from: callback, name: accounts-server, must_match: 'https://accounts[.]a[.](com|eu)'}
  shop: {from: callback, optional: true, capture: '^([a-z]+)[.]'}
api: {base_url: '{server}/{shop}'}
`)
	for name, test := range map[string]struct {
		params url.Values
		want   string
		shop   string
	}{
		"all":         {url.Values{"accounts-server": {"https://accounts.a.eu"}, "shop": {"acme.example"}}, "https://accounts.a.eu", "acme"},
		"without one": {url.Values{"accounts-server": {"https://accounts.a.com"}}, "https://accounts.a.com", ""},
		"no match":    {url.Values{"accounts-server": {"https://accounts.a.com"}, "shop": {"7"}}, "https://accounts.a.com", ""},
		"missing":     {url.Values{}, "", ""},
		"forged":      {url.Values{"accounts-server": {"https://accounts.a.com.thief.example"}}, "", ""},
		"two lines":   {url.Values{"accounts-server": {"https://accounts.a.com\nx"}}, "", ""},
		"too long":    {url.Values{"accounts-server": {"https://accounts.a.com"}, "shop": {strings.Repeat("a", 3000) + "."}}, "", ""},
	} {
		got, err := catalog.FromCallback(p, test.params)
		if (err == nil) != (test.want != "") || err != nil && !fault.Is(err, api.CodeForbidden) {
			t.Errorf("%s: %v", name, err)
		}
		if got["server"] != test.want || got["shop"] != test.shop {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestATokenGivesItsMembersAndClaims(t *testing.T) {
	p := described(t, `
variables:
  first: {from: token_response, pointer: /orgs/0/id}
  flag: {from: token_response}
  odd: {from: token_response, name: a/b~c, on_refresh: true}
  sub: {from: id_token_claim}
  tenant: {from: access_token_claim, name: 'https://a.example/tenant'}
api: {base_url: 'https://x.example/{first}/{flag}/{odd}/{sub}/{tenant}'}
`)
	fields := map[string]any{"orgs": []any{map[string]any{"id": json.Number("9007199254740993")}}, "flag": true, "a/b~c": "x"}
	token := oauth.Token{Fields: fields, IDToken: jwt(`{"sub":"zoe"}`), AccessToken: jwt(`{"https://a.example/tenant":"acme"}`)}
	got, err := catalog.FromToken(p, token, false)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"first": "9007199254740993", "flag": "true", "odd": "x", "sub": "zoe", "tenant": "acme"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if again, err := catalog.FromToken(p, token, true); err != nil || len(again) != 1 || again["odd"] != "x" {
		t.Errorf("on refresh: %v %v", again, err)
	}
	got, err = catalog.FromToken(p, oauth.Token{Fields: fields, IDToken: "a.!.c", AccessToken: "opaque"}, false)
	if !fault.Is(err, api.CodeNeedsConfiguration) || len(got) != 3 {
		t.Errorf("tokens that tell nothing: %v %v", got, err)
	}
}

func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestALookUpListsEachUsableValueOnce(t *testing.T) {
	v := api.Variable{Pattern: "[a-z]+", VariableSource: api.VariableSource{From: api.FromRequest, Request: &api.Lookup{List: "/data/items", Value: "/id", Label: "/name"}}}
	for body, want := range map[string]string{
		`{"data":{"items":[{"id":"a","name":"A\u0007"},{"id":"b"},{"id":"a"},{"id":"C"},{"id":null},7]}}`: "a=A b=",
		`{"data":{"items":{"id":"a","name":"only"}}}`:                                                     "a=only",
		`{"data":{"items":[]}}`: "",
		`{"data":{}}`:           "error",
		`nothing`:               "error",
		`[] []`:                 "error",
	} {
		choices, err := catalog.Choices("site", v, []byte(body))
		var lines []string
		for _, c := range choices {
			lines = append(lines, c.Value+"="+c.Label)
		}
		got := strings.Join(lines, " ")
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestAnEndpointTakesTheFirstFormWhoseVariablesHaveAValue(t *testing.T) {
	p, err := catalog.ParseProvider("p.yaml", []byte(`
variables:
  tld: {optional: true, enum: [eu, in]}
  server: {from: callback, must_match: 'https://accounts[.]a[.]jp'}
authorization_endpoint: https://accounts.a.com/auth
endpoint_forms:
  token_endpoint: ['https://accounts.a.{tld}/token', '{server}/token', 'https://accounts.a.com/token']
`))
	if err != nil {
		t.Fatal(err)
	}
	for want, given := range map[string]catalog.Values{
		"https://accounts.a.eu/token":  {Client: map[string]string{"tld": "eu"}, Captured: map[string]string{"server": "https://accounts.a.jp"}},
		"https://accounts.a.jp/token":  {Captured: map[string]string{"server": "https://accounts.a.jp"}},
		"https://accounts.a.com/token": {},
	} {
		if got := resolve(t, p, given).Provider.TokenEndpoint; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
