package openapi

import (
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/oauth"
)

// maxGrants is how many flows of a description are looked at.
const maxGrants = 100

// server is one authorization server: all grants that share its endpoints.
type server struct {
	grant
	flows   []string
	schemes []string
}

// group puts grants with the same endpoints together: those with a token
// endpoint by that; one with an authorization endpoint alone (implicit) to
// the server that has the same.
func (r *reader) group(grants []grant) []server {
	var servers []server
	if len(grants) > maxGrants {
		r.note(grants[maxGrants].at, "security schemes from here on", "there are too many", "split the description")
		grants = grants[:maxGrants]
	}
	for _, withToken := range []bool{true, false} {
		for _, g := range grants {
			if (g.token != "" || g.issuer != "") == withToken {
				servers = join(servers, g)
			}
		}
	}
	slices.SortStableFunc(servers, func(a, b server) int { return r.weight(b) - r.weight(a) })
	return slices.DeleteFunc(servers, func(s server) bool {
		empty := s.token == "" && s.issuer == "" && s.authorization == ""
		if empty {
			r.note(s.at, "an oauth2 flow", "it has no endpoints", "set authorization_endpoint and token_endpoint")
		}
		return empty
	})
}

// weight says how likely a server is the one that is meant: that of the
// description's own security, else one that people authorize at.
func (r *reader) weight(s server) int {
	weight := 0
	for _, requirement := range r.root.Get("security").Items() {
		for _, scheme := range requirement.Keys() {
			if slices.Contains(s.schemes, scheme) {
				weight = 2
			}
		}
	}
	if slices.Contains(s.flows, "authorizationCode") {
		weight++
	}
	return weight
}

func join(servers []server, g grant) []server {
	for i := range servers {
		s := &servers[i]
		same := g.issuer == s.issuer && g.token == s.token && (g.authorization == "" || s.authorization == "" || g.authorization == s.authorization)
		if g.token == "" && g.issuer == "" {
			same = g.authorization == s.authorization || s.authorization == "" && s.scheme == g.scheme
		}
		if !same {
			continue
		}
		for _, fill := range []struct {
			into *string
			from string
		}{{&s.authorization, g.authorization}, {&s.refresh, g.refresh}, {&s.device, g.device}} {
			if *fill.into == "" {
				*fill.into = fill.from
			}
		}
		s.scopes = merged(s.scopes, g.scopes)
		s.flows = append(s.flows, g.flow)
		s.schemes = append(s.schemes, g.scheme)
		return servers
	}
	return append(servers, server{grant: g, flows: []string{g.flow}, schemes: []string{g.scheme}})
}

// fill writes an authorization server into a provider.
func (r *reader) fill(p *api.Provider, s server, name string) {
	p.Issuer, p.AuthorizationEndpoint, p.TokenEndpoint, p.DeviceAuthorizationEndpoint = s.issuer, s.authorization, s.token, s.device
	if s.refresh != s.token {
		p.RefreshEndpoint = s.refresh
	}
	has := func(flow string) bool { return slices.Contains(s.flows, flow) }
	switch {
	case has("authorizationCode"), s.issuer != "":
	case has("deviceAuthorization"):
		p.Grant = "device_code"
	case has("clientCredentials"):
		p.Grant = string(oauth.GrantClientCredentials)
	case has("implicit"):
		r.note(s.at, "the flow implicit", "tokens in an address are not taken (RFC 9700 section 2.1.2)", "look up whether the provider also has the authorization code flow; the draft assumes so: check authorization_endpoint and token_endpoint")
	}
	p.Scopes = r.scopes(s)
	r.declare(p)
	p.Provenance = &api.Provenance{Sources: []string{draft.Stem(r.root.File())}, Verification: api.VerificationUnverified}
}

func (r *reader) scopes(s server) *api.ScopeRules {
	rules := api.ScopeRules{Default: r.rootScopes(s)}
	for scope, meaning := range s.scopes {
		if meaning == "" {
			meaning = scope
		}
		if rules.Meanings == nil {
			rules.Meanings = make(map[string]string, len(s.scopes))
		}
		rules.Meanings[scope] = meaning
	}
	if len(rules.Default) == 0 && rules.Meanings == nil {
		return nil
	}
	return &rules
}

// rootScopes are those that every call needs: the description's own security.
func (r *reader) rootScopes(s server) []string {
	for _, requirement := range r.root.Get("security").Items() {
		for _, scheme := range requirement.Keys() {
			if slices.Contains(s.schemes, scheme) {
				return requirement.Get(scheme).Texts()
			}
		}
	}
	return nil
}

// declare adds the variables of endpoints, which descriptions do not declare.
func (r *reader) declare(p *api.Provider) {
	vars := make(map[string]api.Variable, len(p.Variables))
	for name, v := range p.Variables {
		vars[name] = v
	}
	for _, template := range []string{p.Issuer, p.AuthorizationEndpoint, p.TokenEndpoint, p.RefreshEndpoint, p.DeviceAuthorizationEndpoint} {
		for _, name := range catalog.Variables(template) {
			if _, known := vars[name]; !known {
				vars[name] = api.Variable{Label: strings.ReplaceAll(name, "_", " ")}
			}
		}
	}
	p.Variables = vars
}
