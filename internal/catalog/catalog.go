package catalog

import (
	"embed"
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

//go:embed providers/*.yaml providers/index.tsv
var embedded embed.FS

// Catalog is a set of provider descriptions. It is safe for concurrent use
// and never changes.
type Catalog struct {
	shipped map[string]func() (api.Provider, error)
	index   func() map[string]api.Provider // summaries of shipped ones
	own     map[string]api.Provider
}

// BuiltIn returns the providers that Valetkey ships.
func BuiltIn() (*Catalog, error) {
	dir, err := fs.Sub(embedded, "providers")
	if err != nil {
		return nil, err
	}
	return Load(dir)
}

// Load makes a catalogue of the *.yaml files of a directory, which count as
// shipped. Each is parsed when it is first asked for, so that a start costs
// no more than the listing; what the directory's index tells of one is taken
// from there.
func Load(dir fs.FS) (*Catalog, error) {
	files, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, err
	}
	c := &Catalog{
		shipped: make(map[string]func() (api.Provider, error), len(files)),
		index:   sync.OnceValue(func() map[string]api.Provider { return readIndex(dir) }),
	}
	for _, file := range files {
		c.shipped[strings.TrimSuffix(file, ".yaml")] = sync.OnceValues(func() (api.Provider, error) {
			data, err := fs.ReadFile(dir, file)
			if err != nil {
				return api.Provider{}, fault.Wrap(err, api.CodeInternal, "the provider description %s cannot be read", file)
			}
			p, err := ParseProvider(file, data)
			p.BuiltIn = true
			return p, err
		})
	}
	return c, nil
}

// WithDirectory returns a catalogue with the operator's files on top of the
// shipped ones: each *.yaml of a directory, as [ParseFile] reads it. Like
// shipped ones they are read-only, and one of the same name hides a shipped
// one. All are parsed now: a mistake is an error with file, line and column.
// In messages the directory has the name given.
func (c *Catalog) WithDirectory(name string, dir fs.FS) (*Catalog, error) {
	added, err := parseDirectory(name, dir)
	if err != nil {
		return nil, err
	}
	layered := &Catalog{shipped: maps.Clone(c.shipped), own: c.own}
	for name, p := range added {
		p.BuiltIn = true
		layered.shipped[name] = func() (api.Provider, error) { return p, nil }
	}
	layered.index = sync.OnceValue(func() map[string]api.Provider {
		index := maps.Clone(c.index())
		maps.DeleteFunc(index, func(name string, _ api.Provider) bool {
			_, hidden := added[name]
			return hidden
		})
		return index
	})
	return layered, nil
}

// WithUser returns a catalogue with the user's own descriptions on top: one
// of the same name hides a shipped one. An earlier set of own descriptions is
// replaced.
func (c *Catalog) WithUser(own map[string]api.Provider) *Catalog {
	layered := &Catalog{shipped: c.shipped, index: c.index, own: make(map[string]api.Provider, len(own))}
	for name, p := range own {
		p = clone(p)
		p.Name, p.BuiltIn = name, false
		layered.own[name] = p
	}
	return layered
}

// Provider returns a copy of a description, and whether there is one. The
// error says that a shipped description cannot be parsed.
func (c *Catalog) Provider(name string) (api.Provider, bool, error) {
	if p, ok := c.own[name]; ok {
		return clone(p), true, nil
	}
	parse, ok := c.shipped[name]
	if !ok {
		return api.Provider{}, false, nil
	}
	p, err := parse()
	if err != nil {
		return api.Provider{}, true, err
	}
	return clone(p), true, nil
}

// Names lists the providers in order without parsing any.
func (c *Catalog) Names() []string {
	all := make([]string, 0, len(c.shipped)+len(c.own))
	for name := range c.shipped {
		all = append(all, name)
	}
	for name := range c.own {
		if _, hides := c.shipped[name]; !hides {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// List returns all descriptions by name: copies of the user's own, and
// summaries of the others, which hold what [Summary] says.
func (c *Catalog) List() ([]api.Provider, error) {
	names := c.Names()
	all := make([]api.Provider, 0, len(names))
	for _, name := range names {
		p, err := c.listed(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// listed is a provider as a list shows it.
func (c *Catalog) listed(name string) (api.Provider, error) {
	if _, own := c.own[name]; !own {
		if p, indexed := c.index()[name]; indexed {
			return Summary(p), nil
		}
	}
	p, _, err := c.Provider(name)
	if err == nil && p.BuiltIn {
		p = Summary(p)
	}
	return p, err
}

// clone copies a description to the bottom. A description is JSON by nature,
// so the way through JSON loses nothing.
func clone(p api.Provider) api.Provider {
	var copied api.Provider
	text, err := json.Marshal(p)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err != nil {
		return p // cannot happen for a type without channels or functions
	}
	return copied
}
