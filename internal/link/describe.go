package link

import (
	"cmp"
	"context"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
)

// Description is what a person must know before consenting.
type Description struct {
	Provider api.Provider
	Account  string // that the connection belongs to by now; "": nobody's
	Scopes   []Scope
	Device   bool // by a code that is typed elsewhere
	Consent
}

// Scope is one permission; Meaning is "" where nobody wrote it down.
type Scope struct{ Name, Meaning string }

// Describe says what a link asks for.
func (l *Links) Describe(ctx context.Context, one Link) (Description, error) {
	var d Description
	var spec api.ConnectionSpec
	connection, err := l.Broker.Connection(ctx, one.Connection)
	switch {
	case err == nil:
		spec, d.Account = connection.ConnectionSpec, connection.Account
	case fault.Is(err, api.CodeNotFound) && one.Terms.Create != nil:
		spec = *one.Terms.Create
	case fault.Is(err, api.CodeNotFound):
		return d, fault.Wrap(err, api.CodeConflict, "what this link was for is not there any more").
			WithHint("ask whoever sent it for a new one")
	default:
		return d, err
	}
	client, err := l.Broker.Client(ctx, spec.Client)
	if err != nil {
		return d, err
	}
	if d.Provider, err = l.Broker.Provider(ctx, client.Provider); err != nil {
		return d, err
	}
	grant := cmp.Or(spec.Grant, d.Provider.Grant)
	d.Device = grant == "device_code" && !one.ForConsent()
	d.Scopes = scopes(spec.Scopes, grant, d.Provider)
	d.Consent = consentOf(one, d.Provider, catalog.Values{Captured: connection.Captured, Client: client.Variables, Connection: spec.Variables})
	d.Service = grant == "client_credentials"
	return d, nil
}

// scopes are those that will be asked for, with what they mean.
func scopes(named []string, grant string, p api.Provider) []Scope {
	var meanings map[string]string
	if p.Scopes != nil {
		meanings = p.Scopes.Meanings
	}
	var found []Scope
	for _, name := range (catalog.Resolved{Provider: p}).Scopes(cmp.Or(grant, "authorization_code"), named) {
		found = append(found, Scope{name, meanings[name]})
	}
	slices.SortStableFunc(found, func(a, b Scope) int { return cmp.Compare(usual(a.Name), usual(b.Name)) })
	return found
}

// usual puts what every authorization asks for behind what this one is about.
func usual(scope string) int {
	return slices.Index([]string{"openid", "profile", "email", "offline_access"}, scope)
}

// Logo is the picture of a link's brand; ok is false when it has none.
func (l *Links) Logo(ctx context.Context, id string) (logo Logo, ok bool, err error) {
	one, err := l.Store.Link(ctx, id)
	if err != nil || one.Terms.Brand.Logo == "" {
		return Logo{}, false, unknown(err)
	}
	logo, err = ReadLogo(one.Terms.Brand.Logo)
	return logo, err == nil, err
}
