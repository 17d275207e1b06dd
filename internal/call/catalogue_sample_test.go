package call_test

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// matching gives a text that a regular expression matches, its first group
// being group where that is not "".
func matching(expression, group string) string {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	var out strings.Builder
	write(&out, tree, group)
	return out.String()
}

func write(out *strings.Builder, tree *syntax.Regexp, group string) {
	switch tree.Op {
	case syntax.OpLiteral:
		out.WriteString(string(tree.Rune))
	case syntax.OpCharClass:
		out.WriteRune(member(tree.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteByte('x')
	case syntax.OpCapture:
		if tree.Cap == 1 && group != "" {
			out.WriteString(group)
			return
		}
		write(out, tree.Sub[0], group)
	case syntax.OpAlternate, syntax.OpPlus:
		write(out, tree.Sub[0], group)
	case syntax.OpRepeat:
		for range tree.Min {
			write(out, tree.Sub[0], group)
		}
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			write(out, sub, group)
		}
	default:
		// What may be left out is, and an anchor is no text.
	}
}

// member is a rune of a class, a letter or a digit where it has one.
func member(pairs []rune) rune {
	for _, want := range "a1A" {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] <= want && want <= pairs[i+1] {
				return want
			}
		}
	}
	return pairs[0]
}

// sample is a value that a variable allows.
func sample(name string, v api.Variable) string {
	switch {
	case len(v.Enum) > 0:
		return v.Enum[0]
	case len(v.Options) > 0:
		for _, option := range sortedKeys(v.Options) {
			return option
		}
	case v.MustMatch != "":
		return matching(v.MustMatch, "")
	case v.Pattern != "":
		return matching(v.Pattern, "")
	}
	if strings.Contains(strings.ToLower(name+v.Label), "url") || strings.Contains(v.Label, "https://") {
		return "https://login.contoso.com"
	}
	return "contoso"
}

// tellable is how a provider tells the value of a variable.
func tellable(v api.Variable, value string) string {
	value = v.Prefix + value + v.Suffix
	if v.Capture == "" {
		return value
	}
	return matching(v.Capture, value)
}

// put sets what stands at a JSON pointer (RFC 6901) and makes what leads there.
func put(document any, pointer string, value any) any {
	if pointer == "" || pointer == "/" {
		return value
	}
	step, rest, more := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	if more {
		rest = "/" + rest
	}
	if at, err := strconv.Atoi(step); err == nil {
		list, _ := document.([]any)
		for len(list) <= at {
			list = append(list, nil)
		}
		list[at] = put(list[at], rest, value)
		return list
	}
	step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
	object, ok := document.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	object[step] = put(object[step], rest, value)
	return object
}

// unfilled is a reference that nobody filled in.
var unfilled = regexp.MustCompile(`\{[a-z_]+(\.[a-z_]+)?(\|[a-z0-9:]+)?\}`)
