package catalog

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// ParseProvider reads one description and checks it. The provider's name is
// that of the file. The error has [api.CodeInvalid] and lists every problem
// with file:line:column.
func ParseProvider(filename string, data []byte) (api.Provider, error) {
	doc, err := strictyaml.Parse(filename, data)
	if err != nil {
		return api.Provider{}, err
	}
	return parseBare(filename, doc)
}

// ParseFile reads a file of descriptions and checks each: one bare description
// under the file's own name, or a manifest, of which it reads providers. The
// error is that of [ParseProvider].
func ParseFile(filename string, data []byte) (map[string]api.Provider, error) {
	doc, err := strictyaml.Parse(filename, data)
	if err != nil {
		return nil, err
	}
	if !doc.Has("providers") {
		p, err := parseBare(filename, doc)
		return map[string]api.Provider{p.Name: p}, err
	}
	// What else a manifest holds is its own affair.
	var providers map[string]api.Provider
	if err := doc.Below("providers").Decode(&providers); err != nil {
		return nil, err
	}
	var problems []strictyaml.Problem
	for _, name := range slices.Sorted(maps.Keys(providers)) {
		p := providers[name]
		problems = append(problems, located(doc, judge(p, name), "providers", name)...)
		p.Name = name
		providers[name] = p
	}
	if len(problems) > 0 {
		return nil, strictyaml.Fault(filename, problems)
	}
	return providers, nil
}

func parseBare(filename string, doc *strictyaml.Document) (api.Provider, error) {
	var p api.Provider
	if err := doc.Decode(&p); err != nil {
		return p, nestedHint(doc, err)
	}
	name := strings.TrimSuffix(path.Base(filename), path.Ext(filename))
	found := judge(p, name)
	p.Name = name
	if len(found) == 0 {
		return p, nil
	}
	return p, strictyaml.Fault(filename, located(doc, found))
}

// judge is [Lint] with what the place of a description decides.
func judge(p api.Provider, name string) []Finding {
	found := Lint(p)
	if p.Name != "" && p.Name != name {
		found = append(found, Finding{Path: []string{"name"}, Message: "the name of a provider is that of its file or its key; leave it out"})
	}
	if p.BuiltIn {
		found = append(found, Finding{Path: []string{"built_in"}, Message: "it cannot be set"})
	}
	return found
}

// located gives findings the lines they stand on, below a place of the document.
func located(doc *strictyaml.Document, found []Finding, below ...string) []strictyaml.Problem {
	problems := make([]strictyaml.Problem, len(found))
	for i, f := range found {
		at := doc.Place(slices.Concat(below, f.Path)...)
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

// parseDirectory reads every *.yaml of a directory. A name stands in one file only.
func parseDirectory(name string, dir fs.FS) (map[string]api.Provider, error) {
	files, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, err
	}
	all, from := make(map[string]api.Provider), make(map[string]string)
	var mistakes []string
	for _, file := range files {
		data, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the provider description %s cannot be read", path.Join(name, file))
		}
		found, err := ParseFile(path.Join(name, file), data)
		if err != nil {
			mistakes = append(mistakes, fault.As(err).Message)
			continue
		}
		for _, provider := range slices.Sorted(maps.Keys(found)) {
			if first, twice := from[provider]; twice {
				mistakes = append(mistakes, path.Join(name, file)+": the provider "+provider+" stands in "+first+" as well")
			}
			all[provider], from[provider] = found[provider], path.Join(name, file)
		}
	}
	if len(mistakes) > 0 {
		return nil, fault.New(api.CodeNeedsConfiguration, "%s", strings.Join(mistakes, "\n")).
			WithHint("valetkey providers lint FILE checks a file without starting the server")
	}
	return all, nil
}
