package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// PutProvider implements [ledger.ProviderStore].
func (m *Store) PutProvider(ctx context.Context, name string, document []byte, _ time.Time) error {
	return m.do(ctx, func() error {
		m.providers[name] = bytes.Clone(document)
		return nil
	})
}

// Providers implements [ledger.ProviderStore].
func (m *Store) Providers(ctx context.Context) (documents map[string][]byte, err error) {
	err = m.do(ctx, func() error {
		documents = make(map[string][]byte, len(m.providers))
		for name, document := range m.providers {
			documents[name] = bytes.Clone(document)
		}
		return nil
	})
	return documents, err
}

// DeleteProvider implements [ledger.ProviderStore].
func (m *Store) DeleteProvider(ctx context.Context, name string) error {
	return m.do(ctx, func() error {
		if _, ok := m.providers[name]; !ok {
			return unknown("provider", name)
		}
		for _, c := range m.clients {
			if c.Provider == name {
				return fmt.Errorf("provider %q: %w", name, ledger.ErrInUse)
			}
		}
		delete(m.providers, name)
		return nil
	})
}

// PutClient implements [ledger.ClientStore].
func (m *Store) PutClient(ctx context.Context, c ledger.Client) error {
	return m.do(ctx, func() error {
		c := clone(c)
		whole(&c.CreatedAt, &c.UpdatedAt)
		if old, ok := m.clients[c.Name]; ok {
			c.CreatedAt = old.CreatedAt
		}
		m.clients[c.Name] = c
		return nil
	})
}

// Client implements [ledger.ClientStore].
func (m *Store) Client(ctx context.Context, name string) (found ledger.Client, err error) {
	err = m.do(ctx, func() error {
		c, ok := m.clients[name]
		if !ok {
			return unknown("client", name)
		}
		found = clone(c)
		return nil
	})
	return found, err
}

// Clients implements [ledger.ClientStore].
func (m *Store) Clients(ctx context.Context, page ledger.Page) (found []ledger.Client, err error) {
	err = m.do(ctx, func() error {
		for _, name := range slices.Sorted(maps.Keys(m.clients)) {
			if name > page.After {
				found = append(found, clone(m.clients[name]))
			}
		}
		found = paged(found, page.Limit)
		return nil
	})
	return found, err
}

// SetClientCause implements [ledger.ClientStore].
func (m *Store) SetClientCause(ctx context.Context, name string, cause *api.Cause, now time.Time) error {
	return m.do(ctx, func() error {
		c, ok := m.clients[name]
		if !ok {
			return unknown("client", name)
		}
		c.Cause = clone(cause)
		c.UpdatedAt = now
		whole(&c.UpdatedAt)
		m.clients[name] = c
		return nil
	})
}

// SetClientLearned implements [ledger.ClientStore].
func (m *Store) SetClientLearned(ctx context.Context, c ledger.Client, learned ledger.Learned) error {
	return m.do(ctx, func() error {
		kept, ok := m.clients[c.Name]
		if !ok || !kept.UpdatedAt.Equal(c.UpdatedAt) {
			return fmt.Errorf("client %q: %w", c.Name, ledger.ErrStale)
		}
		kept.Learned = clone(learned)
		m.clients[c.Name] = kept
		return nil
	})
}

// DeleteClient implements [ledger.ClientStore].
func (m *Store) DeleteClient(ctx context.Context, name string) error {
	return m.do(ctx, func() error {
		if _, ok := m.clients[name]; !ok {
			return unknown("client", name)
		}
		for _, c := range m.connections {
			if c.Spec.Client == name {
				return fmt.Errorf("client %q: %w", name, ledger.ErrInUse)
			}
		}
		delete(m.clients, name)
		return nil
	})
}
