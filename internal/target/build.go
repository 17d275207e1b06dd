package target

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// defaultTimeout is how long an API may take to begin its answer.
const defaultTimeout = 40 * time.Second

// New fills in a connection's call settings. The error has
// [api.CodeNeedsConfiguration] and names what is missing.
func New(connection string, settings api.CallSettings, vars map[string]string) (*Target, error) {
	t := &Target{
		Headers:     make(map[string]string, len(settings.Headers)),
		Query:       make(map[string]string, len(settings.Query)),
		Timeout:     time.Duration(settings.Timeout),
		AuthError:   value(settings.AuthError),
		Redirects:   settings.Redirects,
		Cookies:     settings.Cookies,
		Compression: settings.Compression,
		Retry:       value(settings.Retry),
		RateLimit:   value(settings.RateLimit),
		Token:       placements(settings.Token),
		Way:         Way{TLS: value(settings.TLS), Route: settings.Route},
		Answers:     Answers{BodyRules: settings.BodyRules},
	}
	if t.Timeout == 0 {
		t.Timeout = defaultTimeout
	}
	if err := t.fill(connection, settings, vars); err != nil {
		return t, err
	}
	var err error
	t.Test, err = newTest(settings, vars)
	return t, err
}

// value is what a block says; nothing when it is absent.
func value[T any](block *T) T {
	if block == nil {
		return *new(T)
	}
	return *block
}

// Merge lays a connection's call settings over its provider's; either may be nil.
func Merge(provider, connection *api.CallSettings) api.CallSettings {
	return value(provider).Merge(value(connection))
}

// Pages are those of the addresses that are some, for [Target.Logins].
func Pages(addresses ...string) []*url.URL {
	var pages []*url.URL
	for _, address := range addresses {
		if page, err := url.Parse(address); err == nil && page.Host != "" {
			pages = append(pages, page)
		}
	}
	return pages
}

// BaseURL is where the calls of a connection go; nil when no base URL is set.
func BaseURL(connection string, settings api.CallSettings, vars map[string]string) (*url.URL, error) {
	if settings.BaseURL == "" {
		return nil, nil
	}
	text, err := catalog.Expand(settings.BaseURL, vars)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.User != nil {
		return nil, fault.New(api.CodeNeedsConfiguration, "the base_url of connection %q is not an address", connection)
	}
	if oauth.CheckEndpoint(text) != nil { // RFC 6750 section 5.3: tokens travel over TLS
		return nil, fault.New(api.CodeNeedsConfiguration, "the base_url of connection %q is not https: the token would cross the network in clear", connection).
			WithHint("use https; http is accepted on this machine's loopback address only")
	}
	return base, nil
}

// fill expands the templates of the call settings.
func (t *Target) fill(connection string, settings api.CallSettings, vars map[string]string) (err error) {
	if t.BaseURL, err = BaseURL(connection, settings, vars); err != nil {
		return err
	}
	if t.RateLimit.SharedWith, err = catalog.ExpandText(t.RateLimit.SharedWith, vars); err != nil {
		return err
	}
	for _, set := range []struct{ to, from map[string]string }{{t.Headers, settings.Headers}, {t.Query, settings.Query}} {
		for name, template := range set.from {
			if set.to[name], err = catalog.ExpandText(template, vars); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckHost refuses a base URL whose host is not among those that the client's
// tokens may go to. Without a list any host the settings name will do. An entry
// may begin with "*." for all hosts below a domain.
func (t *Target) CheckHost(allowed []string) error {
	if t.BaseURL == nil || len(allowed) == 0 {
		return nil
	}
	host := strings.ToLower(t.BaseURL.Hostname())
	fits := func(entry string) bool {
		domain, below := strings.CutPrefix(strings.ToLower(entry), "*")
		return host == domain && !below || below && strings.HasSuffix(host, domain) && len(host) > len(domain)
	}
	if slices.ContainsFunc(allowed, fits) {
		return nil
	}
	return fault.New(api.CodeNeedsConfiguration, "the tokens of this client may not go to %s", host).
		WithHint("its allowed_hosts are %s; add the host there, or correct the base_url", strings.Join(allowed, ", "))
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

// WithScheme is the target for a token that goes into the Authorization header
// alone, under a scheme of its own (RFC 9449 section 7.1).
func (t *Target) WithScheme(scheme string) *Target {
	other := *t
	other.Token = []Placement{{In: api.InHeader, Name: "Authorization", Scheme: scheme}}
	return &other
}
