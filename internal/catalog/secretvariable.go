package catalog

import (
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
)

// SecretVariables lists the variables that are sealed with the client's
// credential and never shown, by name.
func SecretVariables(p api.Provider) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(p.Variables)) {
		if p.Variables[name].Secret {
			names = append(names, name)
		}
	}
	return names
}
