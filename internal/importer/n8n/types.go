package n8n

import (
	_ "embed"
	"strings"
)

//go:embed types.tsv
var types string

// kind is what a credential type knows by itself.
type kind struct {
	authURL, tokenURL, query, authentication, grant, scope string
}

// kindOf finds a credential type.
func kindOf(name string) (kind, bool) {
	for line := range strings.Lines(types) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(cells) == 7 && cells[0] == name {
			return kind{authURL: cells[1], tokenURL: cells[2], query: cells[3], authentication: cells[4], grant: cells[5], scope: cells[6]}, true
		}
	}
	return kind{}, false
}

// defaults are the values of fields that a form of n8n has before anybody
// types, and which the data then lacks.
func defaults(name string, sandbox bool) map[string]string {
	switch name {
	case "gitlabOAuth2Api":
		return map[string]string{"server": "https://gitlab.com"}
	case "salesforceOAuth2Api":
		if sandbox {
			return map[string]string{"host": "test.salesforce.com"}
		}
		return map[string]string{"host": "login.salesforce.com"}
	}
	return map[string]string{"tenantId": "common"}
}
