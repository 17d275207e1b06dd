package arrange

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/importer/draft"
	"github.com/valetkey/valetkey/internal/importer/known"
	"github.com/valetkey/valetkey/internal/manifest"
)

// recognise puts built-in providers in the place of those in a draft that have
// their endpoints. The server may be of another version: only what it has too
// counts.
func recognise(d *draft.Draft, current manifest.State) error {
	if len(d.Providers) == 0 {
		return nil // the whole catalogue need not be read
	}
	shipped, err := catalog.BuiltIn()
	if err != nil {
		return err
	}
	var providers []api.Provider
	for _, listed := range current.Providers {
		if !listed.BuiltIn {
			continue
		}
		full, found, err := shipped.Provider(listed.Name)
		if err != nil {
			return err
		}
		if found {
			full.Name = listed.Name
			providers = append(providers, full)
		}
	}
	known.Recognise(d, providers)
	return nil
}
