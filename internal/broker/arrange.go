package broker

import (
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
)

// arrangement is all that concerns one connection, with every template that
// its authorization needs filled in.
type arrangement struct {
	connection ledger.Connection
	client     ledger.Client
	described  api.Provider     // as it stands in the catalogue
	provider   catalog.Resolved // filled in
	grant      oauth.GrantType
}

// arrange reads a connection, its client and its provider and fills them in.
func (b *Broker) arrange(ctx context.Context, name string) (arrangement, error) {
	c, client, err := b.load(ctx, name)
	if err != nil {
		return arrangement{}, err
	}
	provider, err := b.Provider(ctx, client.Provider)
	if err != nil {
		return arrangement{}, err
	}
	a := arrangement{connection: c, client: client, described: provider, grant: grantOf(c.Spec, provider)}
	return a.with(c.Captured)
}

// server is the authorization server: as described, completed by discovery
// where the description names an issuer and leaves endpoints out.
func (b *Broker) server(ctx context.Context, a arrangement) (oauth.Server, error) {
	p := a.provider.Provider
	server := oauth.Server{
		Issuer:                p.Issuer,
		AuthorizationEndpoint: p.AuthorizationEndpoint,
		TokenEndpoint:         p.TokenEndpoint,
		RefreshEndpoint:       p.RefreshEndpoint,
		RevocationEndpoint:    p.RevocationEndpoint,
		IntrospectionEndpoint: p.IntrospectionEndpoint,
		UserinfoEndpoint:      p.UserinfoEndpoint,

		DeviceAuthorizationEndpoint: p.DeviceAuthorizationEndpoint,
	}
	complete := p.TokenEndpoint != "" && (byItself(a.grant) || p.AuthorizationEndpoint != "")
	if p.Issuer != "" && !complete {
		found, err := b.servers.Find(ctx, p.Issuer)
		if err != nil {
			return server, err
		}
		server = overlay(found, server)
	}
	if server.TokenEndpoint == "" && a.described.TokenEndpoint == "" && len(a.described.EndpointForms["token_endpoint"]) == 0 {
		return server, fault.New(api.CodeNeedsConfiguration, "the provider %q has no token endpoint", p.Name).
			WithHint("set token_endpoint, or an issuer to discover it from")
	}
	return server, nil
}

// overlay takes what was written by hand over what was discovered.
func overlay(found, written oauth.Server) oauth.Server {
	for _, field := range []struct{ to, from *string }{
		{&found.AuthorizationEndpoint, &written.AuthorizationEndpoint},
		{&found.TokenEndpoint, &written.TokenEndpoint},
		{&found.RefreshEndpoint, &written.RefreshEndpoint},
		{&found.RevocationEndpoint, &written.RevocationEndpoint},
		{&found.IntrospectionEndpoint, &written.IntrospectionEndpoint},
		{&found.UserinfoEndpoint, &written.UserinfoEndpoint},
		{&found.DeviceAuthorizationEndpoint, &written.DeviceAuthorizationEndpoint},
	} {
		if *field.from != "" {
			*field.to = *field.from
		}
	}
	return found
}

// separator is what stands between scopes on the wire (RFC 6749 section 3.3: one space).
func (a arrangement) separator() string {
	if s := a.provider.Provider.Scopes; s != nil && s.Separator != "" {
		return s.Separator
	}
	return " "
}

// scopes are the ones to ask for.
func (a arrangement) scopes() []string {
	return a.provider.Scopes(string(a.grant), a.connection.Spec.Scopes)
}

// settings are the connection's call settings over its provider's.
func (a arrangement) settings() api.CallSettings {
	return target.Merge(a.provider.Provider.API, a.connection.Spec.API)
}

// target fills in how to call the API.
func (a arrangement) target() (*target.Target, error) {
	settings := a.settings()
	// A connection's own base URL is held to what lint holds a description's to.
	if open := catalog.Unguarded(settings.BaseURL, a.described.Variables); len(open) > 0 {
		return nil, fault.New(api.CodeNeedsConfiguration, "the base_url of connection %q lets the provider's answer choose the host by {%s}", a.connection.Name, open[0]).
			WithHint("give variables.%s of the provider's description a must_match", open[0])
	}
	t, err := target.New(a.connection.Name, settings, a.provider.Variables)
	if err != nil {
		return nil, err
	}
	t.Logins = target.Pages(a.provider.Provider.AuthorizationEndpoint, a.provider.Provider.Issuer)
	return t, t.CheckHost(a.client.AllowedHosts)
}
