package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

func contoso() api.Provider {
	var p api.Provider
	p.Name = "contoso"
	p.TokenEndpoint = "https://login.example/{tenant}/token"
	p.AuthorizationEndpoint = "https://login.example/{tenant}/authorize"
	p.Variables = map[string]api.Variable{
		"tenant": {Default: "common", Pattern: "[a-z0-9-]+"},
		"region": {Enum: []string{"eu", "us"}, Label: "Region of the account"},
		"hint":   {Optional: true},
	}
	p.AuthorizationRequest = &oauth.RequestRules{Params: map[string]string{"region": "{region}", "hint": "{hint}"}}
	p.TokenRequest = &oauth.RequestRules{
		Headers: map[string]string{"X-Region": "{region}"},
		Repeat:  map[string][]string{"resource": {"https://{region}.example"}},
	}
	p.RevocationRequest = &oauth.RequestRules{URL: "https://{region}.login.example/revoke"}
	return p
}

func TestTheConnectionsValueWinsOverTheClientsAndTheDefault(t *testing.T) {
	client := map[string]string{"tenant": "client", "region": "us"}
	connection := map[string]string{"region": "eu"}
	for _, test := range []struct {
		vars catalog.Values
		want string
	}{
		{catalog.Values{Client: map[string]string{"region": "us"}}, "https://login.example/common/token us"},
		{catalog.Values{Client: client}, "https://login.example/client/token us"},
		{catalog.Values{Client: client, Connection: connection}, "https://login.example/client/token eu"},
		{catalog.Values{Client: client, Connection: map[string]string{"tenant": ""}}, "https://login.example/client/token us"},
	} {
		r, err := catalog.Resolve(contoso(), test.vars)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Provider.TokenEndpoint + " " + r.Variables["region"]; got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestEveryTemplateOfARequestIsFilledIn(t *testing.T) {
	p := contoso()
	r, err := catalog.Resolve(p, catalog.Values{Client: map[string]string{"region": "eu"}})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{
		r.Provider.AuthorizationRequest.Params["region"], r.Provider.AuthorizationRequest.Params["hint"],
		r.Provider.TokenRequest.Headers["X-Region"], r.Provider.TokenRequest.Repeat["resource"][0], r.Provider.RevocationRequest.URL,
	}
	want := []string{"eu", "", "eu", "https://eu.example", "https://eu.login.example/revoke"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if p.TokenRequest.Headers["X-Region"] != "{region}" || p.TokenRequest.Repeat["resource"][0] != "https://{region}.example" {
		t.Error("the description that was given changed")
	}
}

func TestAValueThatIsNotAllowedIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		vars map[string]string
		want string
	}{
		"missing":       {nil, `"region" has no value (Region of the account)`},
		"not in enum":   {map[string]string{"region": "mars"}, "must be one of eu, us"},
		"pattern":       {map[string]string{"region": "eu", "tenant": "A B"}, "must match [a-z0-9-]+"},
		"pattern whole": {map[string]string{"region": "eu", "tenant": "a\nb"}, "must match"},
	} {
		_, err := catalog.Resolve(contoso(), catalog.Values{Connection: test.vars})
		if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

func TestAnEndpointThatIsNotHTTPSIsRefusedUnlessLoopback(t *testing.T) {
	var p api.Provider
	p.Issuer = "{issuer}"
	p.Variables = map[string]api.Variable{"issuer": {}}
	for address, ok := range map[string]bool{"https://a.example": true, "http://127.0.0.1:8540": true, "http://a.example": false} {
		if _, err := catalog.Resolve(p, catalog.Values{Connection: map[string]string{"issuer": address}}); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestScopesAreTheRequiredAndTheAskedOrDefaultOnesEachOnce(t *testing.T) {
	p := contoso()
	p.Scopes = &api.ScopeRules{
		Required: []string{"offline"}, Default: []string{"read", "read"},
		ByGrant: map[string]api.GrantScopes{"client_credentials": {Default: []string{"all"}}},
	}
	r, err := catalog.Resolve(p, catalog.Values{Client: map[string]string{"region": "eu"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		grant       string
		asked, want []string
	}{
		{"authorization_code", nil, []string{"offline", "read"}},
		{"authorization_code", []string{"write", "offline"}, []string{"offline", "write"}},
		{"client_credentials", nil, []string{"all"}},
		{"client_credentials", []string{"one"}, []string{"one"}},
	} {
		if got := r.Scopes(test.grant, test.asked); !slices.Equal(got, test.want) {
			t.Errorf("%s %v: got %v, want %v", test.grant, test.asked, got, test.want)
		}
	}
	if got := (catalog.Resolved{}).Scopes("", []string{"a", "a"}); !slices.Equal(got, []string{"a"}) {
		t.Errorf("without rules: %v", got)
	}
}

func TestScopesAreReadInEveryWayPeopleWriteThem(t *testing.T) {
	for _, text := range []string{"a b", "a,b", "a, b", "a~b", "a\nb\n", " a\t b a ", "a\r\nb"} {
		if got := catalog.ParseScopes(text); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("%q: got %q", text, got)
		}
	}
	if got := catalog.ParseScopes(" "); got != nil {
		t.Errorf("got %q", got)
	}
}
