package broker

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// errNoRefreshToken is the failure of a grant that came without a refresh
// token and has expired: judged like an answer of the provider.
var errNoRefreshToken = &oauth.Error{
	Code:        "no_refresh_token",
	Description: "the access token expired and the provider gave no refresh token with it",
	Action:      oauth.ActionReauthorize,
	Grant:       oauth.GrantRefreshToken,
}

// renewalFailed draws the consequence of a failed renewal: it parks the
// client, parks the connection, or waits. It returns the error for the callers.
func (b *Broker) renewalFailed(ctx context.Context, a arrangement, current TokenSet, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err // ours: it says itself what to do, and says nothing about the grant
	}
	cause := b.cause(a, refused)
	state, code := consequence(refused)
	shown := causeFault(code, a.connection.Name, cause)
	shown.Cause = refused
	b.snapshots.drop(a.connection.Name)
	if refused.ClientWide() {
		// One broken client is not many broken connections: the grants stay.
		b.snapshots.clear()
		if err := b.Store.SetClientCause(ctx, a.client.Name, cause, b.Now()); err != nil {
			return err
		}
		return shown
	}
	if state == api.StateDegraded {
		b.backoff.note(a.connection.Name, shown, refused.RetryAfter, b.Now())
	}
	event := b.event(a.connection.Name, EventRefreshFailed, map[string]string{"code": cause.Code, "title": cause.Title, "detail": cause.Detail})
	err = b.Store.SetState(ctx, a.connection.Name, current.Generation, StateChange{State: state, Cause: cause}, event)
	if errors.Is(err, ErrStale) {
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

// cause puts a provider's error into words: what it is, what the provider
// said, and what to do about it.
func (b *Broker) cause(a arrangement, err *oauth.Error) *api.Cause {
	title, remedy := b.explain(a, err)
	detail := err.Description
	if len(err.ErrorCodes) > 0 {
		detail = strings.TrimSpace(detail + " [" + strings.Join(err.ErrorCodes, ", ") + "]")
	}
	if id := err.Evidence["correlation_id"]; id != "" {
		detail += " correlation_id " + id
	}
	return &api.Cause{Code: err.Code, Title: title, Detail: detail, Remedy: remedy}
}

// explain is the one table of titles and remedies.
func (b *Broker) explain(a arrangement, err *oauth.Error) (title, remedy string) {
	connection, client := a.connection.Name, a.client.Name
	switch {
	case err.Code == errNoRefreshToken.Code:
		return "the access token expired, and there is no refresh token to renew it with",
			refreshTokenAdvice(a.connection.Spec, a.provider.Provider) + ": valetkey connect " + connection
	case err.ClientWide():
		return "the provider refuses the client " + client + ": its id or secret is not accepted",
			"valetkey client update " + client + " --client-secret-file FILE; copy the secret's value, not its id" + expiredSecretAdvice(err)
	case err.Code == "invalid_grant" && err.Grant == oauth.GrantAuthorizationCode:
		return "the provider did not accept the authorization code", "valetkey connect " + connection
	case err.Code == "redirect_uri_mismatch":
		return "the redirect URI is not registered at the provider", "register exactly " + b.RedirectURI()
	case err.Code == "invalid_scope":
		return "the provider does not know a scope, or does not grant it to this client",
			"correct the scopes of " + connection + ", or allow them in the registration of " + client
	case err.Code == "access_denied":
		return "access was denied at the provider", "valetkey connect " + connection + ", and allow it there"
	}
	switch err.Action {
	case oauth.ActionReauthorize:
		return "the grant has ended: it expired, was revoked, or was used twice", "valetkey connect " + connection
	case oauth.ActionAdmin:
		return "an administrator at the provider must allow this", "show the administrator the detail of: valetkey show " + connection
	case oauth.ActionUnknownOutcome:
		return "the provider was asked for a new token and did not answer", "nothing to do yet: it is tried again; see valetkey show " + connection
	case oauth.ActionRetry, oauth.ActionRefresh:
		return "the provider cannot give a token just now", "nothing to do yet: it is tried again"
	default:
		return "the token request was not accepted", "compare the settings with the provider's documentation: valetkey client show " + client
	}
}

// expiredSecretAdvice adds the one further reading that providers spell out.
func expiredSecretAdvice(err *oauth.Error) string {
	for _, number := range err.ErrorCodes {
		if strings.TrimPrefix(number, "AADSTS") == "7000222" {
			return "; the secret has expired: make a new one at the provider first"
		}
	}
	return ""
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
		b.snapshots.clear()
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
