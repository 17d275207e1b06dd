package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Check says what is wrong with a description whose keys are right: every
// problem, each with the key it stands under. The error has [api.CodeInvalid].
func Check(p api.Provider) error {
	c := checker{provider: p, used: make(map[string]bool)}
	c.endpoints()
	c.choices()
	c.settings()
	c.variables()
	if len(c.problems) == 0 {
		return nil
	}
	name := p.Name
	if name == "" {
		name = "this provider"
	}
	return fault.New(api.CodeInvalid, "the description of %s is not right: %s", name, strings.Join(c.problems, "; ")).
		WithHint("docs/providers.md has every key")
}

type checker struct {
	provider api.Provider
	used     map[string]bool
	problems []string
}

func (c *checker) wrong(key, format string, args ...any) {
	c.problems = append(c.problems, key+": "+fmt.Sprintf(format, args...))
}

func (c *checker) endpoints() {
	e := c.provider.Endpoints
	for _, endpoint := range []struct{ key, template string }{
		{"issuer", e.Issuer},
		{"authorization_endpoint", e.AuthorizationEndpoint},
		{"token_endpoint", e.TokenEndpoint},
		{"refresh_endpoint", e.RefreshEndpoint},
		{"revocation_endpoint", e.RevocationEndpoint},
		{"introspection_endpoint", e.IntrospectionEndpoint},
		{"userinfo_endpoint", e.UserinfoEndpoint},
	} {
		c.address(endpoint.key, endpoint.template, true)
	}
	if e.Issuer == "" && e.TokenEndpoint == "" {
		c.wrong("token_endpoint", "it is missing, and there is no issuer to discover it from")
	}
}

// address checks one template with stand-ins for its variables.
func (c *checker) address(key, template string, protocol bool) {
	if template == "" {
		return
	}
	vars := c.note(template)
	if reference.FindStringIndex(template) != nil && reference.FindStringIndex(template)[0] == 0 {
		return // the variable brings scheme and host: checked when it has a value
	}
	text, err := Expand(template, vars)
	if err != nil {
		c.wrong(key, "%s", fault.As(err).Message)
		return
	}
	if strings.ContainsAny(text, "{}") {
		c.wrong(key, "it has a brace that is no {variable}")
		return
	}
	var options []oauth.Option
	if !protocol {
		options = append(options, oauth.AllowInsecure)
	}
	if oauth.CheckEndpoint(text, options...) != nil {
		c.wrong(key, "it must be an https address, or http on loopback, without user and password")
	}
}

// note records the variables of a template and gives each a stand-in.
func (c *checker) note(template string) map[string]string {
	vars := make(map[string]string)
	for _, name := range Variables(template) {
		c.used[name] = true
		vars[name] = "x"
	}
	return vars
}

func (c *checker) choices() {
	p := c.provider
	for _, choice := range []struct {
		key, value string
		allowed    []string
	}{
		{"grant", p.Grant, []string{string(oauth.GrantAuthorizationCode), string(oauth.GrantClientCredentials)}},
		{"code_challenge_method", p.CodeChallengeMethod, []string{oauth.MethodS256, oauth.MethodPlain, oauth.MethodNone}},
		{"token_endpoint_auth_method", p.TokenEndpointAuthMethod, []string{string(oauth.AuthBasic), string(oauth.AuthPost), string(oauth.AuthNone)}},
	} {
		if choice.value != "" && !slices.Contains(choice.allowed, choice.value) {
			c.wrong(choice.key, "%q is not one of %s", choice.value, strings.Join(choice.allowed, ", "))
		}
	}
	for _, leg := range []struct {
		key   string
		rules *oauth.RequestRules
	}{
		{"authorization_request", p.AuthorizationRequest},
		{"token_request", p.TokenRequest},
		{"refresh_request", p.RefreshRequest},
		{"revocation_request", p.RevocationRequest},
	} {
		if leg.rules == nil {
			continue
		}
		encodings := []string{"", oauth.EncodingForm, oauth.EncodingJSON, oauth.EncodingQuery}
		if !slices.Contains(encodings, leg.rules.Encoding) {
			c.wrong(leg.key+".encoding", "%q is not one of form, json, query", leg.rules.Encoding)
		}
		c.texts(leg.rules.Params, leg.rules.Headers)
	}
}

// texts notes the variables of parameters and headers.
func (c *checker) texts(sets ...map[string]string) {
	for _, set := range sets {
		for _, template := range set {
			c.note(template)
		}
	}
}

func (c *checker) settings() {
	s := c.provider.API
	if s == nil {
		return
	}
	c.address("api.base_url", s.BaseURL, false)
	c.texts(s.Headers, s.Query)
	if s.Token == nil {
		return
	}
	for _, in := range s.Token.In {
		if in != api.InHeader && in != api.InQuery && in != api.InBody {
			c.wrong("api.token.in", "%q is not one of header, query, body", in)
		}
	}
}

func (c *checker) variables() {
	for _, name := range slices.Sorted(maps.Keys(c.used)) {
		if _, declared := c.provider.Variables[name]; !declared {
			c.wrong("variables", "{%s} is used and not declared", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.provider.Variables)) {
		v, key := c.provider.Variables[name], "variables."+name
		if !c.used[name] {
			c.wrong(key, "it is declared and used nowhere")
		}
		if _, err := regexp.Compile(v.Pattern); err != nil {
			c.wrong(key+".pattern", "it is not a regular expression")
			continue
		}
		if v.Default != "" && mismatch(v, v.Default) != "" {
			c.wrong(key+".default", "%s", mismatch(v, v.Default))
		}
	}
}
