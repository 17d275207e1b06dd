package known

import (
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
)

// entry is a provider of the catalogue with its endpoints as patterns.
type entry struct {
	provider      api.Provider
	token         []*regexp.Regexp
	authorization []*regexp.Regexp
}

// placeholder is a variable in a template, with what a filter makes of it.
var placeholder = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)(?:\.([A-Za-z_][A-Za-z0-9_]*))?(?:\|[^{}]*)?\}`)

func newEntry(p api.Provider) entry {
	e := entry{provider: p}
	forms := func(key, endpoint string) []*regexp.Regexp {
		var found []*regexp.Regexp
		for _, template := range append([]string{endpoint}, p.EndpointForms[key]...) {
			if pattern := patternOf(template, p.Variables); pattern != nil {
				found = append(found, pattern)
			}
		}
		return found
	}
	e.token = forms("token_endpoint", p.TokenEndpoint)
	e.authorization = forms("authorization_endpoint", p.AuthorizationEndpoint)
	return e
}

// patternOf makes a pattern of a template; nil where the template does not say
// at least the end of a host, a.b, because it would match anybody's address.
func patternOf(template string, variables map[string]api.Variable) *regexp.Regexp {
	template = strings.TrimSuffix(template, "/")
	_, rest, whole := strings.Cut(template, "://")
	host, _, _ := strings.Cut(rest, "/")
	if !whole || !tells(host, variables) {
		return nil
	}
	var out strings.Builder
	out.WriteString("(?i)^")
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(template, -1) {
		out.WriteString(regexp.QuoteMeta(template[at:m[0]]))
		at = m[1]
		name := template[m[2]:m[3]]
		member := ""
		if m[4] >= 0 {
			member = template[m[4]:m[5]]
		}
		out.WriteString("(?P<" + name + ">" + alternatives(variables[name], member) + ")")
	}
	out.WriteString(regexp.QuoteMeta(template[at:]) + "/?$")
	pattern, err := regexp.Compile(out.String())
	if err != nil {
		return nil // the same variable twice is allowed; anything else is no pattern
	}
	return pattern
}

// tells says whether a host is known well enough to stand for its owner.
func tells(host string, variables map[string]api.Variable) bool {
	end := host
	for _, m := range placeholder.FindAllStringSubmatch(host, -1) {
		if v := variables[m[1]]; m[2] != "" && len(v.Options) > 0 || len(v.Enum) > 0 {
			end = strings.ReplaceAll(end, m[0], "x.example")
		}
	}
	if cut := strings.LastIndexByte(end, '}'); cut >= 0 {
		end = end[cut+1:]
		return strings.HasPrefix(end, ".") && strings.Count(end, ".") >= 2
	}
	return strings.Contains(end, ".") || strings.HasPrefix(end, "localhost")
}

// alternatives is what a variable may be.
func alternatives(v api.Variable, member string) string {
	var allowed []string
	for _, option := range v.Options {
		if member != "" && option[member] != "" {
			allowed = append(allowed, regexp.QuoteMeta(option[member]))
		}
	}
	if member == "" {
		for _, value := range v.Enum {
			allowed = append(allowed, regexp.QuoteMeta(value))
		}
	}
	if len(allowed) == 0 {
		return `[^/?#@]+?`
	}
	slices.Sort(allowed)
	return strings.Join(slices.Compact(allowed), "|")
}

// match says whether a draft's provider is this one, and what its variables
// are there.
func (e entry) match(p api.Provider) (map[string]string, bool) {
	values, ok := read(e.token, p.TokenEndpoint)
	if !ok {
		return nil, false
	}
	if e.provider.Grant == "jwt_bearer" && p.Grant != e.provider.Grant {
		return nil, false
	}
	if p.AuthorizationEndpoint != "" {
		more, ok := read(e.authorization, p.AuthorizationEndpoint)
		if !ok {
			return nil, false
		}
		for name, value := range more {
			values[name] = value
		}
	}
	return e.settings(values), true
}

func read(patterns []*regexp.Regexp, address string) (map[string]string, bool) {
	for _, pattern := range patterns {
		found := pattern.FindStringSubmatch(strings.TrimSuffix(address, "/"))
		if found == nil {
			continue
		}
		values := make(map[string]string)
		for i, name := range pattern.SubexpNames() {
			if name != "" {
				values[name] = found[i]
			}
		}
		return values, true
	}
	return nil, false
}

// settings turns what stood in the address into values of the variables: of
// options the one that has it. A value that is the default is left out.
func (e entry) settings(found map[string]string) map[string]string {
	values := make(map[string]string)
	for name, text := range found {
		v, declared := e.provider.Variables[name]
		if !declared || len(catalog.Variables(text)) > 0 {
			continue
		}
		for option, members := range v.Options {
			for _, value := range members {
				if strings.EqualFold(value, text) {
					text = option
				}
			}
		}
		if v.Suffix != "" {
			text = strings.TrimSuffix(text, v.Suffix)
		}
		if text != v.Default {
			values[name] = text
		}
	}
	return values
}
