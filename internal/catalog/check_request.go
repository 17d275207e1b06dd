package catalog

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

// flow checks how codes and tokens come and are renewed.
func (c *checker) flow() {
	p := c.provider
	c.builtIn = builtIn(LegAuthorization)
	c.texts("redirect_uri_param", map[string]string{"": p.RedirectURIParam})
	c.builtIn = builtIn(authenticationKey)
	if own := p.TokenEndpointAuth; own != nil {
		c.texts(authenticationKey, map[string]string{"username": own.Username, "password": own.Password})
		if own.Username == "" && own.Password == "" {
			c.wrong(authenticationKey, "it names neither a username nor a password")
		}
		if p.TokenEndpointAuthMethod != "" {
			c.wrong("token_endpoint_auth_method", "it and token_endpoint_auth exclude each other")
		}
	}
	c.builtIn = nil
	c.authorizationResponse()
	c.renewal()
	if p.API != nil && p.API.Token != nil {
		sources := []string{"", api.TokenSourceAccessToken, api.TokenSourceIDToken}
		if !slices.Contains(sources, p.API.Token.Source) {
			c.wrong("api.token.source", "%q is not one of access_token, id_token", p.API.Token.Source)
		}
	}
}

// renewal checks how tokens are renewed, and which ones come besides.
func (c *checker) renewal() {
	p, r := c.provider, c.provider.Refresh
	for _, name := range slices.Sorted(maps.Keys(p.AdditionalTokens)) {
		if c.texts("additional_tokens."+name+".params", p.AdditionalTokens[name].Params); len(p.AdditionalTokens[name].Params) == 0 {
			c.at([]string{"additional_tokens", name}, "without params it is the connection's own token")
		}
	}
	if r == nil {
		return
	}
	strategies := []string{"", api.RefreshByRefreshToken, api.RefreshByAccessToken, api.RefreshBySameGrant, api.RefreshNever}
	if !slices.Contains(strategies, r.Strategy) {
		c.wrong("refresh.strategy", "%q is not one of %s", r.Strategy, strings.Join(strategies[1:], ", "))
	}
	if r.Strategy == api.RefreshBySameGrant && (p.Grant == "" || p.Grant == string(oauth.GrantAuthorizationCode)) {
		c.wrong("refresh.strategy", "same_grant is for a grant that needs no person; a code is good for one token")
	}
	if r.DeadGrant != nil && len(r.DeadGrant.Status) == 0 && len(r.DeadGrant.Error) == 0 {
		c.wrong("refresh.dead_grant", "it names neither a status nor an error")
	}
	if r.NotBeforeExpiry && r.Skew > 0 {
		c.wrong("refresh.skew", "not_before_expiry leaves nothing of it")
	}
}

func (c *checker) authorizationResponse() {
	p := c.provider
	types := strings.Fields(p.ResponseType)
	if len(types) > 0 && !slices.Contains(types, "code") && !ConsentOnly(p) {
		c.wrong("response_type", "it has no code, and tokens in an address are not taken (RFC 9700 section 2.1.2)")
	}
	r := p.AuthorizationResponse
	if r == nil {
		return
	}
	if r.Verify != "" && r.Verify != api.VerifyShopify {
		c.wrong("authorization_response.verify", "%q is not one of %s", r.Verify, api.VerifyShopify)
	}
	if r.ConsentOnly && len(r.Code) > 0 {
		c.wrong("authorization_response.code", "consent_only says that there is none")
	}
	for _, name := range r.Code {
		if name == "" || name == "state" || name == "error" || name == oauth.NoCode {
			c.wrong("authorization_response.code", "%q cannot be the name of the code", name)
		}
	}
}

// responses checks the rules by which answers are judged.
func (c *checker) responses() {
	p := c.provider
	c.response("token_response", p.TokenResponse)
	c.response("refresh_response", p.RefreshResponse)
	for i, step := range p.Exchange {
		c.response(Step(i)+".response", step.Response)
		if step.URL == "" {
			c.wrong(Step(i)+".url", "it is missing")
		}
	}
}

func (c *checker) response(key string, r *oauth.ResponseRules) {
	if r == nil {
		return
	}
	for _, choice := range []struct {
		key, value string
		allowed    []string
	}{
		{"format", r.Format, []string{"json", "form"}},
		{"expires", r.Expires, []string{oauth.ExpiresNever, oauth.ExpiresIntrospect, oauth.ExpiresJWT}},
	} {
		if choice.value != "" && !slices.Contains(choice.allowed, choice.value) {
			c.wrong(key+"."+choice.key, "%q is not one of %s", choice.value, strings.Join(choice.allowed, ", "))
		}
	}
	if r.ExpiresIn != nil && !slices.Contains([]string{"", "s", "ms", "m"}, r.ExpiresIn.Unit) {
		c.wrong(key+".expires_in.unit", "%q is not one of s, ms, m", r.ExpiresIn.Unit)
	}
	if r.Expires == oauth.ExpiresIntrospect && c.provider.IntrospectionEndpoint == "" && c.provider.Issuer == "" {
		c.wrong(key+".expires", "introspect needs an introspection_endpoint (RFC 7662), or an issuer to discover it from")
	}
	c.refusal(key+".auth_error", r.AuthError)
	c.tokenSets(key, r.TokenSets)
	for _, kept := range r.Keep {
		if kept != "access_token" && kept != "refresh_token" {
			c.wrong(key+".keep", "%q is not one of access_token, refresh_token", kept)
		}
		if key != "refresh_response" {
			c.wrong(key+".keep", "only a refresh_response has something before it to keep")
		}
	}
}

// tokenSets checks the further tokens of an answer: each is a connection whose
// name ends in the set's.
func (c *checker) tokenSets(key string, sets map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		at := append(strings.Split(key, "."), "token_sets", name)
		if key != "token_response" {
			c.at(at, "it belongs to token_response: a refresh is of one set")
		}
		if !setName.MatchString(name) {
			c.at(at, "the name of a set is up to 32 small letters, digits and underscores")
		}
		if !strings.HasPrefix(sets[name], "/") {
			c.at(at, "it must be a JSON pointer such as /authed_user; the first token needs no name")
		}
	}
}

// setName keeps what is added to a connection's name fit for one.
var setName = regexp.MustCompile(`^[a-z0-9_]{1,32}$`)

// auth checks the client authentication of one request.
func (c *checker) auth(l leg) {
	methods := []string{"", string(oauth.AuthBasic), string(oauth.AuthPost), string(oauth.AuthNone)}
	if l.key == LegRevocation {
		methods = append(methods, oauth.AuthAccessToken)
	}
	if !slices.Contains(methods, l.rules.Auth) {
		c.wrong(l.key+".auth", "%q is not one of %s", l.rules.Auth, strings.Join(methods[1:], ", "))
	}
}

// forms checks the endpoints that have several forms.
func (c *checker) forms() {
	e := c.provider.Endpoints
	known := endpoints(&e)
	for _, name := range slices.Sorted(maps.Keys(e.EndpointForms)) {
		at := slices.IndexFunc(known, func(one endpoint) bool { return one.key == name })
		if at < 0 {
			c.at([]string{"endpoint_forms", name}, "there is no such endpoint")
			continue
		}
		if *known[at].url != "" {
			c.wrong(name, "it stands in endpoint_forms as well; write it there as the last form")
		}
		forms := e.EndpointForms[name]
		for i, form := range forms {
			c.address("endpoint_forms."+name, form, true)
			if i < len(forms)-1 && len(Variables(form)) == 0 {
				c.at([]string{"endpoint_forms", name}, "a form without variables is always taken; those after it never are")
			}
		}
	}
}
