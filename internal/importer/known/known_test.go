package known_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/form"
	"github.com/valetkey/valetkey/internal/importer/known"
)

func shipped(t testing.TB) []api.Provider {
	t.Helper()
	c, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var all []api.Provider
	for _, name := range c.Names() {
		p, _, err := c.Provider(name)
		if err != nil {
			t.Fatal(err)
		}
		p.Name = name
		all = append(all, p)
	}
	return all
}

func recognised(t *testing.T, all []api.Provider, authorization, token, base string) draft.Draft {
	t.Helper()
	d := draft.New()
	f := form.Form{Name: "mine", Where: "f"}
	f.AuthorizationURL, f.TokenURL, f.ClientID, f.Scopes, f.API.BaseURL = authorization, token, "app", "a b", base
	form.NewBuilder(&d).Add(f)
	known.Recognise(&d, all)
	if err := form.Verify(d, func(name string) bool {
		return slices.ContainsFunc(all, func(p api.Provider) bool { return p.Name == name })
	}); err != nil {
		t.Error(err)
	}
	return d
}

func TestProvidersOfTheCatalogueAreKnownByTheirEndpoints(t *testing.T) {
	all := shipped(t)
	for _, c := range []struct {
		authorization, token, base string
		want                       string
		variables                  map[string]string
	}{
		{"https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize", "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token", "https://graph.microsoft.com", "microsoft", map[string]string{"tenant": "contoso.com"}},
		{"", "https://login.microsoftonline.com/common/oauth2/v2.0/token", "https://graph.microsoft.com", "microsoft", nil},
		{"https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token", "", "google", nil},
		{"https://auth.sandbox.ebay.com/oauth2/authorize", "https://api.sandbox.ebay.com/identity/v1/oauth2/token", "", "ebay", map[string]string{"environment": "sandbox"}},
		{"https://github.com/login/oauth/authorize", "https://github.com/login/oauth/access_token", "https://api.github.com", "github", nil},
	} {
		d := recognised(t, all, c.authorization, c.token, c.base)
		client := d.Clients["mine"]
		if client.Provider != c.want || !reflect.DeepEqual(client.Variables, c.variables) || len(d.Providers) != 0 {
			t.Errorf("%s: %+v", c.token, client)
		}
		if got := d.Connections["mine"].Scopes; strings.Join(got, " ") != "a b" {
			t.Errorf("%s: scopes %v", c.token, got)
		}
	}
}

func TestOthersStayAsTheyAre(t *testing.T) {
	all := shipped(t)
	for _, token := range []string{
		"https://login.contoso.example/token", "https://login.microsoftonline.com.contoso.example/common/oauth2/v2.0/token", "https://oauth2.googleapis.com/token2",
		"https://contoso.example/oauth2/v1/token", "https://evil.example/?https://oauth2.googleapis.com/token",
	} {
		if d := recognised(t, all, "", token, ""); len(d.Providers) != 1 || d.Clients["mine"].Provider != "mine" {
			t.Errorf("%s: %+v", token, d.Clients)
		}
	}
	if d := recognised(t, all, "https://login.contoso.example/authorize", "https://oauth2.googleapis.com/token", ""); len(d.Providers) != 1 {
		t.Errorf("half a match counts: %+v", d.Clients)
	}
}

func TestWhatTheCatalogueDoesNotSayMovesOrIsNoted(t *testing.T) {
	d := draft.New()
	b := form.NewBuilder(&d)
	f := form.Form{Name: "mine", Where: "f"}
	f.TokenURL, f.AuthorizationURL = "https://l.contoso.example/t1/token", "https://l.contoso.example/t1/authorize"
	f.ClientID, f.AuthMethod, f.API.BaseURL = "app", "client_secret_basic", "https://other.contoso.example"
	f.Authorization.Set("prompt", "consent")
	provider, _ := b.Add(f)
	if !b.AddRequest(provider, f.API.BaseURL, form.Request{Name: "Me", URL: "https://other.contoso.example/me"}) {
		t.Fatal("no operation")
	}
	known.Recognise(&d, []api.Provider{{
		Name: "contoso", Variables: map[string]api.Variable{"tenant": {}}, API: &api.CallSettings{BaseURL: "https://api.contoso.example"},
		Endpoints:  api.Endpoints{TokenEndpoint: "https://l.contoso.example/{tenant}/token", AuthorizationEndpoint: "https://l.contoso.example/{tenant}/authorize"},
		GrantRules: api.GrantRules{TokenEndpointAuthMethod: "client_secret_post"},
	}})
	c := d.Connections["mine"]
	if d.Clients["mine"].Variables["tenant"] != "t1" || c.API.BaseURL != "https://other.contoso.example" || c.Operations["me"].Path != "/me" {
		t.Errorf("%+v", d)
	}
	var notes []string
	for _, n := range d.Notes {
		notes = append(notes, n.String())
	}
	for _, want := range []string{"its endpoints are those of contoso", "prompt", "the client authentication client_secret_basic"} {
		if !strings.Contains(strings.Join(notes, "\n"), want) {
			t.Errorf("no note says %q: %v", want, notes)
		}
	}
}

func TestTheOneWhoseAPIIsCalledIsTakenOfSeveral(t *testing.T) {
	same := api.Endpoints{TokenEndpoint: "https://l.contoso.example/token"}
	all := []api.Provider{
		{Name: "contoso", Endpoints: same, API: &api.CallSettings{BaseURL: "https://api.contoso.example"}},
		{Name: "contoso-mail", Endpoints: same, API: &api.CallSettings{BaseURL: "https://mail.contoso.example/v1"}},
	}
	for base, want := range map[string]string{"https://mail.contoso.example": "contoso-mail", "": "contoso", "https://x.example": "contoso"} {
		if got := recognised(t, all, "", "https://l.contoso.example/token", base).Clients["mine"].Provider; got != want {
			t.Errorf("%s: %s", base, got)
		}
	}
}
