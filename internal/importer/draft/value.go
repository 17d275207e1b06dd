package draft

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Value is a node of a parsed file that knows where it stands. The zero Value
// is a node that is not there; every question to it has an empty answer, so
// that a path can be walked without asking at each step.
type Value struct {
	raw any
	at  *place
}

// place is a step of a path, seen from its end.
type place struct {
	above *place
	step  string
	file  bool // the first step: the file's name
}

// Raw is the node as encoding/json gives it: nil, bool, string, json.Number,
// []any or map[string]any. It is shared; do not change it.
func (v Value) Raw() any { return v.raw }

// Exists says whether the node is there and not null.
func (v Value) Exists() bool { return v.raw != nil }

// Where is the node's place as a note names it: file: key.key[0].
func (v Value) Where() string {
	var steps []string
	for at := v.at; at != nil; at = at.above {
		if at.file {
			steps = append(steps, at.step+":")
			break
		}
		steps = append(steps, at.step)
	}
	var out strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		step := steps[i]
		switch {
		case i == len(steps)-1 && strings.HasSuffix(step, ":"):
			out.WriteString(step)
		case i == len(steps)-2:
			out.WriteString(" " + step)
		case strings.HasPrefix(step, "["):
			out.WriteString(step)
		default:
			out.WriteString("." + step)
		}
	}
	return strings.TrimSuffix(out.String(), ":")
}

// File is the name of the file the node stands in.
func (v Value) File() string {
	at := v.at
	if at == nil {
		return ""
	}
	for at.above != nil {
		at = at.above
	}
	return at.step
}

// Step is the member of a map or, by its number, the item of a list: one step
// of a JSON pointer (RFC 6901).
func (v Value) Step(step string) Value {
	if list, is := v.raw.([]any); is {
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(list) {
			return Value{}
		}
		return Value{raw: list[i], at: &place{above: v.at, step: "[" + step + "]"}}
	}
	return v.Get(step)
}

// Get is the member of a map, or the zero Value.
func (v Value) Get(key string) Value {
	members, _ := v.raw.(map[string]any)
	return Value{raw: members[key], at: &place{above: v.at, step: key}}
}

// At follows keys from map to map.
func (v Value) At(keys ...string) Value {
	for _, key := range keys {
		v = v.Get(key)
	}
	return v
}

// Keys lists the keys of a map, sorted.
func (v Value) Keys() []string {
	members, _ := v.raw.(map[string]any)
	return sorted(members)
}

// Items lists the items of a list in their order.
func (v Value) Items() []Value {
	list, _ := v.raw.([]any)
	items := make([]Value, len(list))
	for i, raw := range list {
		items[i] = Value{raw: raw, at: &place{above: v.at, step: "[" + strconv.Itoa(i) + "]"}}
	}
	return items
}

// IsMap says whether the node is a map.
func (v Value) IsMap() bool { _, is := v.raw.(map[string]any); return is }

// IsList says whether the node is a list.
func (v Value) IsList() bool { _, is := v.raw.([]any); return is }

// Text is a text, or a number or boolean as text; otherwise empty.
func (v Value) Text() string {
	switch raw := v.raw.(type) {
	case string:
		return raw
	case json.Number:
		return raw.String()
	case bool:
		return strconv.FormatBool(raw)
	case nil, map[string]any, []any:
		return ""
	default:
		return fmt.Sprint(raw)
	}
}

// Texts is a list of texts, or a single text as a list of one. Items of
// another kind are left out.
func (v Value) Texts() []string {
	if !v.IsList() {
		if text := v.Text(); text != "" {
			return []string{text}
		}
		return nil
	}
	var texts []string
	for _, item := range v.Items() {
		if text := item.Text(); text != "" {
			texts = append(texts, text)
		}
	}
	return texts
}

// Bool says whether the node is true, or the text "true".
func (v Value) Bool() bool { return strings.EqualFold(v.Text(), "true") }

// Document is a map of nodes that were files of their own. Notes name the file
// of the first.
func Document(members map[string]Value) Value {
	raw := make(map[string]any, len(members))
	for key, member := range members {
		raw[key] = member.raw
	}
	keys := sorted(raw)
	if len(keys) == 0 {
		return Value{}
	}
	return Value{raw: raw, at: members[keys[0]].at}
}
