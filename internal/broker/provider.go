package broker

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Providers searches the catalogue, built in and the user's own, as
// [catalog.Catalog.Search] does; without words it is all of it, by name.
func (b *Broker) Providers(ctx context.Context, words string) ([]api.Provider, error) {
	return b.shelf(ctx).Load().Search(words)
}

// Provider returns one description.
func (b *Broker) Provider(ctx context.Context, name string) (api.Provider, error) {
	p, ok, err := b.shelf(ctx).Load().Provider(name)
	if err != nil {
		return api.Provider{}, err
	}
	if !ok {
		return api.Provider{}, ledger.Fault(ledger.ErrNotFound, "provider", name)
	}
	return p, nil
}

// PutProvider writes one of the user's own descriptions. A built-in one is read-only.
func (b *Broker) PutProvider(ctx context.Context, name string, p api.Provider) (created bool, err error) {
	if created, err = b.writeProvider(ctx, name, p); err != nil {
		return false, err
	}
	return created, b.providersChanged(ctx)
}

// PutProviders is PutProvider for many, which are read again once.
func (b *Broker) PutProviders(ctx context.Context, providers map[string]api.Provider) error {
	for _, name := range slices.Sorted(maps.Keys(providers)) {
		if _, err := b.writeProvider(ctx, name, providers[name]); err != nil {
			return err
		}
	}
	return b.providersChanged(ctx)
}

func (b *Broker) writeProvider(ctx context.Context, name string, p api.Provider) (created bool, err error) {
	if err := checkName("provider", name); err != nil {
		return false, err
	}
	old, known, err := b.shelf(ctx).Load().Provider(name)
	if err != nil {
		return false, err
	}
	if known && old.BuiltIn {
		return false, fault.New(api.CodeConflict, "the provider %q is built in and read-only", name).
			WithHint("give your description another name")
	}
	p.Name, p.BuiltIn = "", false
	if err := catalog.Check(p); err != nil {
		return false, err
	}
	document, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	return !known, b.Store.PutProvider(ctx, name, document, b.Now())
}

// DeleteProvider removes one of the user's own descriptions that no client uses.
func (b *Broker) DeleteProvider(ctx context.Context, name string) error {
	if p, ok, _ := b.shelf(ctx).Load().Provider(name); ok && p.BuiltIn {
		return fault.New(api.CodeConflict, "the provider %q is built in and cannot be deleted", name)
	}
	if err := b.Store.DeleteProvider(ctx, name); err != nil {
		return ledger.Fault(err, "provider", name)
	}
	return b.providersChanged(ctx)
}

// providersChanged makes the change felt by every connection at its next call.
func (b *Broker) providersChanged(ctx context.Context) error {
	if err := b.loadProviders(ctx); err != nil {
		return err
	}
	b.desk.Servers.Forget()
	b.snapshots.Clear()
	return nil
}

func (b *Broker) loadProviders(ctx context.Context) error {
	documents, err := b.Store.Providers(ctx)
	if err != nil {
		return err
	}
	own := make(map[string]api.Provider, len(documents))
	for name, document := range documents {
		var p api.Provider
		if err := json.Unmarshal(document, &p); err != nil {
			return fault.Wrap(err, api.CodeInternal, "the stored provider %q cannot be read", name)
		}
		p.Name = name
		own[name] = p
	}
	b.shelf(ctx).Store(b.Catalog.WithUser(own))
	return nil
}
