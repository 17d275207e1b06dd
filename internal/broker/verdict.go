package broker

import (
	"context"
	"errors"
	"log/slog"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/remedy"
	"github.com/valetkey/valetkey/oauth"
)

// errNoRefreshToken is the failure of a grant that came without a refresh
// token and has expired: judged like an answer of the provider.
var errNoRefreshToken = &oauth.Error{
	Code:        remedy.CodeNoRefreshToken,
	Description: "the access token expired and the provider gave no refresh token with it",
	Action:      oauth.ActionReauthorize,
	Grant:       oauth.GrantRefreshToken,
}

// renewalFailed draws the consequence of a failed renewal: it parks the
// client, parks the connection, or waits. It returns the error for the callers.
func (b *Broker) renewalFailed(ctx context.Context, a arrangement, current ledger.TokenSet, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err // ours: it says itself what to do, and says nothing about the grant
	}
	cause := b.cause(a, refused)
	state, code := consequence(refused)
	shown := causeFault(code, a.connection.Name, cause)
	shown.Cause = refused
	b.snapshots.Drop(a.connection.Name)
	if refused.ClientWide() {
		// One broken client is not many broken connections: the grants stay.
		b.snapshots.Clear()
		if err := b.Store.SetClientCause(ctx, a.client.Name, cause, b.Now()); err != nil {
			return err
		}
		return shown
	}
	if state == api.StateDegraded {
		b.backoff.Note(a.connection.Name, shown, refused.RetryAfter, b.Now())
	}
	event := b.event(a.connection.Name, ledger.EventRefreshFailed, map[string]string{"code": cause.Code, "title": cause.Title, "detail": cause.Detail})
	err = b.Store.SetState(ctx, a.connection.Name, current.Generation, ledger.StateChange{State: state, Cause: cause}, event)
	if errors.Is(err, ledger.ErrStale) {
		b.Log.Info("a failed renewal was overtaken by a new token", slog.String("connection", a.connection.Name))
	}
	return shown
}

// consequence maps what has to happen to the state that waits for it.
func consequence(err *oauth.Error) (api.State, api.Code) {
	switch err.Action {
	case oauth.ActionReauthorize:
		return api.StateNeedsAuthorization, api.CodeNeedsAuthorization
	case oauth.ActionConfigure, oauth.ActionBug:
		return api.StateNeedsConfiguration, api.CodeNeedsConfiguration
	case oauth.ActionAdmin:
		return api.StateBlocked, api.CodeBlocked
	default:
		return api.StateDegraded, api.CodeUnreachable
	}
}

// cause puts a provider's error into words for this connection.
func (b *Broker) cause(a arrangement, err *oauth.Error) *api.Cause {
	return remedy.Case{
		Connection:  a.connection.Name,
		Client:      a.client.Name,
		RedirectURI: b.RedirectURI(),
		Advice:      refreshTokenAdvice(a.connection.Spec, a.provider.Provider),
	}.Cause(err)
}

// denied is for an authorization that the provider answered with an error. The
// connection keeps what it has (RFC 6749 section 4.1.2.1).
func (b *Broker) denied(a arrangement, response oauth.AuthorizationResponse) error {
	var refused *oauth.Error
	if !errors.As(response.Failure(), &refused) {
		return response.Failure()
	}
	_, code := consequence(refused)
	return b.authorizationFault(a, refused, code)
}

// codeRefused is for a code that could not be redeemed. A client that is
// refused is parked as in a renewal.
func (b *Broker) codeRefused(ctx context.Context, a arrangement, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err
	}
	_, code := consequence(refused)
	if refused.ClientWide() {
		if err := b.Store.SetClientCause(ctx, a.client.Name, b.cause(a, refused), b.Now()); err != nil {
			return err
		}
		b.snapshots.Clear()
	}
	return b.authorizationFault(a, refused, code)
}

func (b *Broker) authorizationFault(a arrangement, refused *oauth.Error, code api.Code) error {
	cause := b.cause(a, refused)
	shown := causeFault(code, a.connection.Name, cause)
	shown.Cause = refused
	return shown
}

// causeCode is the provider's error code behind a fault, or the fault's own.
func causeCode(err error) string {
	var refused *oauth.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return string(fault.As(err).Code)
}
