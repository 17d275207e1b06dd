package arrangement

import (
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
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

// Consequence maps what has to happen to the state that waits for it.
func Consequence(err *oauth.Error) (api.State, api.Code) {
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

// Cause puts a provider's error into words for this connection.
func (d *Desk) Cause(a Arrangement, err *oauth.Error) *api.Cause {
	return remedy.Case{
		Connection:  a.Connection.Name,
		Client:      a.Client.Name,
		RedirectURI: d.RedirectURI,
		Advice:      RefreshTokenAdvice(a.Connection.Spec, a.Provider.Provider),
		Hints:       a.Described.ErrorHints,
	}.Cause(err)
}

// CauseFault is the error for callers of a connection in such a state.
func CauseFault(code api.Code, connection string, cause *api.Cause) *fault.Error {
	if cause == nil {
		return fault.New(code, "the connection %q cannot be used", connection).WithHint("valetkey show %s", connection)
	}
	message := cause.Title
	if cause.Detail != "" {
		message += " (" + cause.Detail + ")"
	}
	return fault.New(code, "connection %q: %s", connection, message).WithHint("%s", cause.Remedy)
}

// RefreshTokenAdvice says what to add so that the provider gives a refresh token.
func RefreshTokenAdvice(spec api.ConnectionSpec, provider api.Provider) string {
	if !slices.Contains(spec.Scopes, "offline_access") && (provider.Scopes == nil || !slices.Contains(provider.Scopes.Required, "offline_access")) {
		return "add the scope offline_access (or what the provider has in its place) and authorize again"
	}
	return "authorize again with prompt consent, and check that the registration may use refresh tokens"
}
