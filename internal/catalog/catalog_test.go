package catalog_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

func builtIn(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryBuiltInProviderIsCompleteAndCorrect(t *testing.T) {
	all := descriptions(t)
	if len(all) < 500 {
		t.Errorf("only %d providers", len(all))
	}
	for _, p := range all {
		t.Run(p.Name, func(t *testing.T) {
			if !p.BuiltIn || p.Title == "" {
				t.Errorf("something is missing: %+v", p)
			}
			if p.Provenance == nil || p.Provenance.Checked == "" || len(p.Provenance.Sources) == 0 || p.Provenance.Verification == "" {
				t.Errorf("it does not say where it comes from and how far it was checked: %+v", p.Provenance)
			}
			if !gathered(p) {
				complete(t, p)
			}
			resolveWithStandIns(t, p)
		})
	}
}

// gathered says that a description was put together from public facts only.
func gathered(p api.Provider) bool {
	if p.Provenance == nil {
		return false
	}
	return p.Provenance.Verification == api.VerificationCollected || p.Provenance.Verification == api.VerificationUnverified
}

// complete holds a description that somebody checked to saying all a newcomer needs.
func complete(t *testing.T, p api.Provider) {
	t.Helper()
	if p.API == nil || p.API.BaseURL == "" {
		t.Error("it has no base URL")
	}
	if p.Setup == nil || p.Setup.RegisterAt == "" || len(p.Setup.Steps) == 0 {
		t.Error("it does not say how to register a client")
	}
	if p.Docs == "" && p.Name != "sandbox" {
		t.Error("it does not name the vendor's page")
	}
}

// resolveWithStandIns fills in a provider as a user would who sets what is required.
func resolveWithStandIns(t *testing.T, p api.Provider) {
	t.Helper()
	vars := map[string]string{}
	for name, v := range p.Variables {
		switch {
		case v.Default != "" || v.Optional || catalog.Outside(v):
		case len(v.Options) > 0:
			vars[name] = slices.Sorted(maps.Keys(v.Options))[0]
		default:
			vars[name] = "contoso"
			if e := p.Endpoints; strings.HasPrefix(e.TokenEndpoint, "{"+name) || strings.HasPrefix(e.AuthorizationEndpoint, "{"+name) {
				vars[name] = "https://login.contoso.com"
			}
		}
	}
	r, err := catalog.Resolve(p, catalog.Values{Client: vars})
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range p.Variables {
		if catalog.Outside(v) && r.Variables[name] == "" {
			r.Variables[name] = told(t, name, v)
		}
	}
	if p.API != nil && p.API.BaseURL != "" {
		base, err := catalog.Expand(p.API.BaseURL, r.Variables)
		if err != nil || strings.Contains(base, "{") {
			t.Errorf("base URL %q: %v", base, err)
		}
	}
	if e := r.Provider.Endpoints; strings.Contains(e.Issuer+e.AuthorizationEndpoint+e.TokenEndpoint, "{") {
		t.Errorf("a template is left: %+v", e)
	}
	for _, text := range append(r.Scopes("client_credentials", nil), r.Scopes("authorization_code", nil)...) {
		if strings.ContainsAny(text, " ,~") {
			t.Errorf("%q is not one scope", text)
		}
	}
}

// told is what a provider's answer would bring. A guard must let the real thing
// pass, and no neighbour of it.
func told(t *testing.T, name string, v api.Variable) string {
	t.Helper()
	if v.MustMatch == "" {
		return "12345"
	}
	samples := map[string]string{
		"instance_url": "https://acme--dev.sandbox.my.salesforce.com",
		"accounts":     "https://accounts.zoho.eu",
		"api_endpoint": "https://contoso.eu.teamwork.com",
		"api_domain":   "https://www.zohoapis.eu https://acme.pipedrive.com",
		"base_uri":     "https://demo.docusign.net",
		"api_base":     "https://us-11211.api.gong.io",
		"rest_url":     "https://rest91.bullhornstaffing.com/rest-services/e999",
		"cluster_url":  "https://api.accounting2.twinfield.com",
		"dc":           "us19",
	}
	guard := regexp.MustCompile("^(?:" + v.MustMatch + ")$")
	for sample := range strings.FieldsSeq(samples[name]) {
		for _, forged := range []string{sample + ".thief.example", "https://thief.example/" + sample, sample + "@thief.example", sample + "/../x", "http" + strings.TrimPrefix(sample, "https")} {
			if guard.MatchString(forged) {
				t.Errorf("the guard of %s lets %s pass", name, forged)
			}
		}
		if guard.MatchString(sample) {
			return sample
		}
	}
	t.Errorf("no sample of %s passes its guard; add one to this test", name)
	return ""
}

func TestMicrosoftServicesAskForDefaultAndUsersForOfflineAccess(t *testing.T) {
	for name, want := range map[string][2]string{
		"microsoft":        {"offline_access", "https://graph.microsoft.com/.default"},
		"business-central": {"offline_access", "https://api.businesscentral.dynamics.com/.default"},
	} {
		p, ok, err := builtIn(t).Provider(name)
		if !ok || err != nil {
			t.Fatalf("%s: %v, %v", name, ok, err)
		}
		r, err := catalog.Resolve(p, catalog.Values{Client: map[string]string{"tenant": "contoso.example"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Scopes("authorization_code", nil); !slices.Contains(got, want[0]) {
			t.Errorf("%s for a user: %v", name, got)
		}
		if got := r.Scopes("client_credentials", nil); !slices.Equal(got, []string{want[1]}) {
			t.Errorf("%s for a service: %v", name, got)
		}
		if got := r.Provider.TokenEndpoint; got != "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token" {
			t.Errorf("%s: token endpoint %s", name, got)
		}
	}
}

func TestTheUsersOwnStandOnTop(t *testing.T) {
	base := builtIn(t)
	own := map[string]api.Provider{
		"contoso": {Title: "Contoso", BuiltIn: true},
		"github":  {Title: "Our own"},
	}
	c := base.WithUser(own)
	for name, title := range map[string]string{"contoso": "Contoso", "github": "Our own", "gitlab": "GitLab"} {
		p, ok, err := c.Provider(name)
		if !ok || err != nil || p.Title != title || p.Name != name {
			t.Errorf("%s: got %q named %q, %v, %v", name, p.Title, p.Name, ok, err)
		}
		if want := name == "gitlab"; p.BuiltIn != want {
			t.Errorf("%s: built in %v", name, p.BuiltIn)
		}
	}
	if _, ok, err := base.Provider("contoso"); ok || err != nil {
		t.Error("the base changed")
	}
	if _, ok, err := c.WithUser(nil).Provider("contoso"); ok || err != nil {
		t.Error("a new set does not replace the old")
	}
	names := c.Names()
	if !slices.IsSorted(names) || !slices.Contains(names, "contoso") || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names: %v", names)
	}
}

func TestWhatTheCatalogueHandsOutCanBeChangedFreely(t *testing.T) {
	own := map[string]api.Provider{"own": {Variables: map[string]api.Variable{"a": {Default: "1"}}}}
	c := builtIn(t).WithUser(own)
	own["own"].Variables["a"] = api.Variable{Default: "2"}
	for _, name := range []string{"own", "gitlab"} {
		first, _, _ := c.Provider(name)
		for key := range first.Variables {
			first.Variables[key] = api.Variable{Default: "changed"}
		}
		second, _, _ := c.Provider(name)
		for key, v := range second.Variables {
			if v.Default == "changed" || v.Default == "2" {
				t.Errorf("%s: the variable %s was changed from outside", name, key)
			}
		}
	}
}

func TestABrokenShippedFileIsToldWhenItIsAskedFor(t *testing.T) {
	c, err := catalog.Load(fstest.MapFS{
		"good.yaml": {Data: []byte("token_endpoint: https://a.example/t\n")},
		"bad.yaml":  {Data: []byte("tokn_endpoint: https://a.example/t\n")},
		"README.md": {Data: []byte("# no provider")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := c.Provider("good"); !ok || err != nil {
		t.Errorf("good: %v, %v", ok, err)
	}
	if _, ok, err := c.Provider("bad"); !ok || !fault.Is(err, api.CodeInvalid) || !strings.Contains(err.Error(), "bad.yaml:1:1") {
		t.Errorf("bad: %v, %v", ok, err)
	}
	if _, err := c.List(); err == nil {
		t.Error("the list hides the broken file")
	}
	if got := c.Names(); !slices.Equal(got, []string{"bad", "good"}) {
		t.Errorf("names: %v", got)
	}
}

// A start lists names; it must not pay for parsing.
func BenchmarkBuiltIn(b *testing.B) {
	for b.Loop() {
		c, err := catalog.BuiltIn()
		if err != nil || len(c.Names()) == 0 {
			b.Fatal(err)
		}
	}
}

func BenchmarkListForTheFirstTime(b *testing.B) {
	for b.Loop() {
		c, err := catalog.BuiltIn()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.List(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	c, err := catalog.BuiltIn()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if found, err := c.Search("project time"); err != nil || len(found) > 100 {
			b.Fatal(len(found), err)
		}
	}
}
