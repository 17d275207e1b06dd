package arrangement

import (
	"context"
	"log/slog"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/introspection"
)

// ended completes a token whose answer does not say when it ends, by asking
// the server (RFC 7662) where the description says to. Without an answer the
// token is used until an API refuses it.
func (d *Desk) ended(ctx context.Context, a Arrangement, server oauth.Server, token oauth.Token) oauth.Token {
	rules := a.Provider.Provider.TokenResponse
	if rules == nil || rules.Expires != oauth.ExpiresIntrospect || token.ExpiryKnown || token.AccessToken == "" {
		return token
	}
	found, err := d.introspect(ctx, a, server, token)
	switch {
	case err != nil:
		d.Log.Warn("when a token ends is not known: the server does not say", slog.String("connection", a.Connection.Name), slog.Any("error", err))
	case !found.Active || found.ExpiresAt.IsZero():
	default:
		token.ExpiresAt, token.ExpiryKnown = found.ExpiresAt, true
		token.ExpiresIn = found.ExpiresAt.Sub(token.Received)
	}
	if err == nil && !token.ScopeGiven && len(found.Scope) > 0 {
		token.Scope, token.ScopeGiven = found.Scope, true
	}
	return token
}

// ErrNoIntrospection says that a server has no endpoint to ask about tokens.
var ErrNoIntrospection = fault.New(api.CodeNeedsConfiguration, "the provider has no introspection endpoint").
	WithHint("set introspection_endpoint of its description, or an issuer whose metadata names one")

// Introspect asks the authorization server about an access token (RFC 7662).
// What it says is told and not kept, so nothing of it outlives the token. The
// error may be [ErrNoIntrospection].
func (d *Desk) Introspect(ctx context.Context, a Arrangement, access secret.Text) (introspection.Answer, error) {
	server, err := d.Server(ctx, a)
	if err != nil {
		return introspection.Answer{}, err
	}
	return d.introspect(ctx, a, server, oauth.Token{AccessToken: access.Reveal()})
}

// introspectionEndpoint is the described one, else the discovered one: a
// description that names the other endpoints is not completed for this one.
func (d *Desk) introspectionEndpoint(ctx context.Context, a Arrangement, server oauth.Server) (string, error) {
	issuer := a.Provider.Provider.Issuer
	if server.IntrospectionEndpoint != "" || issuer == "" {
		return server.IntrospectionEndpoint, nil
	}
	found, err := d.Servers.Find(ctx, issuer)
	if err == nil {
		found, err = d.forCertificate(a, found)
	}
	return found.IntrospectionEndpoint, err
}

func (d *Desk) introspect(ctx context.Context, a Arrangement, server oauth.Server, token oauth.Token) (found introspection.Answer, err error) {
	endpoint, err := d.introspectionEndpoint(ctx, a, server)
	if err != nil {
		return found, err
	}
	if endpoint == "" {
		return found, ErrNoIntrospection
	}
	ctx, cancel := context.WithTimeout(ctx, TokenTimeout/2)
	defer cancel()
	err = d.Authenticated(ctx, a, server, func(session Session) error {
		request := introspection.Request{
			Endpoint: endpoint, Auth: session.Auth,
			Token: token.AccessToken, TokenTypeHint: "access_token",
		}
		message, err := request.HTTP(ctx)
		if err != nil {
			return err
		}
		response, err := session.HTTP.Do(message)
		if err != nil {
			return Unreachable(err, "the introspection endpoint")
		}
		defer response.Body.Close()
		found, err = request.Judge(response, d.Now())
		return err
	})
	return found, err
}
