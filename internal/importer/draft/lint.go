package draft

import (
	"strings"

	"github.com/valetkey/valetkey/internal/catalog"
)

// Lint notes what the server would refuse of the draft's providers. An
// operation that it would refuse is taken out; the rest of a provider stays,
// for a person to mend.
func (d *Draft) Lint() {
	for _, name := range sorted(d.Providers) {
		p := d.Providers[name]
		for _, found := range catalog.Lint(p) {
			where := "provider " + name + ": " + strings.Join(found.Path, ".")
			if len(found.Path) > 1 && found.Path[0] == "operations" {
				delete(p.Operations, found.Path[1])
				d.Add(Note{Where: where, What: "an operation", Why: found.Message, Do: "call it by its path with valetkey call, or describe it by hand"})
				continue
			}
			d.Add(Note{Where: where, What: "the draft is not complete", Why: found.Message, Do: "mend it before you apply the draft"})
		}
	}
}
