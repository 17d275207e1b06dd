package link

import (
	"cmp"
	"context"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Description is what a person must know before consenting.
type Description struct {
	Provider api.Provider
	Account  string // that the connection belongs to by now; "": nobody's
	Scopes   []Scope
	Device   bool // by a code that is typed elsewhere
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
	d.Device = grant == "device_code"
	d.Scopes = scopes(spec.Scopes, d.Provider.Scopes)
	return d, nil
}

// scopes are those that will be asked for, with what they mean.
func scopes(named []string, rules *api.ScopeRules) []Scope {
	if rules == nil {
		rules = &api.ScopeRules{}
	}
	if len(named) == 0 {
		named = rules.Default
	}
	var found []Scope
	for _, name := range slices.Concat(named, rules.Required) {
		if !slices.ContainsFunc(found, func(s Scope) bool { return s.Name == name }) {
			found = append(found, Scope{name, rules.Meanings[name]})
		}
	}
	return found
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
