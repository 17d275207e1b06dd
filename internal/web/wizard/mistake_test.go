package wizard

import (
	"regexp"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/web/console"
	"github.com/valetkey/valetkey/internal/web/page"
)

const someGUID = "8f2c1a7d-0b1c-4d2e-8f3a-123456789abc"

func newWizard() *Wizard {
	return New(Config{Console: console.New(console.Config{Pages: page.New("", page.Installation{}), PublicURL: "https://valetkey.example"})})
}

func shipped(t *testing.T, name string) api.Provider {
	t.Helper()
	all, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	p, known, err := all.Provider(name)
	if err != nil || !known {
		t.Fatalf("%s: %v", name, err)
	}
	p.Name = name
	return p
}

// from reads "field=value" pairs.
func from(p api.Provider, pairs ...string) form {
	f := form{Grant: grantOf(p), Variables: map[string]string{}, Settings: map[string]string{}}
	for name, v := range p.Variables {
		f.Variables[name] = v.Default
	}
	for _, pair := range pairs {
		field, value, _ := strings.Cut(pair, "=")
		switch name, variable := strings.CutPrefix(field, inVariable); {
		case variable:
			f.Variables[name] = value
		case field == fieldID:
			f.ClientID = value
		case field == fieldSecret:
			f.secrets.Secret = value
		case field == fieldMore:
			f.More = value
		case field == fieldGrant:
			f.Grant = value
		case field == "scope":
			f.Scopes = append(f.Scopes, value)
		default:
			f.Settings[field] = value
		}
	}
	return f
}

func TestKnownMistakesAreCaughtWithWhatToDo(t *testing.T) {
	z := newWizard()
	oidc := api.Provider{}
	oidc.Scopes = &api.ScopeRules{Meanings: map[string]string{"offline_access": "Keep access"}}
	for name, c := range map[string]struct {
		provider api.Provider
		typed    string // pairs, apart by |
		field    string
		says     string
		warned   bool
	}{
		"a Secret ID":                {shipped(t, "microsoft"), "client_secret=" + someGUID, fieldSecret, "Copy the column Value", false},
		"a blank copied along":       {oidc, "client_id= abc", fieldID, "copied along", false},
		"a no-break space":           {oidc, "client_secret=abc\u00a0", fieldSecret, "copied along", false},
		"quotation marks":            {oidc, "client_secret=\"abc\"", fieldSecret, "copied along", false},
		"an e-mail address":          {oidc, "client_id=maria@contoso.example", fieldID, "application you registered", false},
		"the redirect URI":           {oidc, "client_id=https://valetkey.example/oauth/callback", fieldID, "the redirect URI", false},
		"an address":                 {oidc, "client_id=https://contoso.example", fieldID, "seldom", true},
		"a key for a secret":         {oidc, "client_secret=-----BEGIN PRIVATE KEY-----", fieldSecret, "Other ways to prove", false},
		"an address for a secret":    {oidc, "client_secret=https://contoso.example", fieldSecret, "secret itself", false},
		"an Entra id that is none":   {shipped(t, "microsoft"), "client_id=contoso-app", fieldID, "Application (client) ID", true},
		"a tenant with https":        {shipped(t, "microsoft"), "v.tenant=https://contoso.com", "v.tenant", "without https://", false},
		"a service in common":        {shipped(t, "microsoft"), "grant=client_credentials|scope=https://graph.microsoft.com/.default", "v.tenant", "Directory (tenant) ID", false},
		"a service without .default": {shipped(t, "microsoft"), "grant=client_credentials|v.tenant=contoso.com|more_scopes=Mail.Read", fieldScopes, "/.default", true},
		"a resource for v2":          {shipped(t, "microsoft"), "resources=https://graph.microsoft.com", "resources", "v2.0 endpoint", false},
		"scopes for v1":              {shipped(t, "microsoft-v1"), "more_scopes=Mail.Read", fieldMore, "v1 endpoint", false},
		"no offline_access":          {oidc, "scope=mail.read", fieldScopes, "refresh token", true},
		"no scope at all":            {oidc, "", fieldScopes, "refresh token", true},
		"semicolons":                 {oidc, "more_scopes=a;b", fieldMore, "not ; or |", false},
		"a JSON list":                {oidc, `more_scopes=["a","b"]`, fieldMore, "quotation marks", false},
		"eBay's sandbox key":         {shipped(t, "ebay"), "client_id=Contoso-Thing-SBX-abc", fieldID, "key of the sandbox", false},
		"eBay's sandbox secret":      {shipped(t, "ebay"), "client_secret=SBX-abc", fieldSecret, "key of the sandbox", false},
		"eBay's production key":      {shipped(t, "ebay"), "client_id=Contoso-Thing-PRD-abc|v.environment=sandbox", fieldID, "key of production", false},
		"eBay's RuName":              {shipped(t, "ebay"), "v.ru_name=https://valetkey.example/oauth/callback", "v.ru_name", "RuName is the name", false},
		"a variable with a blank":    {shipped(t, "microsoft"), "v.tenant=contoso.com ", "v.tenant", "copied along", false},
	} {
		f := from(c.provider, strings.Split(c.typed, "|")...)
		faults, warnings := judge(z.mistakes(c.provider), f.value(c.provider))
		found, other := faults, warnings
		if c.warned {
			found, other = warnings, faults
		}
		if !strings.Contains(found[c.field], c.says) || other[c.field] != "" {
			t.Errorf("%s: faults %v, warnings %v", name, faults, warnings)
		}
	}
}

func TestWhatIsRightIsNoMistake(t *testing.T) {
	z := newWizard()
	for name, c := range map[string]struct {
		provider api.Provider
		typed    string
	}{
		"microsoft":            {shipped(t, "microsoft"), "client_id=" + someGUID + "|client_secret=abc~8Q.x|scope=User.Read|v.tenant=contoso.com"},
		"a service":            {shipped(t, "microsoft"), "client_id=" + someGUID + "|client_secret=a|grant=client_credentials|v.tenant=" + someGUID + "|scope=https://graph.microsoft.com/.default"},
		"microsoft v1":         {shipped(t, "microsoft-v1"), "client_id=" + someGUID},
		"ebay":                 {shipped(t, "ebay"), "client_id=Contoso-Thing-PRD-abc|client_secret=PRD-abc|v.ru_name=Contoso-Contoso-Thing-abcd"},
		"a service account":    {shipped(t, "google-service-account"), "grant=jwt_bearer|client_id=robot@contoso.example"},
		"addresses for scopes": {shipped(t, "google"), "client_id=1.apps.googleusercontent.com|more_scopes=https://mail.google.com/"},
		"lists":                {shipped(t, "google"), "more_scopes=openid,email~profile"},
	} {
		f := from(c.provider, strings.Split(c.typed, "|")...)
		if faults, warnings := judge(z.mistakes(c.provider), f.value(c.provider)); len(faults)+len(warnings) != 0 {
			t.Errorf("%s: faults %v, warnings %v", name, faults, warnings)
		}
	}
}

func TestAHintIsToldAndKeepsNothingFromBeingSaved(t *testing.T) {
	z, p := newWizard(), shipped(t, "microsoft")
	f := from(p, "client_id="+someGUID, "scope=User.Read", "more_scopes=Mail.Read~Mail.Send")
	all := z.mistakes(p)
	told := hints(all, f.value(p))
	if !strings.Contains(told["v.tenant"], "single tenant") || !strings.Contains(told[fieldMore], "Read as a list") {
		t.Errorf("%v", told)
	}
	if faults, warnings := judge(all, f.value(p)); len(faults)+len(warnings) != 0 {
		t.Errorf("%v %v", faults, warnings)
	}
}

// What the script reads must be what the server judges by, in the syntax that
// both share: no look-around, no flags, no classes of Go alone.
func TestTheTableIsOfTheSyntaxThatTheScriptShares(t *testing.T) {
	all, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	listed, err := all.List()
	if err != nil {
		t.Fatal(err)
	}
	z, goOnly := newWizard(), regexp.MustCompile(`\(\?[a-zA-Z]|\\[AzQEpPC]|\[\[:`)
	for _, summary := range listed {
		for _, m := range z.mistakes(shipped(t, summary.Name)) {
			for _, pattern := range append([]string{m.Match}, values(m.Also)...) {
				if _, err := regexp.Compile(pattern); err != nil || goOnly.MatchString(pattern) {
					t.Errorf("%s: %s: %q is not shared: %v", summary.Name, m.Key, pattern, err)
				}
			}
			if m.Say == "mistake."+m.Key || m.Say == "" {
				t.Errorf("%s: there are no words for %s", summary.Name, m.Key)
			}
		}
	}
}

func values(of map[string]string) []string {
	var all []string
	for _, value := range of {
		all = append(all, value)
	}
	return all
}

func TestAVariableIsHeldToItsPatternWithOrWithoutItsSuffix(t *testing.T) {
	z := newWizard()
	p := api.Provider{Variables: map[string]api.Variable{"shop": {Pattern: "[a-z]+", Suffix: ".contoso.example"}}}
	for typed, wrong := range map[string]bool{"abc": false, "abc.contoso.example": false, "A b": true, "": false} {
		faults, _ := judge(z.mistakes(p), from(p, "v.shop="+typed).value(p))
		if (faults["v.shop"] != "") != wrong {
			t.Errorf("%q: %v", typed, faults)
		}
	}
}
