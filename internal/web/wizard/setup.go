package wizard

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/oauth"
)

// What a setup page is for.
const (
	modeNew        = "new"
	modeConnection = "connection"
	modeClient     = "client"
)

// setupPage is what to do at a provider, and the fields for what it gives.
type setupPage struct {
	Mode     string
	Name     string // of what is changed
	Provider api.Provider
	Form     form
	Faults   page.Faults
	Warnings page.Faults
	Failed   string // why the test before saving failed
	atProvider
	fields
}

// asksClient says whether the page asks for a registration's own values.
func (p setupPage) asksClient() bool {
	return p.Mode == modeNew && p.Form.Client == "" || p.Mode == modeClient
}

// atProvider is what is done there, before anything is saved here.
type atProvider struct {
	RedirectURI string
	Notices     []string
	Register    string // the name of a variable that stands for the redirect URI there
}

// fields are the parts of the form.
type fields struct {
	Grants     []grantLink
	Clients    []api.Client
	Variables  []field
	Scopes     []scopeBox
	Credential []field
	Advanced   []field
	Rules      string // the table of mistakes, for the script
	Secret     string // what is known of the secret that is there: kept, or nothing
}

// grantLink is a way to get a token, and whether it is the one of this page.
type grantLink struct {
	Name string
	Here bool
}

// field is one field of a form.
type field struct {
	ID, Label, Value, Kind string
	Choices                []string
	Fault, Warn, Hint      string
	Note, Path             string
	Optional               bool
}

// scopeBox is a permission to tick.
type scopeBox struct {
	Name, Meaning    string
	Ticked, Required bool
}

func (z *Wizard) setup(w http.ResponseWriter, r *http.Request) error {
	provider, err := z.Catalogue.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	f := form{Name: z.freeConnection(r, provider.Name), Grant: grantOf(provider), Variables: make(map[string]string)}
	if asked := r.URL.Query().Get(fieldGrant); slices.Contains(grantsOf(provider), asked) {
		f.Grant = asked
	}
	for name, v := range provider.Variables {
		f.Variables[name] = v.Default
	}
	f.Scopes = defaultScopes(provider, f.Grant)
	return z.showSetup(w, r, setupPage{Mode: modeNew, Provider: provider, Form: f})
}

// showSetup fills in what every setup page has.
func (z *Wizard) showSetup(w http.ResponseWriter, r *http.Request, p setupPage) error {
	if p.Mode == modeNew {
		clients, err := z.clientsOf(r, p.Provider.Name)
		if err != nil {
			return err
		}
		p.Clients = clients
	}
	z.keep(r, &p.Form)
	p.atProvider = z.atProvider(p.Provider)
	rules := z.mistakes(p.Provider)
	hinted := hints(rules, p.Form.value(p.Provider))
	p.Rules = asData(rules)
	for _, grant := range grantsOf(p.Provider) {
		p.Grants = append(p.Grants, grantLink{grant, grant == p.Form.Grant})
	}
	note := func(f field) field {
		f.Fault, f.Warn, f.Hint = p.Faults[f.ID], p.Warnings[f.ID], hinted[f.ID]
		return f
	}
	for _, f := range z.variableFields(p) {
		p.Variables = append(p.Variables, note(f))
	}
	for _, f := range z.credentialFields(p) {
		p.Credential = append(p.Credential, note(f))
	}
	for _, f := range z.settingFields(p.Form) {
		p.Advanced = append(p.Advanced, note(f))
	}
	p.Scopes = boxes(p.Provider, p.Form)
	return z.show(w, r, "setup", failed(p), p)
}

// failed is whatever keeps the form from being saved.
func failed(p setupPage) page.Faults {
	all := merged(p.Faults, p.Warnings)
	if p.Failed != "" {
		all[""] = p.Failed
	}
	return all
}

// maxClients is how many registrations are offered to be used again.
const maxClients = 50

// clientsOf are a provider's clients that are there.
func (z *Wizard) clientsOf(r *http.Request, provider string) ([]api.Client, error) {
	var found []api.Client
	after := ""
	for range 20 {
		some, err := z.Catalogue.Clients(r.Context(), ledger.Page{After: after, Limit: 200})
		if err != nil || len(some) == 0 {
			return found, err
		}
		for _, c := range some {
			if c.Provider == provider && len(found) < maxClients {
				found = append(found, c)
			}
		}
		if after = some[len(some)-1].Name; len(some) < 200 || len(found) == maxClients {
			break
		}
	}
	return found, nil
}

// atProvider says where the redirect URI goes, and what speaks against it.
func (z *Wizard) atProvider(p api.Provider) atProvider {
	at := atProvider{RedirectURI: z.redirectURI()}
	u, err := url.Parse(z.PublicURL)
	if err == nil && u.Scheme != "https" {
		switch loopback := u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost" || u.Hostname() == "::1"; {
		case demandsHTTPS(p):
			at.Notices = append(at.Notices, z.Pages.Word("setup.https_demanded"))
		case !loopback:
			at.Notices = append(at.Notices, z.Pages.Word("setup.https_wanted"))
		}
	}
	if !p.BuiltIn && strings.Contains(p.AuthorizationEndpoint, "accounts.google.com") &&
		(p.AuthorizationRequest == nil || p.AuthorizationRequest.Params["access_type"] != "offline") {
		at.Notices = append(at.Notices, z.Pages.Word("setup.google_offline"))
	}
	if p.RedirectURIParam != "" {
		at.Register = strings.Trim(p.RedirectURIParam, "{}")
	}
	return at
}

// demandsHTTPS says whether the provider takes no other redirect URI, in its
// own words.
func demandsHTTPS(p api.Provider) bool {
	if p.Setup == nil {
		return false
	}
	return slices.ContainsFunc(p.Setup.Steps, func(step string) bool {
		step = strings.ToLower(step)
		return strings.Contains(step, "must be https") && !strings.Contains(step, "localhost") && !strings.Contains(step, "127.0.0.1")
	})
}

// grantsOf are the ways to get a token that a provider's description allows.
func grantsOf(p api.Provider) []string {
	own := grantOf(p)
	grants := []string{own}
	add := func(grant string, can bool) {
		if can && grant != own {
			grants = append(grants, grant)
		}
	}
	authorizes := p.Issuer != "" || p.AuthorizationEndpoint != "" || len(p.EndpointForms["authorization_endpoint"]) > 0
	add(string(oauth.GrantAuthorizationCode), authorizes)
	add(string(oauth.GrantClientCredentials), true)
	add("device_code", p.Issuer != "" || p.DeviceAuthorizationEndpoint != "")
	add("jwt_bearer", p.Assertion != nil)
	return grants
}

// rulesFor are the scopes that a grant requires and asks for by itself.
func rulesFor(p api.Provider, grant string) api.GrantScopes {
	if p.Scopes == nil {
		return api.GrantScopes{}
	}
	if own, ok := p.Scopes.ByGrant[grant]; ok {
		return own
	}
	return api.GrantScopes{Required: p.Scopes.Required, Default: p.Scopes.Default}
}

func defaultScopes(p api.Provider, grant string) []string { return rulesFor(p, grant).Default }

// boxes are the scopes to choose from: the required ones, those that are asked
// for, and then all that the description knows.
func boxes(p api.Provider, f form) []scopeBox {
	if p.Scopes == nil {
		return nil
	}
	rules := rulesFor(p, f.Grant)
	var names []string
	for _, some := range [][]string{rules.Required, f.Scopes, rules.Default, slices.Sorted(maps.Keys(p.Scopes.Meanings))} {
		for _, name := range some {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	found := make([]scopeBox, len(names))
	for i, name := range names {
		required := slices.Contains(rules.Required, name)
		found[i] = scopeBox{Name: name, Meaning: p.Scopes.Meanings[name], Required: required, Ticked: required || slices.Contains(f.Scopes, name)}
		if found[i].Meaning == name {
			found[i].Meaning = ""
		}
	}
	return found
}

// variableFields are the values that only the person knows.
func (z *Wizard) variableFields(p setupPage) []field {
	var all []field
	for _, name := range slices.Sorted(maps.Keys(p.Provider.Variables)) {
		v := p.Provider.Variables[name]
		if catalog.Outside(v) || p.Mode == modeConnection && v.From == api.FromClient || p.Mode == modeClient && v.From != api.FromClient {
			continue
		}
		f := field{ID: inVariable + name, Label: v.Label, Value: p.Form.Variables[name], Kind: kindText, Choices: v.Enum, Optional: v.Optional}
		if f.Label == "" {
			f.Label = name
		}
		if len(v.Options) > 0 {
			f.Choices = slices.Sorted(maps.Keys(v.Options))
		}
		if len(f.Choices) > 0 {
			f.Kind = kindChoice
			if v.Optional || v.Default == "" {
				f.Choices = append([]string{""}, f.Choices...)
			}
		}
		all = append(all, f)
	}
	return all
}

// authMethods are the ways of RFC 6749 section 2.3, RFC 7523 and RFC 8705; "" is
// the provider's own.
func authMethods() []string {
	return []string{
		"", "client_secret_basic", "client_secret_post", "private_key_jwt", "client_secret_jwt",
		"tls_client_auth", "self_signed_tls_client_auth", "none",
	}
}

// credentialFields are what the client proves itself by, besides its id and secret.
func (z *Wizard) credentialFields(p setupPage) []field {
	method := field{ID: "token_endpoint_auth_method", Label: z.Pages.Word("setup.method"), Value: p.Form.Method, Kind: kindChoice, Choices: authMethods(), Path: "token_endpoint_auth_method", Optional: true}
	expires := field{ID: fieldExpires, Label: z.Pages.Word("setup.secret_expires"), Value: p.Form.Expires, Kind: kindText, Path: fieldExpires, Optional: true}
	return []field{method, expires}
}

// settingFields are those of the table of settings.
func (z *Wizard) settingFields(f form) []field {
	var all []field
	for _, s := range settings() {
		all = append(all, field{
			ID: s.name, Label: z.Pages.Word("setting." + s.name), Value: f.Settings[s.name], Kind: s.kind,
			Choices: s.choices, Path: s.path, Optional: true,
		})
	}
	return all
}
