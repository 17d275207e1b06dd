package catalog

import (
	"path"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// ParseProvider reads one description and checks it. The provider's name is
// that of the file. The error has [api.CodeInvalid] and lists every problem
// with file:line:column.
func ParseProvider(filename string, data []byte) (api.Provider, error) {
	var p api.Provider
	doc, err := strictyaml.Parse(filename, data)
	if err != nil {
		return p, err
	}
	if err := doc.Decode(&p); err != nil {
		return p, nestedHint(doc, err)
	}
	name := strings.TrimSuffix(path.Base(filename), path.Ext(filename))
	found := Lint(p)
	if p.Name != "" && p.Name != name {
		found = append(found, Finding{Path: []string{"name"}, Message: "the name of a provider is that of its file; leave it out"})
	}
	if p.BuiltIn {
		found = append(found, Finding{Path: []string{"built_in"}, Message: "it cannot be set"})
	}
	p.Name = name
	if len(found) == 0 {
		return p, nil
	}
	return p, strictyaml.Fault(filename, located(doc, found))
}

// located gives findings the lines they stand on.
func located(doc *strictyaml.Document, found []Finding) []strictyaml.Problem {
	problems := make([]strictyaml.Problem, len(found))
	for i, f := range found {
		at := doc.Place(f.Path...)
		problems[i] = strictyaml.Problem{Line: at.Line, Column: at.Column, Message: f.String()}
	}
	return problems
}

// nestedHint helps who brings a description in the nested form other tools use.
func nestedHint(doc *strictyaml.Document, err error) error {
	f := fault.As(err)
	if f.Code != api.CodeInvalid || !doc.Has("oauth2") {
		return err
	}
	return f.WithHint("the keys under oauth2: stand at the top level here; remove that line and indent its keys less")
}
