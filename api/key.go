package api

import "time"

// Role is what a key may do.
type Role string

// The roles of a key.
const (
	RoleOperator Role = "operator" // everything
	RoleCaller   Role = "caller"   // call, proxy and fetch tokens of its connections
	RoleProxy    Role = "proxy"    // call and proxy; never sees a token
	RoleViewer   Role = "viewer"   // read everything but tokens
)

// KeySpec asks for a key.
type KeySpec struct {
	Name        string     `json:"name"`
	Role        Role       `json:"role,omitempty"`        // default caller
	Connections []string   `json:"connections,omitempty"` // the connections it reaches; empty: all
	ExpiresAt   *time.Time `json:"expires_at,omitempty"`  // default: never
}

// Key is a key as it reads back; the key itself is shown once, when it is made.
type Key struct {
	KeySpec
	Prefix     string     `json:"prefix"` // the first characters, to recognise it by
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

// NewKey is the answer to a KeySpec: the one time the key itself is shown.
type NewKey struct {
	Key
	Secret Secret `json:"key"`
}

// KeyList holds all keys.
type KeyList struct {
	Keys []Key `json:"keys"`
}
