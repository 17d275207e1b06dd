package broker

import (
	"context"
	"errors"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// onBehalf is the credential of a call that is made for the user whose token
// came with it. It is obtained once for as long as it lives, and lives in
// memory alone. What is wished for is a later generation than the one that the
// API does not take.
func (b *Broker) onBehalf(ctx context.Context, connection string, subject secret.Text, want wish) (*Credential, error) {
	key := onbehalf.Key(connection, subject)
	known, _, ok := b.behalf.Get(key)
	if ok && known.Generation > want.generation && !reached(known.ExpiresAt, b.Now()) {
		return known, nil
	}
	if ok {
		b.behalf.Drop(key)
	}
	result := b.flights.DoChan("behalf "+key+" "+want.claims, func() (any, error) {
		_, epoch, _ := b.behalf.Get(key)
		made, err := b.exchangeFor(context.WithoutCancel(ctx), connection, subject, want.claims)
		if err == nil {
			b.behalf.Put(key, made, made.ExpiresAt, epoch)
		}
		return made, err
	})
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*Credential), nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), api.CodeUnreachable, "the token of connection %q is still being obtained", connection)
	}
}

// exchangeFor trades a user's token for one of the connection's API, with the
// claims that the API's challenge names.
func (b *Broker) exchangeFor(ctx context.Context, connection string, subject secret.Text, claims string) (*Credential, error) {
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return nil, err
	}
	a.Claims = claims
	if !a.OnCall() {
		return nil, fault.New(api.CodeInvalid, "the connection %q does not act on behalf of its callers", connection).
			WithHint("leave %s away; or give the connection the grant token_exchange or on_behalf_of, without a subject", onbehalf.Header)
	}
	if a.Client.Cause != nil {
		return nil, arrangement.CauseFault(api.CodeNeedsConfiguration, connection, a.Client.Cause)
	}
	if a.Connection.State == api.StateRevoked || a.Connection.State == api.StateBlocked {
		return nil, b.refusal(a, ledger.TokenSet{})
	}
	token, err := b.desk.Redeem(ctx, a, api.GrantInput{SubjectToken: api.Secret(subject.Reveal())})
	if err != nil {
		return nil, b.behalfRefused(ctx, a, err)
	}
	snap, err := b.readSnapshot(ctx, connection)
	if err != nil {
		return nil, err
	}
	made := snap.credential
	if made.Target, err = a.Target(); err != nil {
		return nil, err
	}
	own := *made.Target
	own.Cookies = nil // they would pass from one user to the next
	made.Target = &own
	made.Generation = b.behalves.Add(1)
	made.TokenType, made.ExpiresAt = token.TokenType, token.ExpiresAt
	made.Scope = oauth.JoinScope(token.Granted(a.Scopes()), " ")
	made.sealed, err = b.Keyring.Seal(secret.NewText(token.AccessToken), ledger.TokenPlace(connection, made.Generation, "access_token"))
	return &made, err
}

// behalfRefused tells a caller why a user's token gave none. It says nothing
// about other users, so the connection stays as it is; a client that is refused
// is parked as in a renewal.
func (b *Broker) behalfRefused(ctx context.Context, a arrangement.Arrangement, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err
	}
	shown, err := b.told(ctx, a, refused)
	if err != nil {
		return err
	}
	if refused.Code == "invalid_grant" || refused.Code == oauth.CodeInvalidRequest && !refused.ClientWide() {
		shown.Code = api.CodeInvalid
		shown.Hint = "show a token of the user that has not expired and whose audience is this client"
	}
	if claims := refused.Evidence["claims"]; claims != "" || refused.Action == oauth.ActionReauthorize {
		return &onbehalf.Challenge{Fault: shown, Claims: claims}
	}
	return shown
}

// told puts a refusal into words for one caller. Only the client is parked by
// it, never the connection.
func (b *Broker) told(ctx context.Context, a arrangement.Arrangement, refused *oauth.Error) (*fault.Error, error) {
	cause := b.desk.Cause(a, refused)
	_, code := arrangement.Consequence(refused)
	if refused.ClientWide() {
		if err := b.desk.ParkClient(ctx, a.Client.Name, cause); err != nil {
			return nil, err
		}
	}
	shown := arrangement.CauseFault(code, a.Connection.Name, cause)
	shown.Cause = refused
	return shown, nil
}

// subjectToken is what another connection shows as whom a token is for.
func (b *Broker) subjectToken(ctx context.Context, connection string) (secret.Text, error) {
	// Whom this request is for is not whom that connection is for.
	token, err := b.Token(onbehalf.With(ctx, secret.Text{}), connection, 0)
	return secret.NewText(string(token.AccessToken)), err
}
