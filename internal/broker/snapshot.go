package broker

import (
	"time"

	"github.com/valetkey/valetkey/internal/clientauth"
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
	client     string
	clientKept secret.Sealed // what the client authenticates with
}

// AccessToken opens the token. It stays sealed in memory between calls.
func (c *Credential) AccessToken() (secret.Text, error) {
	return c.sealer.Open(c.sealed, tokenPlace(c.Connection, c.Generation, "access_token"))
}

// ClientKey opens the private key of the connection's client, which an API may
// want to see with its certificate; empty when there is none.
func (c *Credential) ClientKey() (secret.Text, error) {
	text, err := c.sealer.Open(c.clientKept, clientSecretPlace(c.client))
	if err != nil {
		return secret.Text{}, err
	}
	credential, err := clientauth.Read(text)
	return credential.PrivateKey, err
}

// Sealer seals and opens secrets; *secret.Keyring is one.
type Sealer interface {
	Seal(secret.Text, secret.Place) (secret.Sealed, error)
	Open(secret.Sealed, secret.Place) (secret.Text, error)
}
