package wizard

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
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
	Redirects   bool // a browser comes back there
	Notices     []string
	Register    string // the name of a variable that stands for the redirect URI there
}

// fields are the parts of the form.
type fields struct {
	Grants    []grantLink
	Clients   []api.Client
	Variables []field
	Own       []field // of the grant
	Scopes    []scopeBox
	Proof     fieldGroup   // of the client, besides its id and secret
	Advanced  []fieldGroup // of the connection
	Wrong     []wrongField
	Rules     string // the table of mistakes, for the script
	Secret    string // what is known of the secret that is there: kept, or nothing
}

func (z *Wizard) setup(w http.ResponseWriter, r *http.Request) error {
	provider, err := z.Catalogue.Provider(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	f := form{Name: z.freeConnection(r, provider.Name), Grant: grantOf(provider), Variables: make(map[string]string)}
	if asked := r.URL.Query().Get(fieldGrant); z.allowed(asked) {
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
	p.atProvider = z.atProvider(p.Provider, p.Form.Grant)
	if !z.allowed(p.Form.Grant) {
		p.Notices = append(p.Notices, z.Pages.Word("setup.leave")+" valetkey serve --allow-grants "+p.Form.Grant)
	}
	rules := z.mistakes(p.Provider)
	hinted := hints(rules, p.Form.value(p.Provider))
	p.Rules = asData(rules)
	p.Grants = z.grantLinks(p.Provider, p.Form.Grant)
	note := func(f field) field {
		f.Fault, f.Warn, f.Hint = p.Faults[f.ID], p.Warnings[f.ID], hinted[f.ID]
		f.Live = slices.ContainsFunc(rules, func(m mistake) bool { return m.Field == f.ID })
		return f
	}
	for _, f := range z.variableFields(p) {
		p.Variables = append(p.Variables, note(f))
	}
	for i, g := range z.groups(p.Form.table(), "", p.Form.Settings, note) {
		if i == 0 { // those of the grant
			p.Own = g.Fields
			continue
		}
		p.Advanced = append(p.Advanced, g)
	}
	p.Proof = z.groups(clientTable(), inClient, p.Form.Proof, note)[0]
	p.Proof.Open = p.Proof.Open || p.Faults[fieldExpires] != "" || p.Faults[fieldKey] != ""
	p.Scopes = boxes(p.Provider, p.Form)
	p.Wrong = z.wrong(p, note)
	return z.show(w, r, "setup", failed(p), p)
}

// wrong are the fields that must be looked at again. Those of the page itself
// have their labels there; it knows them by these keys.
func (z *Wizard) wrong(p setupPage, note func(field) field) []wrongField {
	own := func(id, label string) field { return note(field{ID: id, Label: z.Pages.Word(label)}) }
	return wrongIn([]field{own("name", "setup.name")}, p.Variables,
		[]field{own(fieldID, "setup.client_id"), own(fieldSecret, "setup.client_secret"), own(fieldKey, "setup.key_label")}, p.Proof.Fields,
		[]field{own(fieldExpires, "setup.secret_expires")}, p.Own, []field{own(fieldScopes, "setup.scopes"), own(fieldMore, "setup.more_scopes")},
		fieldsOf(p.Advanced), []field{own(fieldRest, "setup.rest")})
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
func (z *Wizard) atProvider(p api.Provider, grant string) atProvider {
	at := atProvider{RedirectURI: z.redirectURI()}
	at.Redirects = grant == string(oauth.GrantAuthorizationCode) || grant == string(arrangement.GrantImplicit)
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
