package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Finding is one thing wrong with a description.
type Finding struct {
	Path    []string // the keys that lead to it
	Message string
}

// String returns path: message.
func (f Finding) String() string { return strings.Join(f.Path, ".") + ": " + f.Message }

// Lint says what is wrong with a description whose keys are right: every
// problem, each with the key it stands under.
func Lint(p api.Provider) []Finding {
	c := checker{provider: p, used: make(map[string]bool)}
	c.endpoints()
	c.choices()
	c.assertions()
	c.certificates()
	c.requests()
	c.flow()
	c.responses()
	c.settings()
	c.consent()
	c.sources()
	c.operations()
	c.variables()
	return c.found
}

// Check makes one error of what [Lint] finds, with [api.CodeInvalid].
func Check(p api.Provider) error {
	found := Lint(p)
	if len(found) == 0 {
		return nil
	}
	name := p.Name
	if name == "" {
		name = "this provider"
	}
	lines := make([]string, len(found))
	for i, f := range found {
		lines[i] = f.String()
	}
	return fault.New(api.CodeInvalid, "the description of %s is not right: %s", name, strings.Join(lines, "; ")).
		WithHint("docs/providers.md has every key")
}

type checker struct {
	provider api.Provider
	used     map[string]bool
	found    []Finding
	builtIn  []string // what templates may use besides variables, where the check stands now
}

// wrong records a problem under a dotted key. Keys that come from the
// document, and may hold dots themselves, go through at.
func (c *checker) wrong(key, format string, args ...any) {
	c.at(strings.Split(key, "."), format, args...)
}

func (c *checker) at(path []string, format string, args ...any) {
	c.found = append(c.found, Finding{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) endpoints() {
	e := c.provider.Endpoints
	for _, endpoint := range endpoints(&e) {
		c.address(endpoint.key, *endpoint.url, true)
	}
	c.forms()
	if c.provider.Grant != "implicit" && e.Issuer == "" && e.TokenEndpoint == "" && len(e.EndpointForms["token_endpoint"]) == 0 {
		c.wrong("token_endpoint", "it is missing, and there is no issuer to discover it from")
	}
}

// address checks one template with stand-ins for its variables.
func (c *checker) address(key, template string, protocol bool) {
	if template == "" {
		return
	}
	vars := c.note(template)
	if at := reference.FindStringIndex(template); at != nil && at[0] == 0 {
		// The variable brings scheme and host; any address stands in for it.
		vars[Variables(template)[0]] = "https://x.example"
	}
	for _, name := range Unguarded(template, c.provider.Variables) {
		c.wrong(key, "{%s} chooses a host, and the provider's answer chooses it: give variables.%s a must_match", name, name)
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
		vars[name] = "x"
		if slices.Contains(c.builtIn, name) {
			continue
		}
		base, member, chosen := strings.Cut(name, ".")
		c.used[base] = true
		if v, declared := c.provider.Variables[base]; declared && chosen && !offered(v, member) {
			c.at([]string{"variables", base, "options"}, "{%s} is used, and not every option has %s", name, member)
		}
	}
	return vars
}

func (c *checker) choices() {
	p, rotation, verification := c.provider, "", ""
	if p.Refresh != nil {
		rotation = p.Refresh.Rotation
	}
	if p.Provenance != nil {
		verification = p.Provenance.Verification
	}
	for _, choice := range []struct {
		key, value string
		allowed    []string
	}{
		{"refresh.rotation", rotation, []string{api.RotationNone, api.RotationOptional, api.RotationSingleUse}},
		{"provenance.verification", verification, []string{api.VerificationTried, api.VerificationDocumented, api.VerificationCollected, api.VerificationUnverified}},
		{"grant", p.Grant, []string{string(oauth.GrantAuthorizationCode), "device_code", string(oauth.GrantClientCredentials), "jwt_bearer", "saml2_bearer", "token_exchange", "on_behalf_of", grantCustom, string(oauth.GrantPassword), "implicit"}},
		{"code_challenge_method", p.CodeChallengeMethod, []string{oauth.MethodS256, oauth.MethodPlain, oauth.MethodNone}},
		{"token_endpoint_auth_method", string(p.TokenEndpointAuthMethod), methodNames()},
		{"dpop", p.DPoP, []string{api.DPoPAuto, api.DPoPRequired, api.DPoPOff}},
	} {
		if choice.value != "" && !slices.Contains(choice.allowed, choice.value) {
			c.wrong(choice.key, "%q is not one of %s", choice.value, strings.Join(choice.allowed, ", "))
		}
	}
	if p.Grant == grantCustom && (p.TokenRequest == nil || p.TokenRequest.GrantType == "") {
		c.wrong("token_request.grant_type", "the grant custom has no name without it")
	}
	c.challenge()
}

// grantCustom is a grant of the provider's own.
const grantCustom = "custom"

// challenge refuses an authorization that nothing binds to us.
func (c *checker) challenge() {
	p := c.provider
	if oauth.AuthMethod(p.TokenEndpointAuthMethod) == oauth.AuthNone && p.CodeChallengeMethod == oauth.MethodNone {
		c.wrong("code_challenge_method", "a client without a secret needs a code challenge (RFC 9700 section 2.1.1)")
	}
}

func (c *checker) requests() {
	p := c.provider
	for _, leg := range requestRules(&p) {
		c.builtIn = builtIn(leg.key)
		encodings := []string{"", oauth.EncodingForm, oauth.EncodingJSON, oauth.EncodingQuery}
		if !slices.Contains(encodings, leg.rules.Encoding) {
			c.wrong(leg.key+".encoding", "%q is not one of form, json, query", leg.rules.Encoding)
		}
		if m := leg.rules.Method; m != "" && !slices.Contains([]string{"GET", "POST", "PUT", "DELETE"}, m) {
			c.wrong(leg.key+".method", "%q is not one of GET, POST, PUT, DELETE", m)
		}
		c.auth(leg)
		c.address(leg.key+".url", leg.rules.URL, true)
		c.texts(leg.key+".params", leg.rules.Params)
		c.texts(leg.key+".headers", leg.rules.Headers)
		c.signatures(leg.key, leg.rules.Sign)
		for name, templates := range leg.rules.Repeat {
			for _, template := range templates {
				c.texts(leg.key+".repeat", map[string]string{name: template})
			}
		}
	}
	c.builtIn = nil
	c.inheritedSignatures()
}

// assertions checks the JWTs that authenticate a client or are a grant.
func (c *checker) assertions() {
	c.builtIn = []string{InClientID}
	for key, rules := range map[string]*api.AssertionRules{"client_assertion": c.provider.ClientAssertion, "assertion": c.provider.Assertion} {
		if rules == nil {
			continue
		}
		texts := map[string]string{"audience": rules.Audience}
		if rules.Header != nil {
			texts["header.kid"] = rules.Header.KeyID
		}
		for name, value := range rules.Claims {
			if text, ok := value.(string); ok {
				texts["claims."+name] = text
			}
		}
		c.texts(key, texts)
	}
	c.builtIn = nil
}

// texts checks the templates of parameters and headers.
func (c *checker) texts(key string, set map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if _, err := ExpandText(set[name], c.note(set[name])); err != nil {
			c.at(append(strings.Split(key, "."), name), "%s", fault.As(err).Message)
		}
	}
}

func (c *checker) settings() {
	s := c.provider.API
	if s == nil {
		return
	}
	c.address("api.base_url", s.BaseURL, false)
	c.builtIn = []string{InClientID}
	c.texts("api.headers", s.Headers)
	c.texts("api.query", s.Query)
	c.testTexts(s.Test)
	c.builtIn = nil
	if s.BaseURL == "" && s.Test != nil {
		c.wrong("api.base_url", "it is missing, and api.test stands under it")
	}
	c.limits(*s)
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
		if _, declared := c.provider.Variables[name]; !declared && isBuiltIn(name) {
			c.wrong("variables", "{%s} is used where it is not known", name)
		} else if !declared {
			c.wrong("variables", "{%s} is used and not declared", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.provider.Variables)) {
		v, key := c.provider.Variables[name], []string{"variables", name}
		if !c.used[name] {
			c.at(key, "it is declared and used nowhere")
		}
		if !c.patterns(key, v) || v.Default == "" {
			continue
		}
		if err := allowed(name, v, v.Default); err != nil {
			c.at(append(key, "default"), "%s", fault.As(err).Message)
		}
	}
}
