package form

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/oauth"
)

func (m *maker) response() *oauth.ResponseRules {
	r := m.form.Response
	if r == (Response{}) {
		return nil
	}
	rules := oauth.ResponseRules{AccessToken: r.AccessToken, RefreshToken: r.RefreshToken, Scope: r.Scope}
	if r.ExpiresIn != "" {
		rules.ExpiresIn = &oauth.Lifetime{Pointer: r.ExpiresIn}
	}
	return &rules
}

// readScopes are the scopes to ask for; one that is a variable is noted.
func (m *maker) readScopes() []string {
	text := m.plain("scope", m.form.Scopes)
	if sep := m.form.Separator; sep != "" && strings.TrimSpace(sep) != "" {
		text = strings.ReplaceAll(text, sep, " ")
	}
	return draft.Scopes(text)
}

// readCalls is the api block of the provider. What makes it wrong is left out with a note.
func (m *maker) readCalls() *api.CallSettings {
	s := m.form.API
	s.BaseURL = m.fill(s.BaseURL)
	if s.BaseURL != "" {
		base, wrong := draft.BaseURL(s.BaseURL)
		if wrong != "" {
			m.note("the address of the API", wrong, "set api.base_url of the provider")
		}
		s.BaseURL = base
	}
	if s.BaseURL == "" {
		s.Test = nil
	}
	s.Headers, s.Query = m.texts("API header", s.Headers), m.texts("API query parameter", s.Query)
	if says(s) == "{}" {
		return nil
	}
	return &s
}

func (m *maker) texts(kind string, from map[string]string) map[string]string {
	var kept map[string]string
	for _, name := range slices.Sorted(maps.Keys(from)) {
		value := m.fill(from[name])
		if !m.harmless(kind, name, value) {
			continue
		}
		if kept == nil {
			kept = make(map[string]string)
		}
		kept[name] = value
	}
	return kept
}

// declare declares the variables that the description uses.
func (m *maker) declare(p *api.Provider) {
	text, err := json.Marshal(p)
	if err != nil {
		return
	}
	standard := []string{catalog.InClientID, catalog.InClientSecret, catalog.InRedirectURI, catalog.InAccessToken, catalog.InRefreshToken}
	for _, name := range catalog.Variables(string(text)) {
		if strings.Contains(name, ".") || slices.Contains(standard, name) {
			continue
		}
		if p.Variables == nil {
			p.Variables = make(map[string]api.Variable)
		}
		p.Variables[name] = api.Variable{Label: name + ", a variable of the imported file"}
		if m.form.Given[name] != "" {
			continue
		}
		m.note("the variable "+name, "the input has no value for it", "set it in the client's or the connection's variables")
	}
}

func (m *maker) client(provider string) (api.ClientSpec, bool) {
	f := &m.form
	c := api.ClientSpec{Provider: provider, ClientID: m.plain("client_id", f.ClientID), AllowedHosts: f.AllowedHosts}
	if c.ClientID == "" {
		if strings.TrimSpace(f.ClientID) == "" {
			m.note("OAuth settings without a client id", "a client cannot be made without one", "make a client of the provider "+provider+" by hand")
		}
		return c, false
	}
	if secret := m.plain("client_secret", f.ClientSecret); Masked(secret) {
		m.note("the client secret", "the input holds a mask in its place", "set client_secret of the client by hand")
	} else if secret != "" {
		value := api.Secret(secret)
		c.ClientSecret = &value
	}
	return c, true
}

// Masked says whether a text stands for a secret that is not shown.
func Masked(text string) bool {
	return text != "" && (strings.Trim(text, "*•●x") == "" && len(text) > 2 || text == api.Mask || strings.HasPrefix(text, "__n8n_BLANK_VALUE"))
}

// connection is thin where the provider says the same.
func (m *maker) connection(client string, p api.Provider) api.ConnectionSpec {
	c := api.ConnectionSpec{Client: client, Scopes: m.scopes}
	for name, value := range m.form.Given {
		if _, declared := p.Variables[name]; declared && value != "" {
			if c.Variables == nil {
				c.Variables = make(map[string]string)
			}
			c.Variables[name] = value
		}
	}
	if m.grant != p.Grant {
		c.Grant = m.grant
	}
	if p.Scopes != nil && slices.Equal(p.Scopes.Default, c.Scopes) {
		c.Scopes = nil
	}
	if m.calls != nil && (p.API == nil || says(m.calls) != says(p.API)) {
		c.API = m.calls
	}
	return c
}

func (m *maker) leftToken() {
	if m.form.Tokens != nil {
		m.note("a token set", "there is no connection it could belong to", "make the connection, then: valetkey import token FILE --name NAME")
	}
}
