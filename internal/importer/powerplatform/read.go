package powerplatform

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/openapi"
)

// connector is what one directory holds, or one name in a directory of a
// solution.
type connector struct {
	definition, properties draft.Value
	parts                  map[string]draft.Value // of properties, as a solution has them
}

// solutionParts are the files of one connector in an exported solution, by the
// endings of their names, and the member of properties that each is.
func solutionParts() map[string]string {
	return map[string]string{
		"_openapidefinition.json":       "",
		"_connectionparameters.json":    "connectionParameters",
		"_connectionparametersets.json": "connectionParameterSets",
		"_policytemplateinstances.json": "policyTemplateInstances",
		"_scriptoperations.json":        "scriptOperations",
	}
}

// inSolution gives the connector that a file of a solution belongs to, and what
// it is of it.
func inSolution(name string) (of, part string, ok bool) {
	for ending, part := range solutionParts() {
		if of, found := strings.CutSuffix(name, ending); found {
			return of, part, true
		}
	}
	return "", "", false
}

// Read makes a draft of the connectors in the files. The name is that of the
// provider; without one the title gives it. The error has [api.CodeInvalid].
func Read(files []draft.File, name string) (draft.Draft, error) {
	d := draft.New()
	if err := draft.CheckSize(files); err != nil {
		return d, err
	}
	connectors, err := gather(&d, files)
	if err != nil {
		return draft.New(), err
	}
	found := 0
	for _, dir := range slices.Sorted(maps.Keys(connectors)) {
		c := connectors[dir]
		if c.definition.Exists() || c.properties.Exists() {
			found++
			c.read(&d, name, path.Base(dir))
		}
	}
	if found == 0 {
		return draft.New(), fault.New(api.CodeInvalid, "this is no connector of Power Platform: there is neither a definition nor its properties").
			WithHint("give apiDefinition.swagger.json and apiProperties.json, as paconn download writes them")
	}
	d.Lint()
	return d, nil
}

// gather puts the files of each connector together.
func gather(d *draft.Draft, files []draft.File) (map[string]*connector, error) {
	connectors := make(map[string]*connector)
	for _, f := range files {
		if !strings.HasSuffix(strings.ToLower(f.Name), ".json") {
			unread(d, f.Name)
			continue
		}
		root, err := d.Parse(f)
		if err != nil {
			return nil, err
		}
		of, part, exported := inSolution(f.Name)
		if !exported {
			of = path.Dir(f.Name)
		}
		c := connectors[of]
		if c == nil {
			c = &connector{parts: make(map[string]draft.Value)}
			connectors[of] = c
		}
		switch {
		case part != "":
			c.parts[part] = root
			c.properties = draft.Document(map[string]draft.Value{"properties": draft.Document(c.parts)})
		case root.Get("swagger").Exists() || root.Get("openapi").Exists():
			c.definition = root
		case root.Get("properties").IsMap():
			c.properties = root
		default:
			unread(d, f.Name)
		}
	}
	return connectors, nil
}

// unread notes a file beside a connector that says how it works.
func unread(d *draft.Draft, name string) {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".png", ".txt", ".svg":
	case ".csx":
		d.Add(draft.Note{Where: name, What: "a script", Why: "Valetkey runs no code of connectors", Do: "see what it changes in requests and answers"})
	default:
		if path.Base(name) != "settings.json" { // the tool's own, of one environment
			d.Add(draft.Note{Where: name, What: "a file", Why: "it is neither a connector's definition nor its properties"})
		}
	}
}

// read puts one connector into the draft.
func (c *connector) read(d *draft.Draft, name, dir string) {
	var p api.Provider
	if c.definition.Exists() {
		p = openapi.Describe(d, c.definition)
	} else {
		d.Add(draft.Note{Where: c.properties.Where(), What: "the connector's definition", Why: "it was not given, so base URL and operations are not known", Do: "give apiDefinition.swagger.json as well, or set api.base_url"})
	}
	if !c.properties.Exists() {
		d.Add(draft.Note{Where: c.definition.Where(), What: "the connector's properties", Why: "they were not given; how it authorizes stands in them", Do: "give apiProperties.json as well"})
	}
	if name == "" {
		name = draft.Name(p.Title, draft.Name(dir, "connector"))
	}
	w := &writer{draft: d, name: name, base: p, properties: c.properties.Get("properties")}
	w.connections()
}
