package wizard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

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
	kindItems   = "items"   // a list of texts, one a line
	kindLines   = "lines"   // Name: value, one a line
	kindArea    = "area"    // text of many lines
	kindCheck   = "check"
	kindChoice  = "choice"
)

// setting is a field of its own for one key of a document. What has none is
// written as YAML.
type setting struct {
	path    string // of the key, and the field's name; its label is setting.PATH
	kind    string
	choices []string // of a choice; the first, "", leaves the key out
}

// table is the keys of a document that have a field, in the order of the page.
type table []group

// group is settings that belong together. Its heading is group.NAME.
type group struct {
	name     string
	settings []setting
}

// all are the settings of every group.
func (t table) all() []setting {
	var all []setting
	for _, g := range t {
		all = append(all, g.settings...)
	}
	return all
}

// texts are a document's settings as texts for the fields, and the rest as
// YAML. What a field could not give back as it is stays in the YAML.
func (t table) texts(document any, apart ...string) (fields map[string]string, rest string, err error) {
	tree, err := treeOf(document)
	if err != nil {
		return nil, "", err
	}
	for _, key := range apart {
		remove(tree, strings.Split(key, "."))
	}
	fields = make(map[string]string)
	for _, s := range t.all() {
		path := strings.Split(s.path, ".")
		held := find(tree, path)
		if held == nil {
			continue
		}
		if text := s.text(held); s.gives(text, held) {
			fields[s.path] = text
			remove(tree, path)
		}
	}
	if len(tree) == 0 {
		return fields, "", nil
	}
	text, err := strictyaml.Encode(tree)
	return fields, string(text), err
}

func treeOf(document any) (map[string]any, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a large number stays as it was written
	var tree map[string]any
	return tree, decoder.Decode(&tree)
}

// find is what a tree holds under a key; nil: nothing.
func find(tree map[string]any, path []string) any {
	for _, key := range path[:len(path)-1] {
		tree, _ = tree[key].(map[string]any)
	}
	return tree[path[len(path)-1]]
}

// remove takes a key out of a tree, with what is empty then.
func remove(tree map[string]any, path []string) {
	if len(path) == 1 {
		delete(tree, path[0])
		return
	}
	below, _ := tree[path[0]].(map[string]any)
	if below == nil {
		return
	}
	if remove(below, path[1:]); len(below) == 0 {
		delete(tree, path[0])
	}
}

// gives says whether what is held is what a field with this text gives back.
func (s setting) gives(text string, held any) bool {
	value, ok := s.value(text)
	if !ok || text == "" || s.kind == kindChoice && !slices.Contains(s.choices, text) {
		return false
	}
	var again, was any
	one, err := json.Marshal(value)
	other, failed := json.Marshal(held)
	if err != nil || failed != nil || json.Unmarshal(one, &again) != nil || json.Unmarshal(other, &was) != nil {
		return false
	}
	return reflect.DeepEqual(again, was)
}

// text is a value as one types it.
func (s setting) text(held any) string {
	switch held := held.(type) {
	case []any:
		words := make([]string, len(held))
		for i, item := range held {
			words[i] = fmt.Sprint(item)
		}
		if s.kind == kindItems {
			return strings.Join(words, "\n")
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
	case kindItems:
		return items(typed), true
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

func items(typed string) []string {
	var all []string
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func lines(typed string) (map[string]string, bool) {
	all := make(map[string]string)
	for _, line := range items(typed) {
		name, value, found := strings.Cut(line, ":")
		if !found || strings.TrimSpace(name) == "" {
			return nil, false
		}
		all[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	return all, true
}

// read puts a document together: the YAML, and the fields on top of it. What
// is wrong stands under the name of its field; the YAML's is "rest".
func read[T any](z *Wizard, t table, typed map[string]string, rest string) (document T, faults page.Faults) {
	if strings.TrimSpace(rest) != "" {
		if err := strictyaml.Decode("yaml", []byte(rest), &document); err != nil {
			return document, page.Faults{fieldRest: page.Sentences(fault.As(err))}
		}
	}
	tree, err := treeOf(document)
	if err != nil {
		return document, page.Faults{fieldRest: z.Pages.Word("wizard.setting_fault")}
	}
	faults = page.Faults{}
	for _, s := range t.all() {
		if strings.TrimSpace(typed[s.path]) == "" {
			continue
		}
		value, ok := s.value(typed[s.path])
		if !ok {
			faults[s.path] = z.Pages.Word("setting_fault." + s.kind)
			continue
		}
		put(tree, strings.Split(s.path, "."), value)
	}
	whole, err := grown[T](tree)
	if err == nil {
		return whole, faults
	}
	for _, s := range t.all() { // which of them is it?
		if value := find(tree, strings.Split(s.path, ".")); value != nil && !fits[T](s.path, value) {
			faults[s.path] = z.Pages.Word("setting_fault." + s.kind)
		}
	}
	if len(faults) == 0 {
		faults[fieldRest] = z.Pages.Word("wizard.setting_fault")
	}
	return document, faults
}

// grown is the document that a tree says.
func grown[T any](tree map[string]any) (document T, err error) {
	text, err := json.Marshal(tree)
	if err != nil {
		return document, err
	}
	return document, json.Unmarshal(text, &document)
}

// fits says whether a value may stand under a key.
func fits[T any](path string, value any) bool {
	tree := make(map[string]any)
	put(tree, strings.Split(path, "."), value)
	_, err := grown[T](tree)
	return err == nil
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
