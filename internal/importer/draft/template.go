package draft

import (
	"regexp"
	"strings"

	"github.com/valetkey/valetkey/internal/catalog"
)

// VariableName makes a name of another program one that a template of ours
// may use: letters, digits and underscores, not beginning with a digit.
func VariableName(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r >= '0' && r <= '9' && out.Len() > 0:
			out.WriteRune(r)
		case r >= '0' && r <= '9':
			out.WriteString("v" + string(r))
		case out.Len() > 0:
			out.WriteByte('_')
		}
		if out.Len() >= maxName {
			break
		}
	}
	return strings.TrimRight(out.String(), "_")
}

// The placeholders of other programs. The first group is the name.
var (
	DoubleBraces = regexp.MustCompile(`\{\{\s*([^{}]+?)\s*\}\}`) // Postman, Bruno, Insomnia
	SingleBraces = regexp.MustCompile(`\{([^{}\s/?#]+)\}`)       // OpenAPI, RFC 6570 level 1
)

// Placeholders rewrites another program's placeholders as our {name}. With
// replace the caller says what stands for a name: text as it is (a value that
// is known), or "{" + [VariableName] + "}".
func Placeholders(text string, pattern *regexp.Regexp, replace func(name string) string) string {
	return pattern.ReplaceAllStringFunc(text, func(match string) string {
		return replace(pattern.FindStringSubmatch(match)[1])
	})
}

// Scopes splits a scope text as other programs write it: by spaces, commas, ~
// or lines.
func Scopes(text string) []string { return catalog.ParseScopes(text) }
