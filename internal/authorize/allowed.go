package authorize

import (
	"slices"

	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/oauth"
)

// AllowedGrants are the grants that a connection of this server may have: all,
// but those that need the operator's leave and do not have it.
func (f *Flows) AllowedGrants() []oauth.GrantType {
	return slices.DeleteFunc(arrangement.Grants(), func(grant oauth.GrantType) bool { return f.desk.Leave(grant) != nil })
}
