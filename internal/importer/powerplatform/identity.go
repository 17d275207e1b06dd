package powerplatform

import (
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/oauth"
)

// settings are the oAuthSettings of a connection parameter.
type settings struct {
	at     draft.Value
	custom map[string]draft.Value // customParameters by their name in small letters
}

func settingsOf(at draft.Value) settings {
	s := settings{at: at, custom: make(map[string]draft.Value)}
	custom := member(at, "customParameters")
	for _, key := range custom.Keys() {
		value := custom.Get(key)
		if value.IsMap() {
			value = member(value, "value")
		}
		s.custom[strings.ToLower(key)] = value
	}
	return s
}

// member is a map's member whatever its capitals.
func member(at draft.Value, key string) draft.Value {
	if exact := at.Get(key); exact.Exists() {
		return exact
	}
	for _, other := range at.Keys() {
		if strings.EqualFold(other, key) {
			return at.Get(other)
		}
	}
	return at.Get(key)
}

func (s settings) text(key string) string { return strings.TrimSpace(s.custom[key].Text()) }

// filled puts the values of other custom parameters where a template names
// them: {authority}oauth/token.
func (s settings) filled(text string) string {
	return draft.Placeholders(text, draft.SingleBraces, func(name string) string {
		value := s.text(strings.ToLower(name))
		if value == "" || standard(name) != "" || strings.ContainsAny(value, "{}") {
			return "{" + name + "}"
		}
		return value
	})
}

// identity fills in how the identity provider is asked.
func (w *writer) identity(p *api.Provider, s settings) {
	kind := strings.ToLower(member(s.at, "identityProvider").Text())
	switch {
	case strings.HasPrefix(kind, "aad"):
		w.entra(p, s, kind)
	case s.text("authorizationurl") != "" || s.text("tokenurl") != "":
		p.AuthorizationEndpoint = w.endpoint(s, "authorizationurl")
		p.TokenEndpoint = w.endpoint(s, "tokenurl")
		p.RefreshEndpoint = w.endpoint(s, "refreshurl")
	case s.text("authorizationurltemplate") != "" || s.text("tokenurltemplate") != "":
		w.templates(p, s)
	default:
		w.named(p, s, kind)
	}
	if p.RefreshEndpoint == p.TokenEndpoint {
		p.RefreshEndpoint = ""
	}
	w.scopes(p, s)
}

// entra is Microsoft Entra ID: its v1 endpoints with a resource, as Power
// Platform asks it.
func (w *writer) entra(p *api.Provider, s settings, kind string) {
	login := strings.TrimRight(s.text("loginuri"), "/")
	if draft.Address(login) != "" {
		login = "https://login.microsoftonline.com"
	}
	tenant := s.text("tenantid")
	if tenant == "" {
		tenant = "common"
	}
	p.Variables["tenant"] = api.Variable{Label: "Tenant: its id or domain, or common", Default: tenant}
	p.AuthorizationEndpoint = login + "/{tenant}/oauth2/authorize"
	p.TokenEndpoint = login + "/{tenant}/oauth2/token"
	p.TokenEndpointAuthMethod = api.AuthMethods(oauth.AuthPost)
	resource := w.template(s, "resourceuri")
	if resource == "" {
		resource = w.template(s, "resourceurltemplate")
	}
	if resource == "" {
		w.note(s.at, "the resource", "the connector names none, and Entra wants one", "set resource under authorization_request.params, token_request.params and refresh_request.params")
		return
	}
	params := map[string]string{"resource": resource}
	p.AuthorizationRequest = &oauth.RequestRules{Params: params}
	p.TokenRequest = &oauth.RequestRules{Params: params}
	p.RefreshRequest = &oauth.RequestRules{Params: params}
	if kind == "aadcertificate" {
		p.TokenEndpointAuthMethod = api.AuthMethods(oauth.AuthPrivateKeyJWT)
	}
}

// named is an identity provider that Power Platform knows by name, and whose
// endpoints the file does not tell.
func (w *writer) named(p *api.Provider, s settings, kind string) {
	alias := map[string]string{"googlecustom": "google", "salesforcecustom": "salesforce", "dynamicscrmonlinecertificate": "dynamics", "bitbucket": "bitbucket"}
	name := strings.TrimSuffix(strings.ToLower(kind), "certificate")
	if other := alias[name]; other != "" {
		name = other
	}
	known, ok := builtIn(name)
	if !ok {
		w.note(s.at, "the identity provider", "its endpoints stand neither in the file nor in the catalogue", "set authorization_endpoint and token_endpoint")
		return
	}
	p.Endpoints, p.GrantRules, p.Requests, p.Refresh, p.Setup, p.ErrorHints = known.Endpoints, known.GrantRules, known.Requests, known.Refresh, known.Setup, known.ErrorHints
	for variable, v := range known.Variables {
		p.Variables[variable] = v
	}
	if known.API != nil {
		base := *known.API
		base.BaseURL, base.Test = "", nil
		if p.API != nil {
			base = base.Merge(*p.API)
		}
		p.API = &base
	}
}

// builtIn finds a provider of the catalogue.
func builtIn(name string) (api.Provider, bool) {
	known, err := catalog.BuiltIn()
	if err != nil {
		return api.Provider{}, false
	}
	p, found, err := known.Provider(name)
	return p, found && err == nil
}

// templates are requests that the connector writes out.
func (w *writer) templates(p *api.Provider, s settings) {
	p.AuthorizationEndpoint = w.endpoint(s, "authorizationurltemplate")
	p.TokenEndpoint = w.endpoint(s, "tokenurltemplate")
	p.RefreshEndpoint = w.endpoint(s, "refreshurltemplate")
	if query := s.text("authorizationurlquerystringtemplate"); query != "" {
		p.AuthorizationRequest = w.message(s.custom["authorizationurlquerystringtemplate"], "authorize", s.filled(query))
	}
	secret := false
	p.TokenRequest, secret = w.request(s, "token", &p.TokenEndpoint)
	p.RefreshRequest, _ = w.request(s, "refresh", &p.RefreshEndpoint)
	if secret {
		p.TokenEndpointAuthMethod = api.AuthMethods(oauth.AuthPost)
	}
}

// request reads body and query of a template: the one that carries the grant
// is the request, the other goes with it.
func (w *writer) request(s settings, leg string, endpoint *string) (*oauth.RequestRules, bool) {
	body, query := s.custom[leg+"bodytemplate"], s.custom[leg+"urlquerystringtemplate"]
	bodyText, queryText := s.filled(strings.TrimSpace(body.Text())), s.filled(strings.TrimSpace(query.Text()))
	switch {
	case bodyText == "" && queryText == "":
		return nil, false
	case bodyText == "":
		rules := w.message(query, leg, queryText)
		rules.Encoding = oauth.EncodingQuery
		return rules, parse(leg, queryText).secret
	case queryText != "" && !strings.Contains(queryText, "{") && *endpoint != "":
		*endpoint += "?" + strings.TrimLeft(queryText, "?&")
	case queryText != "":
		w.note(query, "a query beside a body", "a token request has its parameters in one place", "look whether the provider needs them twice")
	}
	return w.message(body, leg, bodyText), parse(leg, bodyText).secret
}

// message reads one template, and notes what cannot be sent.
func (w *writer) message(at draft.Value, leg, text string) *oauth.RequestRules {
	m := parse(leg, text)
	for range m.unknown {
		w.note(at, "a parameter made of several values", "one of them is not known in this request", "set it under params")
	}
	for _, value := range m.rules.Params {
		for _, name := range catalog.Variables(value) {
			w.use(name, "")
		}
	}
	return &m.rules
}

// endpoint is an address of the file as a template of ours.
func (w *writer) endpoint(s settings, key string) string {
	at, address := s.custom[key], w.template(s, key)
	if address == "" {
		return ""
	}
	if wrong := draft.Address(address); wrong != "" {
		w.note(at, "an endpoint", wrong, "set it by hand")
		return ""
	}
	return address
}

// template rewrites expressions and placeholders, and declares what they use.
func (w *writer) template(s settings, key string) string {
	at := s.custom[key]
	text, used, ok := expression(s.filled(s.text(key)))
	if !ok {
		w.note(at, "a computed value", "only connectionParameters can be carried over", "set it by hand")
		return ""
	}
	for parameter, value := range used {
		if !w.use(parameter, value) {
			w.note(at, "a value made of a secret parameter", "variables are not sealed", "set it by hand")
			return ""
		}
	}
	return draft.Placeholders(text, draft.SingleBraces, func(name string) string {
		w.use(name, "")
		return "{" + variable(name) + "}"
	})
}

func (w *writer) scopes(p *api.Provider, s settings) {
	var wanted []string
	for _, text := range member(s.at, "scopes").Texts() {
		wanted = append(wanted, draft.Scopes(text)...)
	}
	if len(wanted) == 0 {
		return
	}
	rules := api.ScopeRules{}
	if p.Scopes != nil {
		rules = *p.Scopes
	}
	rules.Default = draft.Scopes(strings.Join(wanted, " "))
	if separator := s.custom["scopelistdelimiter"].Text(); separator != "" && separator != " " {
		rules.Separator = separator
	}
	p.Scopes = &rules
}
