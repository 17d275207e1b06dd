package broker

import (
	"time"

	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/target"
)

// Credential is all that one call of an API needs, as one immutable snapshot.
type Credential struct {
	Connection string
	Generation int64
	TokenType  string
	Scope      string
	ExpiresAt  time.Time      // zero: unknown
	Target     *target.Target // never nil
	sealed     secret.Sealed
	sealer     Sealer
}

// AccessToken opens the token. It stays sealed in memory between calls.
func (c *Credential) AccessToken() (secret.Text, error) {
	return c.sealer.Open(c.sealed, tokenPlace(c.Connection, c.Generation, "access_token"))
}

// Sealer seals and opens secrets; *secret.Keyring is one.
type Sealer interface {
	Seal(secret.Text, secret.Place) (secret.Sealed, error)
	Open(secret.Sealed, secret.Place) (secret.Text, error)
}
