package catalog

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Resolved is a description with its variables filled in.
type Resolved struct {
	Provider  api.Provider      // endpoints and request rules expanded; the api block still holds templates
	Variables map[string]string // the values in force, for the templates of the api block
	later     map[string]oauth.RequestRules
}

// Values are what fills in the variables of a description, each over the one
// before.
type Values struct {
	Captured   map[string]string // what the provider's answers brought
	Client     map[string]string
	Connection map[string]string
}

// Resolve fills in a description: its defaults, then the values. An optional
// variable without a value is empty. One that the provider has yet to tell is
// left out, with every endpoint and parameter that needs it. The error is
// [api.CodeNeedsConfiguration] and says which variable is missing or not
// allowed.
func Resolve(p api.Provider, given Values) (Resolved, error) {
	values := collect(p, given)
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if err := checkValue(name, p.Variables[name], values); err != nil {
			return Resolved{}, err
		}
		setMembers(values, name, p.Variables[name])
	}
	p = clone(p)
	setRedirectParam(&p)
	resolved := Resolved{Provider: p, Variables: values, later: make(map[string]oauth.RequestRules)}
	resolved.chooseForms()
	if err := resolved.expandEndpoints(); err != nil {
		return Resolved{}, err
	}
	for _, rules := range requestRules(&resolved.Provider) {
		if err := resolved.expandRules(rules); err != nil {
			return Resolved{}, err
		}
	}
	return resolved, nil
}

// setRedirectParam writes what the provider reads as redirect_uri into the
// requests that have one (RFC 6749 sections 4.1.1, 4.1.3).
func setRedirectParam(p *api.Provider) {
	if p.RedirectURIParam == "" {
		return
	}
	for _, rules := range []**oauth.RequestRules{&p.AuthorizationRequest, &p.TokenRequest} {
		if *rules == nil {
			*rules = &oauth.RequestRules{}
		}
		if slices.Contains((*rules).Omit, InRedirectURI) {
			continue
		}
		if (*rules).Params == nil {
			(*rules).Params = make(map[string]string)
		}
		(*rules).Params[InRedirectURI] = p.RedirectURIParam
	}
}

// collect lays the values over each other.
func collect(p api.Provider, given Values) map[string]string {
	values := make(map[string]string)
	for name, declared := range p.Variables {
		if declared.Default != "" || declared.Optional {
			values[name] = declared.Default
		}
		if value := given.Captured[name]; value != "" && Outside(declared) {
			values[name] = value
		}
	}
	for i, layer := range []map[string]string{given.Client, given.Connection} {
		for name, value := range layer {
			declared := p.Variables[name]
			if i > 0 && declared.From == api.FromClient {
				continue
			}
			value = strings.TrimSuffix(strings.TrimPrefix(value, declared.Prefix), declared.Suffix)
			// An empty value takes back what was set, it is not one.
			if value != "" || declared.Optional && !Outside(declared) {
				values[name] = value
			}
		}
	}
	if Organisation(p, given) == "" {
		maps.Copy(values, Consented(p, given.Captured))
	}
	return values
}

// setMembers gives what an option sets the names name.member.
func setMembers(values map[string]string, name string, declared api.Variable) {
	for _, members := range declared.Options {
		for member := range members {
			if chosen, known := values[name]; known {
				values[name+"."+member] = declared.Options[chosen][member]
			}
		}
	}
}

// Outside says whether the provider tells a variable's value, not a person.
func Outside(v api.Variable) bool {
	return v.From != "" && v.From != api.FromUser && v.From != api.FromClient
}

func checkValue(name string, declared api.Variable, values map[string]string) error {
	value, ok := values[name]
	switch {
	case !ok && Outside(declared):
		return nil // the provider has yet to tell it
	case !ok:
		f := missing(name)
		if declared.From == api.FromClient {
			f = f.WithHint("valetkey client update NAME --var %s=VALUE: it is a field of the registration", name)
		}
		if declared.Label != "" {
			f.Message += " (" + declared.Label + ")"
		}
		return f
	case value == "":
		return nil // optional
	}
	return allowed(name, declared, value)
}

// allowed holds a value to the choices and the patterns of its variable.
func allowed(name string, declared api.Variable, value string) error {
	choices := declared.Enum
	if len(declared.Options) > 0 {
		choices = slices.Sorted(maps.Keys(declared.Options))
	}
	if len(choices) > 0 && !slices.Contains(choices, value) {
		return refused(name, "must be one of %s", strings.Join(choices, ", "))
	}
	for _, text := range []string{declared.Pattern, declared.MustMatch} {
		if text == "" {
			continue
		}
		pattern, err := wholePattern(text)
		if err != nil {
			return fault.Wrap(err, api.CodeNeedsConfiguration, "the pattern of the variable %q is not a regular expression", name)
		}
		if !pattern.MatchString(value) {
			return refused(name, "must match %s", text)
		}
	}
	return nil
}

// wholePattern makes a pattern match the whole value or nothing.
func wholePattern(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + pattern + `)\z`)
}

// chooseForms takes of each endpoint the first form whose variables have a value.
func (r *Resolved) chooseForms() {
	for _, endpoint := range endpoints(&r.Provider.Endpoints) {
		for _, form := range r.Provider.EndpointForms[endpoint.key] {
			empty := func(name string) bool { return r.Variables[name] == "" }
			if !slices.ContainsFunc(Variables(form), empty) {
				*endpoint.url = form
				break
			}
		}
	}
}

func (r *Resolved) expandEndpoints() error {
	for _, endpoint := range endpoints(&r.Provider.Endpoints) {
		if r.waits(*endpoint.url) {
			*endpoint.url = ""
		}
		if *endpoint.url == "" {
			continue
		}
		expanded, err := Expand(*endpoint.url, r.Variables)
		if err != nil {
			return err
		}
		if oauth.CheckEndpoint(expanded) != nil {
			return fault.New(api.CodeNeedsConfiguration, "%s is not https: %s", endpoint.key, expanded).
				WithHint("only https is accepted, and http on this machine's loopback address")
		}
		*endpoint.url = expanded
	}
	return nil
}

// endpoint is one URL template of a description under its key.
type endpoint struct {
	key string
	url *string
}

func endpoints(e *api.Endpoints) []endpoint {
	return []endpoint{
		{"issuer", &e.Issuer},
		{"authorization_endpoint", &e.AuthorizationEndpoint},
		{"token_endpoint", &e.TokenEndpoint},
		{"refresh_endpoint", &e.RefreshEndpoint},
		{"revocation_endpoint", &e.RevocationEndpoint},
		{"introspection_endpoint", &e.IntrospectionEndpoint},
		{"userinfo_endpoint", &e.UserinfoEndpoint},
		{"device_authorization_endpoint", &e.DeviceAuthorizationEndpoint},
		{"admin_consent_endpoint", &e.AdminConsentEndpoint},
	}
}

// leg is the deviations of one request under their key.
type leg struct {
	key   string
	rules *oauth.RequestRules
}

// requestRules lists the legs that a description changes. The rules may be
// written to.
func requestRules(p *api.Provider) []leg {
	all := []leg{
		{LegAuthorization, p.AuthorizationRequest},
		{LegToken, p.TokenRequest},
		{LegRefresh, p.RefreshRequest},
		{LegRevocation, p.RevocationRequest},
	}
	for i := range p.Exchange {
		all = append(all, leg{Step(i), &p.Exchange[i].RequestRules})
	}
	return slices.DeleteFunc(all, func(l leg) bool { return l.rules == nil })
}
