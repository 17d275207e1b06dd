package wizard

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
	"github.com/valetkey/valetkey/internal/web/page"
)

// The kinds of settings.
const (
	kindText    = "text"
	kindNumber  = "number"
	kindNumbers = "numbers" // a list of whole numbers
	kindList    = "list"    // a list of words
	kindLines   = "lines"   // Name: value, one a line
	kindArea    = "area"    // text of many lines
	kindCheck   = "check"
	kindChoice  = "choice"
)

// setting is a field of its own for one key of a connection. What has none is
// written as YAML.
type setting struct {
	name    string // of the field; its label is setting.NAME
	path    string // of the key
	kind    string
	choices []string
}

// settings are the keys with a field, in the order of the page.
func settings() []setting {
	return []setting{
		{name: "description", path: "description", kind: kindText},
		{name: "base_url", path: "api.base_url", kind: kindText},
		{name: "test_path", path: "api.test.path", kind: kindText},
		{name: "timeout", path: "api.timeout", kind: kindText},
		{name: "resources", path: "resources", kind: kindList},
		{name: "token_in", path: "api.token.in", kind: kindList},
		{name: "token_name", path: "api.token.name", kind: kindText},
		{name: "token_scheme", path: "api.token.scheme", kind: kindText},
		{name: "headers", path: "api.headers", kind: kindLines},
		{name: "query", path: "api.query", kind: kindLines},
		{name: "retry_mode", path: "api.retry.mode", kind: kindChoice, choices: []string{"", api.RetryNone, api.RetryStatus, api.RetryAny}},
		{name: "retry_statuses", path: "api.retry.statuses", kind: kindNumbers},
		{name: "retry_max", path: "api.retry.max", kind: kindNumber},
		{name: "limit_requests", path: "api.rate_limit.requests", kind: kindNumber},
		{name: "limit_per", path: "api.rate_limit.per", kind: kindText},
		{name: "limit_interval", path: "api.rate_limit.min_interval", kind: kindText},
		{name: "auth_statuses", path: "api.auth_error.statuses", kind: kindNumbers},
		{name: "auth_path", path: "api.auth_error.path", kind: kindText},
		{name: "auth_values", path: "api.auth_error.values", kind: kindList},
		{name: "redirects", path: "api.redirects", kind: kindChoice, choices: []string{"", api.RedirectsNone, api.RedirectsSameOrigin, api.RedirectsAll}},
		{name: "cookies", path: "api.cookies", kind: kindCheck},
		{name: "compression", path: "api.compression", kind: kindCheck},
		{name: "tls_ca", path: "api.tls.ca", kind: kindArea},
		{name: "tls_client", path: "api.tls.client_certificate", kind: kindCheck},
		{name: "tags", path: "tags", kind: kindLines},
	}
}

// apart are the keys that the page asks for elsewhere.
func apart() []string { return []string{"client", "grant", "scopes", "variables"} }

// settingsOf are a connection's settings as texts for the fields, and the rest
// as YAML.
func settingsOf(spec api.ConnectionSpec) (fields map[string]string, rest string, err error) {
	tree, err := treeOf(spec)
	if err != nil {
		return nil, "", err
	}
	fields = make(map[string]string)
	for _, s := range settings() {
		if held := remove(tree, strings.Split(s.path, ".")); held != nil {
			fields[s.name] = s.text(held)
		}
	}
	for _, key := range apart() {
		delete(tree, key)
	}
	if len(tree) == 0 {
		return fields, "", nil
	}
	text, err := strictyaml.Encode(tree)
	return fields, string(text), err
}

func treeOf(spec api.ConnectionSpec) (map[string]any, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	return tree, json.Unmarshal(text, &tree)
}

// remove takes a key out of a tree, with what is empty then.
func remove(tree map[string]any, path []string) any {
	held := tree[path[0]]
	if len(path) == 1 {
		delete(tree, path[0])
		return held
	}
	below, _ := held.(map[string]any)
	if below == nil {
		return nil
	}
	found := remove(below, path[1:])
	if len(below) == 0 {
		delete(tree, path[0])
	}
	return found
}

// text is a value as one types it.
func (s setting) text(held any) string {
	switch held := held.(type) {
	case []any:
		words := make([]string, len(held))
		for i, item := range held {
			words[i] = fmt.Sprint(item)
		}
		return strings.Join(words, " ")
	case map[string]any:
		var lines []string
		for name, value := range held {
			lines = append(lines, fmt.Sprint(name, ": ", value))
		}
		slices.Sort(lines)
		return strings.Join(lines, "\n")
	case bool:
		return strconv.FormatBool(held)
	}
	return fmt.Sprint(held)
}

// value reads what was typed. It says whether that is of its kind.
func (s setting) value(typed string) (value any, ok bool) {
	switch s.kind {
	case kindNumber:
		n, err := strconv.Atoi(strings.TrimSpace(typed))
		return n, err == nil
	case kindNumbers:
		var all []int
		for _, word := range words(typed) {
			n, err := strconv.Atoi(word)
			if err != nil {
				return nil, false
			}
			all = append(all, n)
		}
		return all, true
	case kindList:
		return words(typed), true
	case kindLines:
		return lines(typed)
	case kindCheck:
		return typed == "true", true
	case kindArea:
		return typed, true
	}
	return strings.TrimSpace(typed), true
}

func words(typed string) []string {
	return strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n", r) })
}

func lines(typed string) (map[string]string, bool) {
	all := make(map[string]string)
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(name) == "" {
			return nil, false
		}
		all[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return all, true
}

// specOf puts the settings together: the YAML, and the fields on top of it.
func (z *Wizard) specOf(typed map[string]string, rest string) (spec api.ConnectionSpec, faults page.Faults) {
	faults = page.Faults{}
	if strings.TrimSpace(rest) != "" {
		if err := strictyaml.Decode("yaml", []byte(rest), &spec); err != nil {
			return spec, page.Faults{"rest": page.Sentences(fault.As(err))}
		}
	}
	tree, err := treeOf(spec)
	if err != nil {
		return spec, page.Faults{"rest": z.Pages.Word("wizard.setting_fault")}
	}
	for _, s := range settings() {
		if strings.TrimSpace(typed[s.name]) == "" {
			continue
		}
		value, ok := s.value(typed[s.name])
		if !ok || !fits(s.path, value) {
			faults[s.name] = z.Pages.Word("setting_fault." + s.kind)
			continue
		}
		put(tree, strings.Split(s.path, "."), value)
	}
	text, err := json.Marshal(tree)
	if err != nil || len(faults) > 0 {
		return spec, faults
	}
	spec = api.ConnectionSpec{}
	if err := json.Unmarshal(text, &spec); err != nil {
		faults["rest"] = z.Pages.Word("wizard.setting_fault")
	}
	return spec, faults
}

// fits says whether a value may stand under a key.
func fits(path string, value any) bool {
	tree := make(map[string]any)
	put(tree, strings.Split(path, "."), value)
	text, err := json.Marshal(tree)
	if err != nil {
		return false
	}
	var spec api.ConnectionSpec
	return json.Unmarshal(text, &spec) == nil
}

// put sets a key of a tree.
func put(tree map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		below, _ := tree[key].(map[string]any)
		if below == nil {
			below = make(map[string]any)
			tree[key] = below
		}
		tree = below
	}
	tree[path[len(path)-1]] = value
}
