package page

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"
)

//go:embed words/en.json
var englishWords []byte

// words are the texts of one language by their keys.
type words map[string]string

func english() words {
	var w words
	if err := json.Unmarshal(englishWords, &w); err != nil {
		panic(err) // it is built in, and every test of a page reads it
	}
	return w
}

func (w words) say(key string, values ...any) (string, error) {
	text, ok := w[key]
	if !ok {
		return "", fmt.Errorf("there is no text %q", key)
	}
	if len(values) == 0 {
		return text, nil
	}
	return fmt.Sprintf(text, values...), nil
}

// funcs are what templates may call.
func (s *Set) funcs() template.FuncMap {
	return template.FuncMap{
		"t":     s.words.say,
		"has":   func(key string) bool { _, ok := s.words[key]; return ok },
		"when":  instant,
		"day":   day,
		"begin": sentenceCase,
		"under": func(path, section string) bool { return path == section || strings.HasPrefix(path, section+"/") },
		"list":  func(items ...any) []any { return items },
		"join":  func(items []string) string { return strings.Join(items, " ") },
		"fault": func(view View, faults Faults, field string) fieldFault {
			return fieldFault{Field: field, Text: faults[field]}
		},
	}
}

// Faults are what is wrong with a form, by field; "" is the form as a whole.
type Faults map[string]string

// fieldFault is what is wrong with one field.
type fieldFault struct{ Field, Text string }

// instant renders a time; a script may show it in the reader's zone. Nothing
// is rendered for a time that is not known.
func instant(at any) template.HTML {
	var t time.Time
	switch at := at.(type) {
	case time.Time:
		t = at
	case *time.Time:
		if at != nil {
			t = *at
		}
	}
	if t.IsZero() {
		return ""
	}
	t = t.UTC()
	exact := t.Format(time.RFC3339)
	return template.HTML(`<time datetime="` + exact + `" title="` + exact + `">` + t.Format("2006-01-02 15:04") + ` UTC</time>`) //nolint:gosec // digits of a time only
}

// day renders a day of the calendar; a script may write it as the reader does.
func day(at time.Time) template.HTML {
	text := at.Format(time.DateOnly)
	return template.HTML(`<time datetime="` + text + `">` + text + `</time>`) //nolint:gosec // digits of a day only
}
