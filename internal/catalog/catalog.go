package catalog

import (
	"embed"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

//go:embed providers/*.yaml
var builtIn embed.FS

// Catalog is a set of providers, built in and the user's own. It is immutable
// and safe for concurrent use.
type Catalog struct {
	files func(name string) (api.Provider, error) // reads a built-in description
	names []string                                // of the built-in ones, sorted
	own   map[string]api.Provider
}

// BuiltIn returns the catalogue of this binary. Its files are read one by one,
// when they are asked for, so that a start pays for none.
func BuiltIn() (*Catalog, error) {
	directory, err := fs.Sub(builtIn, "providers")
	if err != nil {
		return nil, err
	}
	return Load(directory)
}

// Load returns the catalogue of a directory with one NAME.yaml for each provider.
func Load(directory fs.FS) (*Catalog, error) {
	entries, err := fs.ReadDir(directory, ".")
	if err != nil {
		return nil, err
	}
	c := &Catalog{}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".yaml"); ok {
			c.names = append(c.names, name)
		}
	}
	slices.Sort(c.names)
	c.files = remember(func(name string) (api.Provider, error) {
		data, err := fs.ReadFile(directory, name+".yaml")
		if err != nil {
			return api.Provider{}, err
		}
		p, err := ParseProvider(name+".yaml", data)
		p.Name, p.BuiltIn = name, true
		return p, err
	})
	return c, nil
}

// remember keeps what read returned for each name.
func remember(read func(string) (api.Provider, error)) func(string) (api.Provider, error) {
	type result struct {
		provider api.Provider
		err      error
	}
	var known sync.Map
	return func(name string) (api.Provider, error) {
		if r, ok := known.Load(name); ok {
			return r.(result).provider, r.(result).err
		}
		p, err := read(name)
		known.Store(name, result{p, err})
		return p, err
	}
}

// ParseProvider reads one description and checks it. The error names file and line.
func ParseProvider(filename string, data []byte) (api.Provider, error) {
	var p api.Provider
	if err := strictyaml.Decode(filename, data, &p); err != nil {
		return p, err
	}
	return p, Check(p)
}

// WithUser returns the catalogue with the user's own providers beside the built-in ones.
func (c *Catalog) WithUser(own map[string]api.Provider) *Catalog {
	return &Catalog{files: c.files, names: c.names, own: maps.Clone(own)}
}

// Provider returns a description, and whether there is one. Do not change what
// it points to.
func (c *Catalog) Provider(name string) (api.Provider, bool, error) {
	if _, ok := slices.BinarySearch(c.names, name); ok {
		p, err := c.files(name)
		return p, err == nil, err
	}
	p, ok := c.own[name]
	return p, ok, nil
}

// List returns all descriptions by name.
func (c *Catalog) List() ([]api.Provider, error) {
	names := slices.AppendSeq(slices.Clone(c.names), maps.Keys(c.own))
	slices.Sort(names)
	all := make([]api.Provider, 0, len(names))
	for _, name := range slices.Compact(names) {
		p, _, err := c.Provider(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
