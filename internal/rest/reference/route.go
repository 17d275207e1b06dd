package reference

import (
	"iter"
	"reflect"
	"strings"
)

// Route is what the document and the page say of a route.
type Route struct {
	Method, Path                string
	Open                        bool // for anyone, without a key
	Group, Summary, Description string
	Query                       any // struct with query tags; nil: none
	Body                        any // as it is read from JSON; nil: none
	BodyOptional, MergePatch    bool
	Answer                      any  // as it is written; nil: no body
	Created, Page, Bare         bool // 201; HTML; the header alone is the answer
}

// ID is the summary as one word: listConnections for "List connections".
func (r Route) ID() string {
	words := strings.FieldsFunc(r.Summary, func(r rune) bool { return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') })
	for i, word := range words {
		word = strings.ToLower(word)
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		words[i] = word
	}
	return strings.Join(words, "")
}

// Fields walks the fields of a struct by the names that a tag gives them,
// those of embedded structs included, as encoding/json does.
func Fields(t reflect.Type, tag string) iter.Seq2[string, reflect.StructField] {
	return func(yield func(string, reflect.StructField) bool) {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		for _, field := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(field.Tag.Get(tag), ",")
			if !field.IsExported() || name == "" || name == "-" {
				continue
			}
			if !yield(name, field) {
				return
			}
		}
	}
}
