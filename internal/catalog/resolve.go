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
}

// Resolve fills in a description: its defaults, then each of vars over the
// one before (the client's, the connection's). An optional variable without a
// value is empty. The error is [api.CodeNeedsConfiguration] and says which
// variable is missing or not allowed.
func Resolve(p api.Provider, vars ...map[string]string) (Resolved, error) {
	values := make(map[string]string)
	for name, declared := range p.Variables {
		if declared.Default != "" || declared.Optional {
			values[name] = declared.Default
		}
	}
	for _, layer := range vars {
		for name, value := range layer {
			// An empty value takes back what was set, it is not one.
			if value != "" || p.Variables[name].Optional {
				values[name] = value
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if err := checkValue(name, p.Variables[name], values); err != nil {
			return Resolved{}, err
		}
	}
	resolved := Resolved{Provider: clone(p), Variables: values}
	if err := expandEndpoints(&resolved.Provider.Endpoints, values); err != nil {
		return Resolved{}, err
	}
	for _, rules := range requestRules(&resolved.Provider) {
		if err := expandRules(rules.rules, values); err != nil {
			return Resolved{}, err
		}
	}
	return resolved, nil
}

func checkValue(name string, declared api.Variable, values map[string]string) error {
	value, ok := values[name]
	if !ok {
		f := missing(name)
		if declared.Label != "" {
			f.Message += " (" + declared.Label + ")"
		}
		return f
	}
	if value == "" {
		return nil // optional
	}
	return allowed(name, declared, value)
}

// allowed holds a value to the enum and the pattern of its variable.
func allowed(name string, declared api.Variable, value string) error {
	if len(declared.Enum) > 0 && !slices.Contains(declared.Enum, value) {
		return refused(name, "must be one of %s", strings.Join(declared.Enum, ", "))
	}
	if declared.Pattern == "" {
		return nil
	}
	pattern, err := wholePattern(declared.Pattern)
	if err != nil {
		return fault.Wrap(err, api.CodeNeedsConfiguration, "the pattern of the variable %q is not a regular expression", name)
	}
	if !pattern.MatchString(value) {
		return refused(name, "must match %s", declared.Pattern)
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

func expandEndpoints(e *api.Endpoints, values map[string]string) error {
	for _, endpoint := range endpoints(e) {
		if *endpoint.url == "" {
			continue
		}
		expanded, err := Expand(*endpoint.url, values)
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
		{"authorization_request", p.AuthorizationRequest},
		{"token_request", p.TokenRequest},
		{"refresh_request", p.RefreshRequest},
		{"revocation_request", p.RevocationRequest},
	}
	return slices.DeleteFunc(all, func(l leg) bool { return l.rules == nil })
}

func expandRules(r *oauth.RequestRules, values map[string]string) error {
	for _, set := range []map[string]string{r.Params, r.Headers} {
		for name, template := range set {
			text, err := ExpandText(template, values)
			if err != nil {
				return err
			}
			set[name] = text
		}
	}
	for name, templates := range r.Repeat {
		for i, template := range templates {
			text, err := ExpandText(template, values)
			if err != nil {
				return err
			}
			r.Repeat[name][i] = text
		}
	}
	if r.URL == "" {
		return nil
	}
	expanded, err := Expand(r.URL, values)
	r.URL = expanded
	return err
}
