package powerplatform

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/oauth"
)

// standard gives the placeholders of Power Platform's templates the parameter
// of the RFC whose value they are.
func standard(placeholder string) string {
	return map[string]string{
		"clientid": "client_id", "clientsecret": "client_secret", "redirecturl": "redirect_uri", "redirecturi": "redirect_uri",
		"scopes": "scope", "scope": "scope", "state": "state", "code": "code", "refreshtoken": "refresh_token",
		"codechallenge": "code_challenge", "codechallengemethod": "code_challenge_method", "codeverifier": "code_verifier",
	}[strings.ToLower(placeholder)]
}

// available are the values that our templates know in a request of one leg.
func available(leg string) []string {
	switch leg {
	case "authorize":
		return []string{"client_id", "redirect_uri"}
	case "token":
		return []string{"client_id", "client_secret", "redirect_uri"}
	}
	return []string{"client_id", "client_secret", "redirect_uri", "refresh_token"}
}

// message is one request as a connector's templates describe it.
type message struct {
	rules   oauth.RequestRules
	secret  bool     // the client's secret is a parameter
	unknown []string // parameters whose value cannot be had
}

// expected lists the RFC's parameters of each leg: one that a template does
// not name is not sent.
func expected(leg string) []string {
	switch leg {
	case "authorize":
		return []string{"redirect_uri", "scope"}
	case "token":
		return []string{"redirect_uri"}
	}
	return []string{"scope"}
}

// parse reads the parameters of a template: a query, a form or a JSON object.
func parse(leg, template string) message {
	m := message{rules: oauth.RequestRules{}}
	pairs, isJSON := pairsOf(template)
	if isJSON {
		m.rules.Encoding = oauth.EncodingJSON
	}
	seen := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		m.parameter(leg, name, pairs[name], seen)
	}
	for _, name := range expected(leg) {
		if !seen[name] {
			m.rules.Omit = append(m.rules.Omit, name)
		}
	}
	return m
}

func (m *message) parameter(leg, name, value string, seen map[string]bool) {
	if inner, whole := placeholder(value); whole && standard(inner) != "" {
		m.standard(leg, name, standard(inner), seen)
		return
	}
	switch name + "=" + value {
	case "response_type=code":
		return
	case "grant_type=authorization_code", "grant_type=refresh_token":
		return // each in its own request; in the other they would be refused
	}
	if name == "grant_type" {
		m.rules.GrantType = value
		return
	}
	known := true
	value = draft.Placeholders(value, draft.SingleBraces, func(inner string) string {
		means := standard(inner)
		if means == "" {
			return "{" + variable(inner) + "}"
		}
		known = known && slices.Contains(available(leg), means)
		return "{" + means + "}"
	})
	if !known {
		m.unknown = append(m.unknown, name)
		return
	}
	m.set(name, value)
}

// standard is a parameter whose value is that of one of the RFC.
func (m *message) standard(leg, name, means string, seen map[string]bool) {
	switch {
	case leg == "refresh" && means == "redirect_uri":
		m.set(name, "{redirect_uri}") // the RFC has none there
		return
	case seen[means] && slices.Contains(available(leg), means):
		m.set(name, "{"+means+"}")
		return
	case seen[means]:
		m.unknown = append(m.unknown, name)
		return
	}
	seen[means] = true
	m.secret = m.secret || means == "client_secret"
	if means != name {
		if m.rules.Rename == nil {
			m.rules.Rename = make(map[string]string)
		}
		m.rules.Rename[means] = name
	}
}

func (m *message) set(name, value string) {
	if m.rules.Params == nil {
		m.rules.Params = make(map[string]string)
	}
	m.rules.Params[name] = value
}

// placeholder is the name in a value that is one placeholder and nothing else.
func placeholder(value string) (string, bool) {
	inner, begins := strings.CutPrefix(value, "{")
	inner, ends := strings.CutSuffix(inner, "}")
	return inner, begins && ends && !strings.ContainsAny(inner, "{}")
}

// pairsOf splits a template into names and values.
func pairsOf(template string) (pairs map[string]string, isJSON bool) {
	pairs = make(map[string]string)
	template = strings.TrimSpace(template)
	var object map[string]any
	if strings.HasPrefix(template, "{") && json.Unmarshal([]byte(template), &object) == nil {
		for name, value := range object {
			if text, is := value.(string); is {
				pairs[name] = text
			}
		}
		return pairs, true
	}
	for pair := range strings.SplitSeq(strings.TrimLeft(template, "?&"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name != "" {
			pairs[unescaped(name)] = unescaped(value)
		}
	}
	return pairs, false
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}
