package strictyaml

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// plain is text that means itself without quotes in every YAML version. The
// library's own writer leaves tabs, line ends and .inf unquoted, which then
// read back as something else; here whatever is not plainly a word is quoted
// as JSON does it.
var plain = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./+-]*(:[A-Za-z0-9_./+-]+)*( [A-Za-z0-9_./+-]+)*$`)

// writer writes block style, two spaces a level.
type writer struct{ out bytes.Buffer }

// block writes a value. After a key or a dash its first line continues there
// when it is a scalar; a map after a dash begins on the same line.
func (w *writer) block(v any, depth int, inline bool) {
	switch v := v.(type) {
	case orderedKeys:
		w.keys(v, depth, inline)
	case []any:
		w.items(v, depth)
	default:
		w.out.WriteString(scalarText(v) + "\n")
	}
}

func (w *writer) keys(items orderedKeys, depth int, inline bool) {
	if len(items) == 0 {
		w.out.WriteString("{}\n")
		return
	}
	for i, item := range items {
		if i > 0 || !inline {
			w.indent(depth)
		}
		w.out.WriteString(quoted(item.key) + ":")
		switch {
		case empty(item.value), !nests(item.value):
			w.out.WriteByte(' ')
			w.block(item.value, 0, false)
		default:
			w.out.WriteByte('\n')
			w.block(item.value, depth+1, false)
		}
	}
}

func (w *writer) items(items []any, depth int) {
	if len(items) == 0 {
		w.out.WriteString("[]\n")
		return
	}
	for _, item := range items {
		w.indent(depth)
		w.out.WriteString("-")
		if list, ok := item.([]any); ok && len(list) > 0 {
			w.out.WriteByte('\n')
			w.block(item, depth+1, false)
			continue
		}
		w.out.WriteByte(' ')
		w.block(item, depth+1, true)
	}
}

func (w *writer) indent(depth int) { w.out.WriteString(strings.Repeat("  ", depth)) }

func nests(v any) bool {
	switch v.(type) {
	case orderedKeys, []any:
		return true
	}
	return false
}

func empty(v any) bool {
	switch v := v.(type) {
	case orderedKeys:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

func scalarText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return quoted(v)
	default:
		return fmt.Sprint(v)
	}
}

// quoted writes text bare where that is safe.
func quoted(text string) string {
	if plain.MatchString(text) && !reserved(text) {
		return text
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	// Text always encodes: what is no UTF-8 is replaced.
	_ = encoder.Encode(text)
	// JSON leaves DEL and the C1 controls as they are; YAML does not allow them.
	var safe strings.Builder
	for _, r := range strings.TrimSuffix(out.String(), "\n") {
		if r >= 0x7f && r <= 0x9f || r == 0xfeff {
			fmt.Fprintf(&safe, "\\u%04x", r)
			continue
		}
		safe.WriteRune(r)
	}
	return safe.String()
}

// reserved words mean a boolean or nothing in some version of YAML.
func reserved(text string) bool {
	switch strings.ToLower(text) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null":
		return true
	}
	return false
}
