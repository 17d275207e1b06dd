package broker

import (
	"context"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// arrangement is all that concerns one connection, with every template that
// its authorization needs filled in.
type arrangement struct {
	connection Connection
	client     Client
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
	if server.TokenEndpoint == "" && a.described.TokenEndpoint == "" {
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

// defaultTimeout is how long an API may take to begin its answer.
const defaultTimeout = 40 * time.Second

// settings are the connection's call settings over its provider's.
func (a arrangement) settings() api.CallSettings {
	settings := api.CallSettings{}
	if a.provider.Provider.API != nil {
		settings = *a.provider.Provider.API
	}
	if a.connection.Spec.API != nil {
		settings = settings.Merge(*a.connection.Spec.API)
	}
	return settings
}

// target fills in how to call the API.
func (a arrangement) target() (*Target, error) {
	settings := a.settings()
	target := &Target{
		Headers:   make(map[string]string, len(settings.Headers)),
		Query:     make(map[string]string, len(settings.Query)),
		Timeout:   time.Duration(settings.Timeout),
		AuthError: value(settings.AuthError),
		TLS:       value(settings.TLS),
		Redirects: settings.Redirects,
		Retry:     value(settings.Retry),
		RateLimit: value(settings.RateLimit),
		Token:     placements(settings.Token),
		Logins:    a.logins(),
	}
	if target.Timeout == 0 {
		target.Timeout = defaultTimeout
	}
	if t := settings.Test; t != nil {
		target.TestMethod, target.TestPath = t.Method, t.Path
	}
	return target, a.fill(target, settings)
}

// value is what a block says; nothing when it is absent.
func value[T any](block *T) T {
	if block == nil {
		return *new(T)
	}
	return *block
}

// logins are the pages where a person signs in at the provider.
func (a arrangement) logins() []*url.URL {
	var pages []*url.URL
	for _, text := range []string{a.provider.Provider.AuthorizationEndpoint, a.provider.Provider.Issuer} {
		if page, err := url.Parse(text); err == nil && page.Host != "" {
			pages = append(pages, page)
		}
	}
	return pages
}

// baseURL is where calls go; nil when no base URL is set.
func (a arrangement) baseURL(settings api.CallSettings) (*url.URL, error) {
	if settings.BaseURL == "" {
		return nil, nil
	}
	text, err := catalog.Expand(settings.BaseURL, a.provider.Variables)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.User != nil {
		return nil, fault.New(api.CodeNeedsConfiguration, "the base_url of connection %q is not an address", a.connection.Name)
	}
	return base, nil
}

// fill expands the templates of the call settings.
func (a arrangement) fill(target *Target, settings api.CallSettings) (err error) {
	vars := a.provider.Variables
	if target.BaseURL, err = a.baseURL(settings); err != nil {
		return err
	}
	shared, err := catalog.ExpandText(target.RateLimit.SharedWith, vars)
	if err != nil {
		return err
	}
	target.RateLimit.SharedWith = shared
	for _, set := range []struct{ to, from map[string]string }{{target.Headers, settings.Headers}, {target.Query, settings.Query}} {
		for name, template := range set.from {
			text, err := catalog.ExpandText(template, vars)
			if err != nil {
				return err
			}
			set.to[name] = text
		}
	}
	return nil
}

// placements spells out where the token goes (RFC 6750 section 2).
func placements(p *api.TokenPlacement) []Placement {
	if p == nil {
		p = &api.TokenPlacement{}
	}
	in := p.In
	if len(in) == 0 {
		in = api.StringList{api.InHeader}
	}
	places := make([]Placement, len(in))
	for i, where := range in {
		place := Placement{In: where, Name: "access_token"}
		if where == api.InHeader {
			place.Name, place.Scheme = "Authorization", "Bearer"
			if p.Scheme != nil {
				place.Scheme = *p.Scheme
			}
		}
		// One name cannot serve two kinds of place: it is the header's when there is one.
		if p.Name != "" && (len(in) == 1 || where == api.InHeader) {
			place.Name = p.Name
		}
		places[i] = place
	}
	return places
}
