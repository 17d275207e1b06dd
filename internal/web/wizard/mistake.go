package wizard

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/web/page"
)

// How grave a mistake is.
const (
	levelFault = "fault" // it cannot work: it is not saved
	levelWarn  = "warn"  // it hardly works: it is saved when the person insists
	levelHint  = "hint"  // worth knowing
)

// mistake is one thing that people get wrong. The table of them is what the
// server checks a form by, and what the script checks it by as one types: the
// patterns are of the syntax that Go and JavaScript share.
type mistake struct {
	Key   string            `json:"-"`               // its words are mistake.KEY
	Field string            `json:"field"`           // whose value it is about
	Match string            `json:"match"`           // the value it is made by, upper or lower case
	Lacks bool              `json:"lacks,omitempty"` // it is made by any other value, but an empty one in a field
	Also  map[string]string `json:"also,omitempty"`  // further fields, and what they hold
	Level string            `json:"level"`
	Say   string            `json:"say"` // in words, with what to do
}

// The fields of a form that mistakes are about, besides v.NAME.
const (
	fieldID      = "client_id"
	fieldSecret  = "client_secret"
	fieldMore    = "more_scopes" // scopes that are typed
	fieldScopes  = "scopes"      // all that are asked for
	fieldGrant   = "grant"
	fieldExpires = "client_secret_expires_at"
	fieldNext    = "client_secrets" // the next one
	fieldKey     = "private_key"
	fieldRest    = "rest" // YAML
	inVariable   = "v."
	inClient     = "c."
)

const (
	guid     = `^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$`
	edges    = "^[\\s\"'“”„‘’\u00a0]|[\\s\"'“”„‘’\u00a0]$"
	address  = `^https?://|/`
	byPerson = `^(authorization_code|device_code)$`
	noTenant = `^(common|organizations|consumers)$`
)

// mistakes are those that can be made with a provider, the graver ones first.
func (z *Wizard) mistakes(p api.Provider) []mistake {
	all := []mistake{
		{Key: "copied", Field: fieldID, Match: edges, Level: levelFault},
		{Key: "copied", Field: fieldSecret, Match: edges, Level: levelFault},
		{Key: "id_redirect", Field: fieldID, Match: `/oauth/callback`, Level: levelFault},
		{Key: "id_mail", Field: fieldID, Match: `^[^@\s/]+@[^@\s/]+$`, Also: map[string]string{fieldGrant: `^(authorization_code|client_credentials|device_code)$`}, Level: levelFault},
		{Key: "id_address", Field: fieldID, Match: `^https?://`, Level: levelWarn},
		{Key: "secret_key", Field: fieldSecret, Match: `-----BEGIN|^\{`, Level: levelFault},
		{Key: "secret_address", Field: fieldSecret, Match: `^https?://`, Level: levelFault},
	}
	for name := range p.Variables {
		all = append(all, mistake{Key: "copied", Field: inVariable + name, Match: edges, Level: levelFault})
	}
	all = append(all, entraMistakes(p)...)
	all = append(all, ebayMistakes(p)...)
	all = append(all, scopeMistakes(p)...)
	all = append(all, patternMistakes(p)...)
	for i, m := range all {
		all[i].Say = z.Pages.Word("mistake." + m.Key)
	}
	return all
}

// entraMistakes are those of Microsoft's identity platform.
func entraMistakes(p api.Provider) []mistake {
	if !strings.Contains(p.TokenEndpoint, "login.microsoftonline.") && !strings.Contains(p.TokenEndpoint, "login.partner.microsoftonline.") {
		return nil
	}
	tenant := inVariable + "tenant"
	all := []mistake{
		{Key: "secret_id", Field: fieldSecret, Match: guid, Level: levelFault},
		{Key: "tenant_address", Field: tenant, Match: address, Level: levelFault},
		{Key: "tenant_service", Field: tenant, Match: noTenant, Also: map[string]string{fieldGrant: `^client_credentials$`}, Level: levelFault},
		{Key: "tenant_single", Field: tenant, Match: noTenant, Also: map[string]string{fieldGrant: byPerson}, Level: levelHint},
		{Key: "id_guid", Field: fieldID, Match: guid, Lacks: true, Level: levelWarn},
	}
	if strings.Contains(p.TokenEndpoint, "/v2.0/") {
		return append(all,
			mistake{Key: "v2_resource", Field: "resources", Match: `\S`, Level: levelFault},
			mistake{Key: "v2_default", Field: fieldScopes, Match: `/\.default(\s|$)`, Lacks: true, Also: map[string]string{fieldGrant: `^client_credentials$`}, Level: levelWarn})
	}
	return append(all, mistake{Key: "v1_scopes", Field: fieldMore, Match: `\S`, Level: levelFault})
}

// ebayMistakes are those of a provider whose keys say which environment they
// are of, and which wants a name where others want the redirect URI.
func ebayMistakes(p api.Provider) []mistake {
	if _, known := p.Variables["ru_name"]; !known {
		return nil
	}
	environment := inVariable + "environment"
	return []mistake{
		{Key: "runame", Field: inVariable + "ru_name", Match: address, Level: levelFault},
		{Key: "keys_sandbox", Field: fieldID, Match: `-SBX-`, Also: map[string]string{environment: `^production$`}, Level: levelFault},
		{Key: "keys_production", Field: fieldID, Match: `-PRD-`, Also: map[string]string{environment: `^sandbox$`}, Level: levelFault},
		{Key: "keys_sandbox", Field: fieldSecret, Match: `^SBX-`, Also: map[string]string{environment: `^production$`}, Level: levelFault},
		{Key: "keys_production", Field: fieldSecret, Match: `^PRD-`, Also: map[string]string{environment: `^sandbox$`}, Level: levelFault},
	}
}

// scopeMistakes are those of lists, and of the scope that brings a refresh token.
func scopeMistakes(p api.Provider) []mistake {
	all := []mistake{
		{Key: "scopes_semicolon", Field: fieldMore, Match: `[;|]`, Level: levelFault},
		{Key: "scopes_quotes", Field: fieldMore, Match: `["'\\\[\]{}]`, Level: levelFault},
		{Key: "scopes_list", Field: fieldMore, Match: `[~,\n]`, Level: levelHint},
	}
	if p.Scopes == nil {
		return all
	}
	if _, known := p.Scopes.Meanings["offline_access"]; known {
		all = append(all, mistake{
			Key: "offline", Field: fieldScopes, Match: `(^|\s)offline_access(\s|$)`, Lacks: true,
			Also: map[string]string{fieldGrant: byPerson}, Level: levelWarn,
		})
	}
	return all
}

// patternMistakes are what a provider's description says of its variables.
func patternMistakes(p api.Provider) []mistake {
	var all []mistake
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		v := p.Variables[name]
		if v.Pattern == "" || catalog.Outside(v) {
			continue
		}
		around := regexp.QuoteMeta
		all = append(all, mistake{
			Key: "pattern", Field: inVariable + name, Lacks: true, Level: levelFault,
			Match: "^(?:" + around(v.Prefix) + ")?(?:" + v.Pattern + ")(?:" + around(v.Suffix) + ")?$",
		})
	}
	return all
}

// judge finds the mistakes in a form: what cannot be saved, and what is saved
// only by somebody who insists. Of each field it says the gravest.
func judge(all []mistake, value func(field string) string) (faults, warnings page.Faults) {
	faults, warnings = page.Faults{}, page.Faults{}
	for _, m := range all {
		if m.Level == levelHint || !m.made(value) {
			continue
		}
		into := faults
		if m.Level == levelWarn {
			into = warnings
		}
		if into[m.Field] == "" {
			into[m.Field] = m.Say
		}
	}
	for field := range faults {
		delete(warnings, field)
	}
	return faults, warnings
}

// hints are what is worth knowing of a form as it stands, by field.
func hints(all []mistake, value func(field string) string) map[string]string {
	found := make(map[string]string)
	for _, m := range all {
		if m.Level == levelHint && m.made(value) && found[m.Field] == "" {
			found[m.Field] = m.Say
		}
	}
	return found
}

// made says whether the mistake is made.
func (m mistake) made(value func(field string) string) bool {
	held := value(m.Field)
	if held == "" && (!m.Lacks || m.Field != fieldScopes) {
		return false
	}
	for field, match := range m.Also {
		if !matches(match, value(field)) {
			return false
		}
	}
	return matches(m.Match, held) != m.Lacks
}

// matches says whether a text holds a pattern. A pattern of a description that
// is none holds everything: the catalogue says what is wrong with it.
func matches(pattern, text string) bool {
	compiled, err := regexp.Compile("(?i)" + pattern)
	return err != nil || compiled.MatchString(text)
}

// asData is the table as the page's script reads it.
func asData(all []mistake) string {
	text, err := json.Marshal(all)
	if err != nil {
		return "[]"
	}
	return string(text)
}
