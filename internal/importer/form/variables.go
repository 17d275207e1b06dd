package form

import (
	"regexp"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/internal/importer/draft"
)

// The limits of filling in: a variable may stand for text with variables, in
// some files without end.
const (
	maxRounds = 8
	maxFilled = 64 << 10 // bytes
)

// braces is {{name}}, as Postman, Insomnia (with _. before the name) and Bruno
// write it, or an Insomnia tag {% … %}.
var (
	braces = regexp.MustCompile(`\{\{\{?\s*(.*?)\s*\}?\}\}|\{%.*?%\}`)
)

// Variables are the values of a tool's variables. The zero value has none.
type Variables struct {
	values map[string]string
}

// With returns the variables with more of them on top: those win. An empty
// value counts as none, as tools leave those of secrets empty.
func (v Variables) With(over map[string]string) Variables {
	merged := make(map[string]string, len(v.values)+len(over))
	for name, value := range v.values {
		merged[name] = value
	}
	for name, value := range over {
		if value != "" {
			merged[name] = value
		}
	}
	return Variables{values: merged}
}

// Merge returns the variables with those of another set on top.
func (v Variables) Merge(over Variables) Variables { return v.With(over.values) }

// Fill puts values in the place of {{name}}. A name without a value becomes
// {name}, a variable of the provider, and is listed among the missing.
func (v Variables) Fill(text string) (filled string, missing []string) {
	for range maxRounds {
		again := false
		next := braces.ReplaceAllStringFunc(text, func(found string) string {
			if value, ok := v.values[reference(found)]; ok {
				again = true
				return value
			}
			return found
		})
		if len(next) > maxFilled {
			break
		}
		text = next
		if !again {
			break
		}
	}
	filled = braces.ReplaceAllStringFunc(text, func(found string) string {
		name := draft.VariableName(reference(found))
		if name == "" {
			name = "value"
		}
		if !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
		return "{" + name + "}"
	})
	return filled, missing
}

// reference is the name in {{name}}.
func reference(found string) string {
	if strings.HasPrefix(found, "{%") {
		return "template_tag"
	}
	name := strings.Trim(found, "{} \t\n")
	if rest, bracketed := strings.CutPrefix(name, "_["); bracketed {
		return strings.Trim(rest, `[]'" `)
	}
	return strings.TrimPrefix(name, "_.")
}
