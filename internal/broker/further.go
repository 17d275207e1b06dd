package broker

import (
	"context"
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// TokenFor hands out an access token for another resource than the
// connection's own, out of the same grant: by the name of an additional token
// of the description, or by the URI of the resource (RFC 8707). It lives in
// memory alone.
func (b *Broker) TokenFor(ctx context.Context, connection, resource string, minTTL time.Duration) (api.AccessToken, error) {
	if resource == "" {
		return b.Token(ctx, connection, minTTL)
	}
	// The grant must be usable, and a set must be there to ask with.
	if _, err := b.Credential(ctx, connection); err != nil {
		return api.AccessToken{}, err
	}
	key := connection + "\x00resource " + resource
	known, _, ok := b.behalf.Get(key)
	if !ok || !known.ExpiresAt.IsZero() && known.ExpiresAt.Sub(b.Now()) < max(minTTL, lastMoments) {
		b.background.Add(1)
		made, err, _ := b.flights.Do(key, func() (any, error) {
			_, epoch, _ := b.behalf.Get(key)
			// A rotated token must be saved even when nobody waits for it.
			made, err := b.furtherOnce(context.WithoutCancel(ctx), connection, resource)
			if err == nil {
				b.behalf.Put(key, made, made.ExpiresAt, epoch)
			}
			return made, err
		})
		b.background.Done()
		if err != nil {
			return api.AccessToken{}, err
		}
		known = made.(*Credential)
	}
	return b.handOut(known)
}

// lastMoments of a token's life are left unused: it could die on the way.
const lastMoments = 10 * time.Second

// furtherOnce goes through the door of a renewal, since the request may rotate
// the refresh token: the lease is held, and what is new is saved first.
func (b *Broker) furtherOnce(ctx context.Context, connection, resource string) (*Credential, error) {
	current, lease, err := b.hold(ctx, connection)
	if err != nil {
		return nil, err
	}
	lease.Tries--
	defer func() { _ = b.Store.ReleaseLease(ctx, lease) }() // one that is not released ends by itself
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return nil, err
	}
	token, err := b.desk.FurtherToken(ctx, a, current, resource)
	if err = b.settle(renewal{a: a, current: current, lease: &lease}, err); err != nil {
		return nil, b.furtherRefused(ctx, a, err)
	}
	if token.RefreshToken != "" && !a.ByItself() {
		if err := b.saveRenewed(ctx, &renewal{a: a, current: current, lease: &lease}, rotatedOnly(token, current), false); err != nil {
			return nil, err
		}
	}
	lease.Attempt = ledger.Attempt{}
	snap, err := b.readSnapshot(ctx, connection)
	if err != nil {
		return nil, err
	}
	made := snap.credential
	made.Generation = b.behalves.Add(1)
	made.TokenType, made.ExpiresAt = token.TokenType, token.ExpiresAt
	made.Scope = oauth.JoinScope(token.Scope, " ")
	made.sealed, err = b.Keyring.Seal(secret.NewText(token.AccessToken), ledger.TokenPlace(connection, made.Generation, "access_token"))
	return &made, err
}

// furtherRefused says why there is no token for another resource. That says
// little about the connection's own: it stays as it is.
func (b *Broker) furtherRefused(ctx context.Context, a arrangement.Arrangement, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err
	}
	shown, err := b.told(ctx, a, refused)
	if err != nil {
		return err
	}
	return shown
}

// hold leases the connection at the generation it has then.
func (b *Broker) hold(ctx context.Context, connection string) (ledger.TokenSet, ledger.Lease, error) {
	for {
		current, err := b.desk.CurrentTokenSet(ctx, connection)
		if err != nil {
			return current, ledger.Lease{}, err
		}
		held, err := b.lease(ctx, connection, current.Generation)
		if err != nil {
			return current, ledger.Lease{}, err
		}
		if held == nil {
			continue
		}
		lease := *held.lease
		// Read again: the set may have changed before the lease was ours.
		now, err := b.desk.CurrentTokenSet(ctx, connection)
		if err == nil && now.Generation == current.Generation {
			return current, lease, nil
		}
		lease.Tries--
		if released := b.Store.ReleaseLease(ctx, lease); err != nil || released != nil {
			return current, lease, errors.Join(err, released)
		}
	}
}

// rotatedOnly is what an answer for another resource changes of the
// connection's own token set: the refresh token.
func rotatedOnly(token oauth.Token, current ledger.TokenSet) oauth.Token {
	return oauth.Token{
		RefreshToken:     token.RefreshToken,
		RefreshExpiresAt: token.RefreshExpiresAt,
		Received:         current.ObtainedAt,
		ExpiresAt:        current.ExpiresAt,
		Fields:           token.Fields,
		IDToken:          token.IDToken,
	}
}

// handOut opens a credential for a caller that may hold its token.
func (b *Broker) handOut(credential *Credential) (api.AccessToken, error) {
	text, err := credential.AccessToken()
	if err != nil {
		return api.AccessToken{}, err
	}
	b.Used(credential.Connection)
	token := api.AccessToken{
		AccessToken: api.Secret(text.Reveal()),
		TokenType:   credential.TokenType,
		ExpiresAt:   optional(credential.ExpiresAt),
		Scope:       credential.Scope,
		Generation:  credential.Generation,
	}
	for _, place := range credential.Target.Token {
		if place.In == api.InHeader {
			token.Header, token.Scheme = place.Name, place.Scheme
		}
	}
	return token, nil
}
