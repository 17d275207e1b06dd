package broker

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// Revoke gives up a grant: at the provider first (RFC 7009), then here. When
// the provider cannot be reached nothing changes, since the token would live
// on with nobody to revoke it.
func (b *Broker) Revoke(ctx context.Context, connection string) (api.Connection, error) {
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return api.Connection{}, err
	}
	set, err := b.desk.CurrentTokenSet(ctx, connection)
	if err != nil {
		return api.Connection{}, err
	}
	if err := b.revokeSets(ctx, a); err != nil {
		return api.Connection{}, err
	}
	told, err := b.revokeAtProvider(ctx, a, set)
	if err != nil {
		return api.Connection{}, err
	}
	cause := &api.Cause{Code: "revoked", Title: "the grant was revoked", Remedy: "valetkey connect " + connection + " authorizes it anew"}
	if !told && set.Generation > 0 {
		cause.Detail = "The provider has no revocation endpoint: its tokens were forgotten here and end by themselves. Remove the access in the account's settings there."
	}
	event := b.desk.Event(connection, ledger.EventRevoked, map[string]string{"detail": cause.Detail})
	if err := b.Store.DropTokenSets(ctx, connection, ledger.StateChange{State: api.StateRevoked, Cause: cause}, event); err != nil {
		return api.Connection{}, ledger.Fault(err, "connection", connection)
	}
	b.forget(connection)
	return b.Connection(ctx, connection)
}

// revokeAtProvider revokes the refresh token, or the access token when there is
// none; told reports whether the provider has a way to be told.
func (b *Broker) revokeAtProvider(ctx context.Context, a arrangement.Arrangement, set ledger.TokenSet) (told bool, err error) {
	server, err := b.desk.Server(ctx, a)
	if err != nil {
		return false, err
	}
	described := a.Described.RevocationRequest
	if described == nil {
		described = &oauth.RequestRules{}
	}
	if server.RevocationEndpoint == "" && described.URL == "" || set.Generation == 0 {
		return false, nil
	}
	// The access token as well: not every server ends it with the grant (RFC 7009 section 2.1).
	access, refresh, err := b.desk.OpenTokens(set)
	if err != nil {
		return false, err
	}
	if described.Auth == oauth.AuthAccessToken {
		refresh = secret.Text{}
	}
	if catalog.CallsWithIDToken(a.Described) {
		access = secret.Text{} // what is kept in its place is nothing that can be revoked
	}
	for _, kind := range []string{"refresh_token", "access_token"} {
		token := refresh
		if kind == "access_token" {
			token = access
		}
		if token.IsZero() {
			continue
		}
		err := b.revokeToken(ctx, a, server, token, kind)
		if err != nil && told {
			// Many servers end both with the refresh token, and then know the other no more (RFC 7009 section 2.1).
			b.Log.Info("the access token was not revoked after its refresh token was", slog.String("connection", a.Connection.Name), slog.Any("error", err))
			return true, nil
		}
		if err != nil {
			return false, err
		}
		told = true
	}
	return told, nil
}

// revokeSets revokes the further tokens that came with this connection's: a
// grant is given up as a whole.
func (b *Broker) revokeSets(ctx context.Context, a arrangement.Arrangement) error {
	for _, set := range a.Sets() {
		further, err := b.Store.Connection(ctx, a.SetConnection(set))
		if errors.Is(err, ledger.ErrNotFound) || err == nil && (further.Spec.TokenSet != set || further.Spec.Client != a.Connection.Spec.Client || further.Generation == 0) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := b.Revoke(ctx, further.Name); err != nil {
			return err
		}
	}
	return nil
}

// revokeToken revokes one token; kind is its token_type_hint.
func (b *Broker) revokeToken(ctx context.Context, a arrangement.Arrangement, server oauth.Server, token secret.Text, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, arrangement.TokenTimeout)
	defer cancel()
	return b.desk.Authenticated(ctx, a, server, func(session arrangement.Session) error {
		rules, err := b.desk.LegRules(a, catalog.LegRevocation, session.Auth, token.Reveal())
		if err != nil {
			return err
		}
		request := oauth.RevocationRequest{
			Endpoint:      server.RevocationEndpoint,
			Auth:          session.Auth,
			Token:         token.Reveal(),
			TokenTypeHint: kind,
			Rules:         rules,
		}
		message, err := request.HTTP(ctx)
		if err != nil {
			return fault.Wrap(err, api.CodeNeedsConfiguration, "no revocation request can be made: %s", oauth.Words(err))
		}
		response, err := session.HTTP.Do(message)
		if err != nil {
			return arrangement.Unreachable(err, "the revocation endpoint of "+a.Provider.Provider.Name)
		}
		defer response.Body.Close()
		return notRevoked(a, request.Judge(response, b.Now(), revocationRules(a)))
	})
}

// revocationRules judge the answer as token responses are judged: a server
// that puts its errors inside a 200 does so here too. What only a token
// response has is not missed.
func revocationRules(a arrangement.Arrangement) oauth.ResponseRules {
	described := a.Provider.Provider.TokenResponse
	if described == nil || described.ErrorWhen == nil || described.ErrorWhen.Present != nil {
		return oauth.ResponseRules{}
	}
	return oauth.ResponseRules{Format: described.Format, ErrorWhen: described.ErrorWhen}
}

// notRevoked puts a refusal into words. A token of a kind that the server does
// not revoke is none (RFC 7009 section 2.2.1).
func notRevoked(a arrangement.Arrangement, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) || refused.Code == "unsupported_token_type" || dead(a, refused) {
		return nil
	}
	_, code := arrangement.Consequence(refused)
	return fault.Wrap(refused, code, "the provider did not revoke the grant: %s", oauth.Words(refused)).
		WithHint("try again; valetkey delete %s forgets the connection here without telling the provider", a.Connection.Name)
}

// dead reports whether the provider says, in its own word for it, that the
// token had ended before.
func dead(a arrangement.Arrangement, refused *oauth.Error) bool {
	r := a.Described.Refresh
	return r != nil && r.DeadGrant != nil && slices.Contains(r.DeadGrant.Error, refused.Code)
}
