package wizard

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/web/page"
)

// field is one field of a form.
type field struct {
	ID, Label, Value, Kind string
	Choices                []string
	Fault, Warn, Hint      string
	Path                   string // of the key in YAML
	Optional               bool
	Live                   bool // the script may say something of it
}

// Said is the ids of what is said of a field, for those who do not see it.
func (f field) Said() string {
	var ids []string
	if f.Fault != "" || f.Warn != "" {
		ids = append(ids, f.ID+"-fault")
	}
	if f.Live || f.Hint != "" {
		ids = append(ids, f.ID+"-live")
	}
	return strings.Join(ids, " ")
}

// fieldGroup is fields under one heading.
type fieldGroup struct {
	Name   string
	Fields []field
	Open   bool // one of them holds something, or is wrong
}

// groups are a table's fields with what they hold. prefix is what their names
// begin with.
func (z *Wizard) groups(t table, prefix string, held map[string]string, note func(field) field) []fieldGroup {
	all := make([]fieldGroup, len(t))
	for i, g := range t {
		all[i] = fieldGroup{Name: g.name}
		for _, s := range g.settings {
			f := note(field{
				ID: prefix + s.path, Label: z.Pages.Word("setting." + s.path), Value: held[s.path], Kind: s.kind,
				Choices: s.choices, Path: s.path, Optional: true,
			})
			all[i].Fields = append(all[i].Fields, f)
			all[i].Open = all[i].Open || f.Value != "" || f.Fault != ""
		}
	}
	return all
}

// wrongField is a field that must be looked at again, for the list above a form.
type wrongField struct{ ID, Label string }

// wrongIn are the fields of a form that are wrong, in the order of the page.
func wrongIn(groups ...[]field) []wrongField {
	var wrong []wrongField
	for _, f := range slices.Concat(groups...) {
		if f.Fault != "" || f.Warn != "" {
			wrong = append(wrong, wrongField{f.ID, f.Label})
		}
	}
	return wrong
}

// fieldsOf are the fields of all groups.
func fieldsOf(groups []fieldGroup) []field {
	var all []field
	for _, g := range groups {
		all = append(all, g.Fields...)
	}
	return all
}

// prefixed are faults of fields whose names begin with a prefix.
func prefixed(prefix string, faults page.Faults) page.Faults {
	all := page.Faults{}
	for field, text := range faults {
		all[prefix+field] = text
	}
	return all
}

// scopeBox is a permission to tick.
type scopeBox struct {
	Name, Meaning    string
	Ticked, Required bool
}

// boxes are the scopes to choose from: the required ones, those that are asked
// for, and then all that the description knows.
func boxes(p api.Provider, f form) []scopeBox {
	if p.Scopes == nil {
		return nil
	}
	rules := rulesFor(p, f.Grant)
	var names []string
	for _, some := range [][]string{rules.Required, f.Scopes, rules.Default, slices.Sorted(maps.Keys(p.Scopes.Meanings))} {
		for _, name := range some {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	found := make([]scopeBox, len(names))
	for i, name := range names {
		required := slices.Contains(rules.Required, name)
		found[i] = scopeBox{Name: name, Meaning: p.Scopes.Meanings[name], Required: required, Ticked: required || slices.Contains(f.Scopes, name)}
		if found[i].Meaning == name {
			found[i].Meaning = ""
		}
	}
	return found
}

// variableFields are the values that only the person knows.
func (z *Wizard) variableFields(p setupPage) []field {
	var all []field
	for _, name := range slices.Sorted(maps.Keys(p.Provider.Variables)) {
		v := p.Provider.Variables[name]
		if catalog.Outside(v) || p.Mode == modeConnection && v.From == api.FromClient || p.Mode == modeClient && v.From != api.FromClient {
			continue
		}
		f := field{ID: inVariable + name, Label: v.Label, Value: p.Form.Variables[name], Kind: kindText, Choices: v.Enum, Optional: v.Optional}
		if f.Label == "" {
			f.Label = name
		}
		if len(v.Options) > 0 {
			f.Choices = slices.Sorted(maps.Keys(v.Options))
		}
		if len(f.Choices) > 0 {
			f.Kind = kindChoice
			if v.Optional || v.Default == "" {
				f.Choices = append([]string{""}, f.Choices...)
			}
		}
		all = append(all, f)
	}
	return all
}
