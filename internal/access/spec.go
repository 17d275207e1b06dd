package access

import (
	"regexp"
	"slices"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

var (
	keyName        = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
	connectionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
)

// complete fills in the defaults of a spec and refuses one that makes no sense.
func complete(spec api.KeySpec, now time.Time) (api.KeySpec, error) {
	if !keyName.MatchString(spec.Name) {
		return spec, fault.New(api.CodeInvalid, "%q is not a name for a key", clip(spec.Name)).
			WithHint("use 1 to 63 characters of a-z 0-9 . _ - and begin with a letter or digit")
	}
	if spec.Role == "" {
		spec.Role = api.RoleCaller
	}
	if !slices.Contains([]api.Role{api.RoleOperator, api.RoleCaller, api.RoleProxy, api.RoleViewer}, spec.Role) {
		return spec, fault.New(api.CodeInvalid, "%q is not a role", clip(string(spec.Role))).
			WithHint("the roles are operator, caller, proxy and viewer")
	}
	if spec.Role == api.RoleOperator && len(spec.Connections) > 0 {
		return spec, fault.New(api.CodeInvalid, "an operator reaches every connection, so its key cannot be limited to some").
			WithHint("leave connections out, or use the role caller, proxy or viewer")
	}
	if spec.ExpiresAt != nil && !spec.ExpiresAt.After(now) {
		return spec, fault.New(api.CodeInvalid, "expires_at is %s, which is in the past", spec.ExpiresAt.UTC().Format(time.RFC3339)).
			WithHint("give a time in the future, or leave it out for a key that does not expire")
	}
	for _, name := range spec.Connections {
		if !connectionName.MatchString(name) {
			return spec, fault.New(api.CodeInvalid, "%q is not a name of a connection", clip(name)).
				WithHint("connections is a list of exact names; valetkey list shows them")
		}
	}
	spec.Connections = slices.Compact(slices.Sorted(slices.Values(spec.Connections)))
	return spec, nil
}

// clip shortens what a caller wrote before it is shown back.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
