package powerplatform

import (
	"regexp"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// parameterExpression is the one expression of policies that has a meaning
// outside of Power Platform: the value of a connection parameter.
var parameterExpression = regexp.MustCompile(`@\{?\s*connectionParameters\(\s*['"]([^'"]+)['"]\s*(?:,\s*['"]([^'"]*)['"]\s*)?\)\s*\}?`)

// anyExpression finds what else is computed.
var anyExpression = regexp.MustCompile(`@\{|@[A-Za-z]+\(|@Request\.`)

// expression rewrites a policy's value as a template. It reports the
// parameters it uses with their defaults, and false when the value is computed
// from something else.
func expression(text string) (template string, used map[string]string, ok bool) {
	used = make(map[string]string)
	template = parameterExpression.ReplaceAllStringFunc(text, func(match string) string {
		groups := parameterExpression.FindStringSubmatch(match)
		used[groups[1]] = groups[2]
		return "{" + variable(groups[1]) + "}"
	})
	return template, used, !anyExpression.MatchString(template)
}

// variable is the name of a connection parameter in our templates.
// One that belongs to the OAuth setting is written token:NAME, and NAME in
// templates.
func variable(parameter string) string {
	parameter = parameter[strings.LastIndexByte(parameter, ':')+1:]
	if name := draft.VariableName(parameter); name != "" {
		return name
	}
	return "parameter"
}
