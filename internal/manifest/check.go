package manifest

import (
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/strictyaml"
)

// Check looks whether every provider and client that the manifest refers to
// will exist: in the manifest, or in the state. With prune, what the manifest
// does not name will be gone and does not count; built-in providers always
// do. The error has [api.CodeInvalid], with the line and the nearest name.
func (m Manifest) Check(current State, prune bool) error {
	providers, clients := names(m.Providers), names(m.Clients)
	var mistakes []string
	for _, p := range current.Providers {
		if _, own := m.Providers[p.Name]; own && p.BuiltIn {
			mistakes = append(mistakes, m.at(m.places, KindProvider, p.Name)+
				"the provider "+p.Name+" is built in and cannot be changed; give yours another name")
		}
		if p.BuiltIn || !prune {
			providers[p.Name] = true
		}
	}
	if !prune {
		for _, c := range current.Clients {
			clients[c.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Clients)) {
		mistakes = append(mistakes, m.missing(ref{KindClient, name, KindProvider, m.Clients[name].Provider}, providers)...)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Connections)) {
		mistakes = append(mistakes, m.missing(ref{KindConnection, name, KindClient, m.Connections[name].Client}, clients)...)
	}
	if len(mistakes) == 0 {
		return nil
	}
	return fault.New(api.CodeInvalid, "%s", strings.Join(mistakes, "\n"))
}

// ref is one thing that names another.
type ref struct{ kind, name, toKind, to string }

// names is the set of a map's keys.
func names[T any](of map[string]T) map[string]bool {
	set := make(map[string]bool, len(of))
	for name := range of {
		set[name] = true
	}
	return set
}

func (m Manifest) missing(r ref, known map[string]bool) []string {
	if known[r.to] {
		return nil
	}
	message := "the " + r.kind + " " + r.name + " names the " + r.toKind + " " + r.to + ", which there is not" +
		strictyaml.Suggest(r.to, slices.Sorted(maps.Keys(known)))
	return []string{m.at(m.refs, r.kind, r.name) + message}
}

// at is where something stands, as the beginning of a message.
func (m Manifest) at(places map[string]strictyaml.Place, kind, name string) string {
	if place, known := places[kind+"/"+name]; known {
		return place.String() + ": "
	}
	return ""
}
