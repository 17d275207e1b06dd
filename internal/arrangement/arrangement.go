package arrangement

import (
	"context"
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
)

// Arrangement is all that concerns one connection, with every template that
// its authorization needs filled in.
type Arrangement struct {
	Connection ledger.Connection
	Client     ledger.Client
	Described  api.Provider     // as it stands in the catalogue
	Provider   catalog.Resolved // filled in
	Grant      oauth.GrantType
	Claims     string // that token requests ask for, as an API's challenge names them; "": none
}

// Arrange reads a connection, its client and its provider and fills them in.
func (d *Desk) Arrange(ctx context.Context, name string) (Arrangement, error) {
	return d.ArrangeWith(ctx, name, nil)
}

// ArrangeWith is Arrange with variables over those that were captured before.
func (d *Desk) ArrangeWith(ctx context.Context, name string, told map[string]string) (Arrangement, error) {
	a, err := d.described(ctx, name)
	if err != nil {
		return a, err
	}
	return a.With(over(a.Connection.Captured, told))
}

// described is a connection's arrangement before it is filled in.
func (d *Desk) described(ctx context.Context, name string) (Arrangement, error) {
	c, client, err := d.Load(ctx, name)
	if err != nil {
		return Arrangement{}, err
	}
	provider, err := d.Describe(ctx, client.Provider)
	if err != nil {
		return Arrangement{}, err
	}
	credential, err := d.OpenCredential(client)
	if err != nil {
		return Arrangement{}, err
	}
	client.Variables = credential.Reveal(client.Variables)
	return Arrangement{Connection: c, Client: client, Described: provider, Grant: GrantOf(c.Spec, provider)}, nil
}

// Server is the authorization server: as described, completed by discovery
// where the description names an issuer and leaves endpoints out.
func (d *Desk) Server(ctx context.Context, a Arrangement) (oauth.Server, error) {
	p := a.Provider.Provider
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
	server.JWKSURI = p.JWKSURI
	server.RegistrationEndpoint = p.RegistrationEndpoint
	server.PushedAuthorizationRequestEndpoint = p.PushedAuthorizationRequestEndpoint
	complete := p.TokenEndpoint != "" && (ByItself(a.Grant, a.Connection.Spec) || p.AuthorizationEndpoint != "")
	if p.Issuer != "" && !complete {
		found, err := d.Servers.Find(ctx, p.Issuer)
		if err != nil {
			return server, err
		}
		if found, err = d.forCertificate(a, found); err != nil {
			return server, err
		}
		server = overlay(found, server)
	}
	if a.Grant != GrantImplicit && server.TokenEndpoint == "" && a.Described.TokenEndpoint == "" && len(a.Described.EndpointForms["token_endpoint"]) == 0 {
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
		{&found.RegistrationEndpoint, &written.RegistrationEndpoint},
		{&found.JWKSURI, &written.JWKSURI},
		{&found.PushedAuthorizationRequestEndpoint, &written.PushedAuthorizationRequestEndpoint},
	} {
		if *field.from != "" {
			*field.to = *field.from
		}
	}
	return found
}

// SetConnection names the connection that a further token of this one's
// answers goes to.
func (a Arrangement) SetConnection(set string) string { return a.Connection.Name + "." + set }

// Sets lists the further tokens that an answer for this connection may bring:
// none where it holds one of them itself.
func (a Arrangement) Sets() []string {
	if a.Described.TokenResponse == nil || a.Connection.Spec.TokenSet != "" {
		return nil
	}
	return slices.Sorted(maps.Keys(a.Described.TokenResponse.TokenSets))
}

// Separator is what stands between scopes on the wire (RFC 6749 section 3.3: one space).
func (a Arrangement) Separator() string {
	if s := a.Provider.Provider.Scopes; s != nil && s.Separator != "" {
		return s.Separator
	}
	return " "
}

// Scopes are the ones to ask for.
func (a Arrangement) Scopes() []string {
	return a.Provider.Scopes(string(a.Grant), a.Connection.Spec.Scopes)
}

// Settings are the connection's call settings over its provider's.
func (a Arrangement) Settings() api.CallSettings {
	settings := target.Merge(a.Provider.Provider.API, a.Connection.Spec.API)
	if a.Described.BoundTokens { // the API wants the certificate that the token is bound to (RFC 8705 section 3)
		shown := true
		shows := api.CallSettings{TLS: &api.TLSSettings{ClientCertificate: &shown}}
		settings = target.Merge(&shows, &settings)
	}
	return settings
}

// Target fills in how to call the API.
func (a Arrangement) Target() (*target.Target, error) {
	settings := a.Settings()
	// A connection's own base URL is held to what lint holds a description's to.
	if open := catalog.Unguarded(settings.BaseURL, a.Described.Variables); len(open) > 0 {
		return nil, fault.New(api.CodeNeedsConfiguration, "the base_url of connection %q lets the provider's answer choose the host by {%s}", a.Connection.Name, open[0]).
			WithHint("give variables.%s of the provider's description a must_match", open[0])
	}
	t, err := target.New(a.Connection.Name, settings, a.callVariables())
	if err != nil {
		return nil, err
	}
	t.Hints = a.Described.ErrorHints
	t.Logins = target.Pages(a.Provider.Provider.AuthorizationEndpoint, a.Provider.Provider.Issuer)
	return t, t.CheckHost(a.Client.AllowedHosts)
}

// callVariables are what the templates of the api block know: the variables,
// and the client's identifier, which many APIs want with each call.
func (a Arrangement) callVariables() map[string]string {
	known := map[string]string{catalog.InClientID: a.Client.ClientID}
	maps.Copy(known, a.Provider.Variables)
	return known
}

// Load reads a connection with its client.
func (d *Desk) Load(ctx context.Context, name string) (ledger.Connection, ledger.Client, error) {
	c, err := d.Store.Connection(ctx, name)
	if err != nil {
		return c, ledger.Client{}, ledger.Fault(err, "connection", name)
	}
	client, err := d.Store.Client(ctx, c.Spec.Client)
	return c, client, ledger.Fault(err, "client", c.Spec.Client)
}
