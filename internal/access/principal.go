package access

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Principal is who is calling, and what that caller may do. The zero
// Principal may do nothing.
//
//	            read its connections   call, proxy   token   settings    administer
//	operator    all                    yes           yes     yes         yes
//	caller      yes                    yes           yes     no          no
//	proxy       yes                    yes           no      no          no
//	viewer      yes                    no            no      unlimited   no
type Principal struct {
	Name string // the key's name
	Role api.Role

	connections map[string]bool // nil: all
}

// Operator is the caller who needs no key: whoever may open the data directory.
func Operator() Principal { return Principal{Name: "local operator", Role: api.RoleOperator} }

func newPrincipal(key Key) Principal {
	p := Principal{Name: key.Name, Role: key.Role}
	if len(key.Connections) > 0 {
		p.connections = make(map[string]bool, len(key.Connections))
		for _, name := range key.Connections {
			p.connections[name] = true
		}
	}
	return p
}

// MayRead reports whether p may know of the connection and read its status and events.
func (p Principal) MayRead(connection string) bool {
	switch p.Role {
	case api.RoleOperator:
		return true
	case api.RoleCaller, api.RoleProxy, api.RoleViewer:
		return p.connections == nil || p.connections[connection]
	default:
		return false
	}
}

// MayCall reports whether p may send requests through the connection.
func (p Principal) MayCall(connection string) bool {
	return p.Role != api.RoleViewer && p.MayRead(connection)
}

// MayReadToken reports whether p may hold the connection's access token.
func (p Principal) MayReadToken(connection string) bool {
	return p.Role != api.RoleProxy && p.MayCall(connection)
}

// MayReadSettings reports whether p may read what belongs to no single
// connection: providers, clients and keys.
func (p Principal) MayReadSettings() bool {
	return p.Role == api.RoleOperator || p.Role == api.RoleViewer && p.connections == nil
}

// MayAdminister reports whether p may change anything.
func (p Principal) MayAdminister() bool { return p.Role == api.RoleOperator }

// NoConnection is the one answer to a caller who asks for a connection that
// does not exist or that the caller may not know of.
func NoConnection(name string) *fault.Error {
	return fault.New(api.CodeNotFound, "there is no connection named %q", clip(name)).
		WithHint("valetkey list shows the connections there are")
}
