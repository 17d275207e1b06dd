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

// Resolved is a description with the variables of one connection filled in.
type Resolved struct {
	Provider  api.Provider      // its endpoints and parameters hold no templates
	Variables map[string]string // every value known
}

// Resolve fills in a description. A later set of values wins over an earlier
// one, any over the defaults. The error has [api.CodeNeedsConfiguration].
func Resolve(p api.Provider, sets ...map[string]string) (Resolved, error) {
	vars := make(map[string]string)
	for name, v := range p.Variables {
		if v.Default != "" {
			vars[name] = v.Default
		}
	}
	for _, set := range sets {
		maps.Copy(vars, set)
	}
	for name, v := range p.Variables {
		value, known := vars[name]
		if !known && v.Optional {
			vars[name] = ""
		}
		if why := mismatch(v, value); known && why != "" {
			return Resolved{}, badValue(name, why)
		}
	}
	resolved := Resolved{Provider: p, Variables: vars}
	return resolved, resolved.fill()
}

// mismatch says why a value does not suit its variable; "" when it does.
func mismatch(v api.Variable, value string) string {
	if len(v.Enum) > 0 && !slices.Contains(v.Enum, value) {
		return "it must be one of " + strings.Join(v.Enum, ", ")
	}
	if v.Pattern == "" {
		return ""
	}
	pattern, err := regexp.Compile(`^(?:` + v.Pattern + `)$`)
	if err != nil || !pattern.MatchString(value) {
		return "it must match " + v.Pattern
	}
	return ""
}

// fill expands every template of the protocol's part.
func (r *Resolved) fill() error {
	e := &r.Provider.Endpoints
	for _, endpoint := range []*string{
		&e.Issuer, &e.AuthorizationEndpoint, &e.TokenEndpoint, &e.RefreshEndpoint,
		&e.RevocationEndpoint, &e.IntrospectionEndpoint, &e.UserinfoEndpoint,
	} {
		if *endpoint == "" {
			continue
		}
		text, err := Expand(*endpoint, r.Variables)
		if err != nil {
			return err
		}
		if oauth.CheckEndpoint(text) != nil {
			return fault.New(api.CodeNeedsConfiguration, "the provider %q has an endpoint that is not https: %s", r.Provider.Name, text).
				WithHint("only https is accepted, and http on this machine's loopback address")
		}
		*endpoint = text
	}
	q := &r.Provider.Requests
	for _, rules := range []**oauth.RequestRules{&q.AuthorizationRequest, &q.TokenRequest, &q.RefreshRequest, &q.RevocationRequest} {
		if *rules == nil {
			continue
		}
		filled := **rules
		var err error
		if filled.Params, err = r.texts(filled.Params); err != nil {
			return err
		}
		if filled.Headers, err = r.texts(filled.Headers); err != nil {
			return err
		}
		*rules = &filled
	}
	return nil
}

func (r *Resolved) texts(templates map[string]string) (map[string]string, error) {
	if len(templates) == 0 {
		return nil, nil
	}
	texts := make(map[string]string, len(templates))
	for name, template := range templates {
		text, err := ExpandText(template, r.Variables)
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return texts, nil
}

// Scopes are the ones to ask for: what the provider requires for the grant,
// then what was asked, or the provider's default when nothing was.
func (r Resolved) Scopes(grant string, asked []string) []string {
	var set api.GrantScopes
	if rules := r.Provider.GrantRules.Scopes; rules != nil {
		set = api.GrantScopes{Required: rules.Required, Default: rules.Default}
		if own, ok := rules.ByGrant[grant]; ok {
			set = own
		}
	}
	if len(asked) == 0 {
		asked = set.Default
	}
	var scopes []string
	for _, scope := range slices.Concat(asked, set.Required) {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}
