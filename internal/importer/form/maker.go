package form

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/oauth"
)

// maker makes the things of one form.
type maker struct {
	draft  *draft.Draft
	form   Form
	grant  string // of the connection; empty when there can be none
	scopes []string
	calls  *api.CallSettings
}

func (m *maker) note(what, why, do string) {
	m.draft.Add(draft.Note{Where: m.form.Where, What: what, Why: why, Do: do})
}

// fill puts the variables' values in a text.
func (m *maker) fill(text string) string {
	filled, _ := m.form.Variables.Fill(strings.TrimSpace(text))
	return filled
}

// plain is a text that cannot be a template: a client id, a scope. One with a
// variable that has no value is noted and left out.
func (m *maker) plain(key, text string) string {
	filled, missing := m.form.Variables.Fill(strings.TrimSpace(text))
	if len(missing) == 0 {
		return filled
	}
	m.note("the "+key+" is the variable "+strings.Join(missing, ", "), "the input has no value for it",
		"import the tool's environment file together with this one, or write the "+key+" by hand")
	return ""
}

func (m *maker) provider() (api.Provider, bool) {
	f := &m.form
	p := api.Provider{Title: f.Name}
	m.legs()
	p.AuthorizationEndpoint = m.endpoint("authorization URL", f.AuthorizationURL, &f.Authorization)
	p.TokenEndpoint = m.endpoint("token URL", f.TokenURL, &f.Token)
	p.RefreshEndpoint = m.endpoint("refresh URL", f.RefreshURL, &f.Refresh)
	p.RevocationEndpoint = m.endpoint("revocation URL", f.RevocationURL, &Leg{})
	if p.RefreshEndpoint == p.TokenEndpoint {
		p.RefreshEndpoint = ""
	}
	if p.TokenEndpoint == "" {
		m.note("OAuth settings without a token URL", "a connection cannot be made or renewed without one", "add the token URL in the tool, or describe the provider: docs/providers.md")
		return p, false
	}
	m.chooseGrant(p)
	p.Grant = m.grant
	p.AuthorizationRequest = m.rules(f.Authorization, "authorization request")
	p.TokenRequest = m.rules(f.Token, "token request")
	p.RefreshRequest = m.rules(f.Refresh, "refresh request")
	m.audience(&p)
	p.TokenEndpointAuthMethod = api.AuthMethods(f.AuthMethod)
	p.CodeChallengeMethod = f.Challenge
	p.TokenResponse = m.response()
	m.scopes, m.calls = m.readScopes(), m.readCalls()
	if separated := f.Separator != "" && f.Separator != " "; len(m.scopes) > 0 || separated {
		p.Scopes = &api.ScopeRules{Default: m.scopes}
		if separated {
			p.Scopes.Separator = f.Separator
		}
	}
	p.API = m.calls
	m.declare(&p)
	return p, true
}

// legs fills in the variables of the form's legs.
func (m *maker) legs() {
	for _, leg := range []*Leg{&m.form.Authorization, &m.form.Token, &m.form.Refresh} {
		params := make(map[string]string, len(leg.Params))
		for name, value := range leg.Params {
			params[m.fill(name)] = m.fill(value)
		}
		headers := make(map[string]string, len(leg.Headers))
		for name, value := range leg.Headers {
			headers[m.fill(name)] = m.fill(value)
		}
		leg.Params, leg.Headers = params, headers
	}
}

// endpoint is an address without its query, which goes to the leg.
func (m *maker) endpoint(what, text string, leg *Leg) string {
	text = m.fill(text)
	if text == "" {
		return ""
	}
	text, _, _ = strings.Cut(text, "#")
	address, query, _ := strings.Cut(text, "?")
	if !strings.Contains(address, "://") && !strings.HasPrefix(address, "{") {
		address = "https://" + strings.TrimLeft(address, "/")
	}
	if wrong := draft.Address(address); wrong != "" {
		m.note("the "+what, wrong, "write the whole address")
		return ""
	}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		if name == "" {
			continue
		}
		if _, set := leg.Params[name]; !set {
			leg.Set(name, value)
		}
	}
	return address
}

// unescape decodes a part of a query, whose braces stand for variables.
func unescape(text string) string {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return decoded
}

// chooseGrant takes the grant that we have for the tool's.
func (m *maker) chooseGrant(p api.Provider) {
	const code, service = string(oauth.GrantAuthorizationCode), string(oauth.GrantClientCredentials)
	hasCode := p.AuthorizationEndpoint != ""
	switch asked := m.form.Grant; {
	case asked == service, asked == "device_code", asked == "jwt_bearer":
		m.grant = asked
	case asked == code && hasCode, asked == "" && hasCode:
		m.grant = code
	case asked == "":
		m.grant = service
	case asked == code:
		m.note("an authorization code grant without an authorization URL", "a person could not be sent anywhere", "add authorization_endpoint to the provider and make a connection")
	case asked == "implicit" && hasCode:
		m.note("the implicit grant", "it gives no refresh token and is obsolete (RFC 9700 section 2.1.2)", "the connection uses the authorization code; allow that in the registration at the provider")
		m.grant = code
	case hasCode:
		m.note("the grant "+m.grantName(), "Valetkey does not keep people's passwords (RFC 9700 section 2.4) and has no other grant of this name", "the connection uses the authorization code; a person authorizes it once")
		m.grant = code
	case m.form.Tokens != nil && m.form.Tokens.RefreshToken != "":
		m.note("the grant "+m.grantName(), "Valetkey does not keep people's passwords (RFC 9700 section 2.4)", "the refresh token of the input keeps the connection alive; when it ends, import another")
		m.grant = service
	default:
		m.note("the grant "+m.grantName(), "Valetkey does not keep people's passwords (RFC 9700 section 2.4) and has no other grant of this name", "use client_credentials or the authorization code at this provider, or import a refresh token")
	}
}

// grantName is the tool's grant as a note may name it.
func (m *maker) grantName() string {
	if known := []string{"password", "implicit", "refresh_token"}; slices.Contains(known, m.form.Grant) {
		return m.form.Grant
	}
	return "that the tool names"
}

// dead says that no connection can be made.
func (m *maker) dead() bool { return m.grant == "" }

// reserved are parameters that Valetkey sends by itself.
var reserved = []string{"state", "code", "code_verifier", "code_challenge", "code_challenge_method", "redirect_uri", "grant_type", "refresh_token", "nonce"}

// secretive are names of parameters and headers whose value is no business of
// a provider's description.
var secretive = regexp.MustCompile(`(?i)secret|passw|token$|api[-_]?key|subscription-key|private|assertion$|^authorization$|^cookie$|^username$|signature`)

// rules are what is left of a leg when its standard parameters have gone where
// they belong.
func (m *maker) rules(leg Leg, request string) *oauth.RequestRules {
	r := oauth.RequestRules{Method: leg.Method, Encoding: leg.Encoding}
	for _, name := range slices.Sorted(maps.Keys(leg.Params)) {
		if value := leg.Params[name]; name != "" && !m.standard(name, value) && m.harmless(request+" parameter", name, value) {
			keep(&r.Params, name, value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(leg.Headers)) {
		value := leg.Headers[name]
		form := strings.EqualFold(name, "Content-Type") && strings.Contains(value, "form-urlencoded")
		if name != "" && !form && m.harmless(request+" header", name, value) {
			keep(&r.Headers, name, value)
		}
	}
	if r.Method == "POST" {
		r.Method = ""
	}
	if r.Method == "" && r.Encoding == "" && r.Params == nil && r.Headers == nil {
		return nil
	}
	return &r
}

// keep sets a member of a map that may not be there yet.
func keep(into *map[string]string, name, value string) {
	if *into == nil {
		*into = make(map[string]string)
	}
	(*into)[name] = value
}

// standard takes a parameter of the RFC to its place.
func (m *maker) standard(name, value string) bool {
	f := &m.form
	if len(catalog.Variables(value)) > 0 {
		value = "" // {client_id} and its like: Valetkey's own
	}
	switch name {
	case "client_id":
		f.ClientID = firstOf(f.ClientID, value)
	case "client_secret":
		f.ClientSecret = firstOf(f.ClientSecret, value)
	case "scope":
		f.Scopes = firstOf(f.Scopes, value)
	case "response_type":
		if value != "code" && value != "" {
			m.note("response_type", "the answer wanted is not a code", "set response_type of the provider if it is needed: docs/providers.md")
		}
	default:
		return slices.Contains(reserved, name)
	}
	return true
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// harmless says whether a parameter or header may stand in a description.
func (m *maker) harmless(kind, name, value string) bool {
	if strings.ContainsAny(name, "{}") {
		m.note("a "+kind+" whose name is a variable", "names are fixed here", "write it by hand")
		return false
	}
	if value == "" || !secretive.MatchString(name) || strings.HasPrefix(value, "{") && len(catalog.Variables(value)) > 0 {
		return true
	}
	m.note("the "+kind+" "+name, "its name says that it may be a secret, and everybody may read a provider", "write it into the provider if it is none, or as a variable of the client")
	return false
}

// audience adds the parameters of RFC 8707 and its like, which tools have
// fields for, to the requests that carry them.
func (m *maker) audience(p *api.Provider) {
	for name, value := range map[string]string{"audience": m.fill(m.form.Audience), "resource": m.fill(m.form.Resource)} {
		if value == "" {
			continue
		}
		legs := []**oauth.RequestRules{&p.TokenRequest}
		if m.grant == string(oauth.GrantAuthorizationCode) {
			legs = append(legs, &p.AuthorizationRequest)
		}
		for _, leg := range legs {
			if *leg == nil {
				*leg = &oauth.RequestRules{}
			}
			if (*leg).Params == nil {
				(*leg).Params = make(map[string]string)
			}
			if (*leg).Params[name] == "" {
				(*leg).Params[name] = value
			}
		}
	}
}
