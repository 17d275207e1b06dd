package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Document is a parsed file whose places can be named.
type Document struct {
	filename string
	body     ast.Node // nil when the file holds nothing
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
		found.at(nil, "larger than %d MB", maxSize>>20)
		return nil, found.err()
	}
	tokens, tooDeep := tokenize(data)
	if tooDeep != nil {
		found.at(tooDeep, "nested more than %d levels deep", maxNesting)
		return nil, found.err()
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		found.syntax(err)
		return nil, found.err()
	}
	body := found.onlyBody(file)
	return &Document{filename: filename, body: body}, found.err()
}

// syntax reports what the parser said. Its short message is a fixed sentence;
// the long form quotes the source, which could show a secret.
func (p *problems) syntax(err error) {
	var syntax yaml.Error
	if !errors.As(err, &syntax) {
		p.at(nil, "this is not YAML")
		return
	}
	p.at(syntax.GetToken(), "%s", syntax.GetMessage())
}

func (p *problems) onlyBody(file *ast.File) ast.Node {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if body != nil {
			p.node(doc.Body, "a second document; one file holds one document (remove the ---)")
			return nil
		}
		body = doc.Body
	}
	return body
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
	d := &decoder{problems: problems{filename: doc.filename}, anchors: map[string]ast.Node{}}
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
		key, value := child(n, step)
		if value == nil {
			break
		}
		if t := startOf(key); t != nil && t.Position != nil {
			at.Line, at.Column = t.Position.Line, t.Position.Column
		}
		n = value
	}
	return at
}

// child returns the node to point at and the node below it.
func child(n ast.Node, step string) (ast.Node, ast.Node) {
	if anchor, ok := n.(*ast.AnchorNode); ok {
		n = anchor.Value
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, value := range n.Values {
			if value.Key.GetToken().Value == step {
				return value.Key, value.Value
			}
		}
	case *ast.MappingValueNode:
		if n.Key.GetToken().Value == step {
			return n.Key, n.Value
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Values) {
			return n.Values[i], n.Values[i]
		}
	}
	return nil, nil
}

// Has says whether the document has a key on its top level.
func (doc *Document) Has(key string) bool {
	_, value := child(doc.body, key)
	return value != nil
}

// Below returns the part of the document under a key of its top level; its
// places are still those of the file.
func (doc *Document) Below(key string) *Document {
	_, value := child(doc.body, key)
	return &Document{filename: doc.filename, body: value}
}
