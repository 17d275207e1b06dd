package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Document is a parsed file whose places can be named. It is not for several
// goroutines at once.
type Document struct {
	filename string
	body     *yaml.Node                    // nil when the file holds nothing
	index    map[*yaml.Node]map[string]int // where the keys of wide maps stand in Content
}

// Parse reads the one YAML or JSON document of a file. The error is a
// *[fault.Error] with [api.CodeInvalid].
func Parse(filename string, data []byte) (doc *Document, err error) {
	defer func() {
		// The text is the user's: a parser that panics on it must not take
		// the server along.
		if reason := recover(); reason != nil {
			err = fault.Wrap(fmt.Errorf("%v", reason), api.CodeInvalid, "%s: this is not YAML", filename)
		}
	}()
	found := problems{filename: filename}
	if len(data) > maxSize {
		found.at(place{}, "larger than %d MB", maxSize>>20)
		return nil, found.err()
	}
	body, isJSON := parseJSON(data)
	if !isJSON {
		body = found.parseYAML(data)
	}
	if deep := tooDeep(body, 1); deep != nil {
		found.node(deep, "nested more than %d levels deep", maxNesting)
	}
	if len(found.found) > 0 {
		return nil, found.err()
	}
	return &Document{filename: filename, body: body, index: map[*yaml.Node]map[string]int{}}, nil
}

// parseYAML reads the one document there may be.
func (p *problems) parseYAML(data []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var body *yaml.Node
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return body
		}
		if err != nil {
			p.syntax(err)
			return nil
		}
		next := onlyContent(&doc)
		if next == nil {
			continue
		}
		if body != nil {
			p.node(next, "a second document; one file holds one document (remove the ---)")
			return nil
		}
		body = next
	}
}

// onlyContent is what a document holds; nil when that is nothing.
func onlyContent(doc *yaml.Node) *yaml.Node {
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil
	}
	n := doc.Content[0]
	if isNull(n) && n.Value == "" && n.Anchor == "" {
		return nil
	}
	return n
}

// syntax reports what the parser said: a fixed sentence, in which the name of
// an anchor is the only thing quoted.
func (p *problems) syntax(err error) {
	var wrong *yaml.LoadError
	if !errors.As(err, &wrong) {
		p.at(place{}, "this is not YAML")
		return
	}
	where, message := place{wrong.Mark.Line, max(1, wrong.Mark.Column)}, wrong.Message
	if rest, isAlias := strings.CutPrefix(message, "unknown anchor '"); isAlias {
		name, _, _ := strings.Cut(rest, "'")
		message = "alias *" + name + " has no anchor &" + name + " before it"
	}
	if begun := wrong.ContextMark.Line; begun > 0 && begun < where.line {
		message += " of what begins on line " + strconv.Itoa(begun)
	}
	p.at(where, "%s", message)
}

// Decode fills the value that into points to, as [Decode] does.
func (doc *Document) Decode(into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fault.New(api.CodeInternal, "strictyaml: Decode needs a pointer, got %T", into)
	}
	if doc.body == nil {
		return nil
	}
	d := &decoder{problems: problems{filename: doc.filename}, open: map[*yaml.Node]bool{}, fields: map[reflect.Type]structure{}}
	d.value(doc.body, target.Elem(), "")
	return d.err()
}

// Place is where something stands in a file; line and column count from 1.
type Place struct {
	File         string
	Line, Column int
}

// String returns file:line:column.
func (p Place) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// Place returns where the key at the end of the path stands, list items
// counted from 0; where the path leads nowhere, the last place it reached.
func (doc *Document) Place(path ...string) Place {
	at := Place{File: doc.filename, Line: 1, Column: 1}
	n := doc.body
	for _, step := range path {
		key, value := doc.child(n, step)
		if value == nil {
			break
		}
		at.Line, at.Column = key.Line, key.Column
		n = value
	}
	return at
}

// child returns the node to point at and the node below it.
func (doc *Document) child(n *yaml.Node, step string) (key, value *yaml.Node) {
	if n == nil {
		return nil, nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		if i, ok := doc.keys(n)[step]; ok {
			return n.Content[i], n.Content[i+1]
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i]
		}
	}
	return nil, nil
}

// keys says where each key of a map stands in its Content.
func (doc *Document) keys(n *yaml.Node) map[string]int {
	if keys, known := doc.index[n]; known {
		return keys
	}
	keys := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if _, twice := keys[n.Content[i].Value]; !twice {
			keys[n.Content[i].Value] = i
		}
	}
	doc.index[n] = keys
	return keys
}

// Has says whether the document has a key on its top level.
func (doc *Document) Has(key string) bool {
	_, value := doc.child(doc.body, key)
	return value != nil
}

// Below returns the part of the document under a key of its top level; its
// places are still those of the file.
func (doc *Document) Below(key string) *Document {
	_, value := doc.child(doc.body, key)
	return &Document{filename: doc.filename, body: value, index: doc.index}
}
