package memory

import (
	"context"
	"maps"
	"slices"
)

// Atomically implements [ledger.Atomic]. What others write meanwhile is undone
// with it: a store that forgets is for one test at a time.
func (m *Store) Atomically(ctx context.Context, do func(ctx context.Context) error) error {
	var before *Store
	if err := m.do(ctx, func() error { before = m.copied(); return nil }); err != nil {
		return err
	}
	err := do(ctx)
	if err == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.providers, m.clients, m.connections = before.providers, before.clients, before.connections
	m.tokenSets, m.leases, m.dueAt = before.tokenSets, before.leases, before.dueAt
	m.flows, m.events, m.settings, m.keys = before.flows, before.events, before.settings, before.keys
	return err
}

// copied is the content as it is now.
func (m *Store) copied() *Store {
	return &Store{
		providers:   maps.Clone(m.providers),
		clients:     maps.Clone(m.clients),
		connections: maps.Clone(m.connections),
		tokenSets:   listsOf(m.tokenSets),
		leases:      maps.Clone(m.leases),
		dueAt:       maps.Clone(m.dueAt),
		flows:       maps.Clone(m.flows),
		events:      listsOf(m.events),
		settings:    maps.Clone(m.settings),
		keys:        maps.Clone(m.keys),
	}
}

// listsOf copies the lists of a map.
func listsOf[T any](lists map[string][]T) map[string][]T {
	copied := make(map[string][]T, len(lists))
	for name, list := range lists {
		copied[name] = slices.Clone(list)
	}
	return copied
}
