package catalog

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Choice is one value that a look-up found.
type Choice struct {
	Value string
	Label string // what a person reads; "" when the look-up gives none
}

// Choices reads the answer to a look-up, each value once, in its order. What
// the variable's rules do not allow is not among them. The error is
// [api.CodeNeedsConfiguration].
func Choices(name string, v api.Variable, body []byte) ([]Choice, error) {
	doc, err := document(body)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the look-up of %q was not answered with JSON", name)
	}
	list, ok := node(doc, v.Request.List)
	if !ok {
		return nil, fault.New(api.CodeNeedsConfiguration, "the look-up of %q was answered without %s", name, v.Request.List)
	}
	items, isList := list.([]any)
	if !isList {
		items = []any{list}
	}
	var choices []Choice
	seen := make(map[string]bool)
	for _, item := range items {
		value, _ := at(item, v.Request.Value)
		found := make(map[string]string)
		if take(found, name, v, value) != nil || found[name] == "" {
			continue
		}
		if seen[found[name]] {
			continue
		}
		label := ""
		if v.Request.Label != "" {
			label, _ = at(item, v.Request.Label)
		}
		seen[found[name]] = true
		choices = append(choices, Choice{Value: found[name], Label: printable(label)})
	}
	return choices, nil
}

// printable cuts a label to what may be shown on a line.
func printable(label string) string {
	var shown []rune
	for _, r := range label {
		if isControl(r) {
			continue
		}
		if len(shown) == 80 {
			break
		}
		shown = append(shown, r)
	}
	return string(shown)
}
