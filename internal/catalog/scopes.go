package catalog

import (
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// Scopes are the ones to ask for under a grant: those the provider requires,
// then the asked ones, or its default where none are asked for. Each stands
// once.
func (r Resolved) Scopes(grant string, asked []string) []string {
	rules := r.Provider.Scopes
	if rules == nil {
		return unique(asked)
	}
	of := api.GrantScopes{Required: rules.Required, Default: rules.Default}
	if own, ok := rules.ByGrant[grant]; ok {
		of = own
	}
	if len(asked) == 0 {
		asked = of.Default
	}
	return unique(slices.Concat(of.Required, asked))
}

// ParseScopes splits scopes as people write and other systems export them:
// with spaces, commas, ~ or one a line (RFC 6749 section 3.3 has spaces only).
func ParseScopes(text string) []string {
	return unique(strings.FieldsFunc(text, func(r rune) bool {
		return strings.ContainsRune(" ,~\t\r\n", r)
	}))
}

func unique(scopes []string) []string {
	var once []string
	for _, scope := range scopes {
		if scope != "" && !slices.Contains(once, scope) {
			once = append(once, scope)
		}
	}
	return once
}
