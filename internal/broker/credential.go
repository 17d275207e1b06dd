package broker

import (
	"context"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/onbehalf"
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
	bound      proofKey
	sealer     arrangement.Sealer
	client     string
	clientKept secret.Sealed // what the client authenticates with
	outside    clientauth.Outside
}

// AccessToken opens the token. It stays sealed in memory between calls.
func (c *Credential) AccessToken() (secret.Text, error) {
	return c.sealer.Open(c.sealed, ledger.TokenPlace(c.Connection, c.Generation, "access_token"))
}

// ClientKey opens the private key of the connection's client with its
// certificate, which an API may want to see, in PEM; empty when there is none.
func (c *Credential) ClientKey() (secret.Text, error) {
	text, err := c.sealer.Open(c.clientKept, ledger.ClientSecretPlace(c.client))
	if err != nil {
		return secret.Text{}, err
	}
	credential, err := clientauth.Read(text)
	if err != nil {
		return secret.Text{}, err
	}
	pair, err := credential.Pair(c.outside)
	return secret.NewText(string(pair)), err
}

// ClientVariable opens a secret variable of the connection's client; empty when
// it has none of that name.
func (c *Credential) ClientVariable(name string) (secret.Text, error) {
	text, err := c.sealer.Open(c.clientKept, ledger.ClientSecretPlace(c.client))
	if err != nil {
		return secret.Text{}, err
	}
	credential, err := clientauth.Read(text)
	return credential.Variables[name], err
}

// Credential is what a call needs. It reads memory only, unless the
// connection is not there or its token must be renewed first. A token near its
// expiry is served while it is renewed in the background.
func (b *Broker) Credential(ctx context.Context, connection string) (*Credential, error) {
	if subject, shown := onbehalf.Subject(ctx); shown {
		return b.onBehalf(ctx, connection, subject, wish{})
	}
	snap, err := b.snapshot(ctx, connection)
	if err != nil {
		return nil, err
	}
	if snap.refusal != nil {
		return nil, snap.refusal
	}
	now := b.Now()
	switch {
	case snap.credential.Generation == 0, reached(snap.deadAt, now):
		return b.renew(ctx, connection, wish{generation: snap.credential.Generation})
	case snap.renewable && snap.held == nil && reached(snap.renewAt, now):
		b.renewSoon(ctx, connection, wish{generation: snap.credential.Generation})
	}
	return &snap.credential, nil
}

func reached(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// fresh is a credential in place of one that does not live long enough.
func (b *Broker) fresh(ctx context.Context, connection string, generation int64) (*Credential, error) {
	if subject, shown := onbehalf.Subject(ctx); shown {
		return b.onBehalf(ctx, connection, subject, wish{generation: generation})
	}
	return b.renew(ctx, connection, wish{generation: generation})
}

// Token hands out an access token that is good for at least minTTL, renewing
// it when it is not. minTTL is not a promise the provider can be held to: a
// token whose whole life is shorter is handed out fresh.
func (b *Broker) Token(ctx context.Context, connection string, minTTL time.Duration) (api.AccessToken, error) {
	credential, err := b.Credential(ctx, connection)
	if err != nil {
		return api.AccessToken{}, err
	}
	snap, _, _ := b.snapshots.Get(connection)
	patient := snap != nil && snap.patient
	if !patient && !credential.ExpiresAt.IsZero() && credential.ExpiresAt.Sub(b.Now()) < minTTL {
		if credential, err = b.fresh(ctx, connection, credential.Generation); err != nil {
			return api.AccessToken{}, err
		}
	}
	return b.handOut(credential)
}
