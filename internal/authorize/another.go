package authorize

import (
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// notAnother refuses an answer of another company, region or shop than the one
// whose tokens a connection holds: programs that use it would read and write
// somebody else's books (faults R-12). captured is what came with the browser.
func notAnother(c ledger.Connection, captured map[string]string) error {
	if c.Generation == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(captured)) {
		was, is := c.Captured[name], captured[name]
		if was == "" || is == "" || was == is {
			continue
		}
		return fault.New(api.CodeConflict, "the connection %q belongs to %s %s, and %s was chosen", c.Name, name, was, is).
			WithHint("choose %s %s, or make a connection of its own for the other one", name, was)
	}
	return nil
}
