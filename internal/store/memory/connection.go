package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// PutConnection implements [ledger.ConnectionStore].
func (m *Store) PutConnection(ctx context.Context, c ledger.Connection) error {
	return m.do(ctx, func() error {
		if _, ok := m.clients[c.Spec.Client]; !ok {
			return unknown("client", c.Spec.Client)
		}
		next := clone(c)
		if old, ok := m.connections[c.Name]; ok {
			next = old
			next.Spec = clone(c.Spec)
			next.State = c.State
			next.Cause = clone(c.Cause)
			next.UpdatedAt = c.UpdatedAt
		}
		whole(&next.LastUsedAt, &next.LastRefreshedAt, &next.CreatedAt, &next.UpdatedAt)
		m.connections[c.Name] = next
		return nil
	})
}

// Connection implements [ledger.ConnectionStore].
func (m *Store) Connection(ctx context.Context, name string) (found ledger.Connection, err error) {
	err = m.do(ctx, func() error {
		if _, ok := m.connections[name]; !ok {
			return unknown("connection", name)
		}
		found = m.connection(name)
		return nil
	})
	return found, err
}

// SetState implements [ledger.ConnectionStore].
func (m *Store) SetState(ctx context.Context, name string, generation int64, change ledger.StateChange, event ledger.Event) error {
	return m.do(ctx, func() error {
		if _, ok := m.connections[name]; !ok {
			return unknown("connection", name)
		}
		if m.generation(name) != generation {
			return fmt.Errorf("connection %q: %w", name, ledger.ErrStale)
		}
		m.change(name, change, event)
		return nil
	})
}

// KeepProofKey implements [ledger.ProofKeyStore].
func (m *Store) KeepProofKey(ctx context.Context, connection string, key secret.Sealed) (kept secret.Sealed, err error) {
	err = m.do(ctx, func() error {
		c, ok := m.connections[connection]
		if !ok {
			return unknown("connection", connection)
		}
		if c.ProofKey == nil {
			c.ProofKey = bytes.Clone(key)
			m.connections[connection] = c
		}
		kept = bytes.Clone(c.ProofKey)
		return nil
	})
	return kept, err
}

// TouchConnections implements [ledger.ConnectionStore].
func (m *Store) TouchConnections(ctx context.Context, usedAt map[string]time.Time) error {
	return m.do(ctx, func() error {
		for name, at := range usedAt {
			whole(&at)
			if c, ok := m.connections[name]; ok && at.After(c.LastUsedAt) {
				c.LastUsedAt = at
				m.connections[name] = c
			}
		}
		return nil
	})
}

// DeleteConnection implements [ledger.ConnectionStore].
func (m *Store) DeleteConnection(ctx context.Context, name string) error {
	return m.do(ctx, func() error {
		if _, ok := m.connections[name]; !ok {
			return unknown("connection", name)
		}
		delete(m.connections, name)
		delete(m.tokenSets, name)
		delete(m.leases, name)
		delete(m.dueAt, name)
		delete(m.events, name)
		maps.DeleteFunc(m.flows, func(_ string, f ledger.Flow) bool { return f.Connection == name })
		return nil
	})
}

// change moves a connection to a state and writes the event.
func (m *Store) change(name string, change ledger.StateChange, event ledger.Event) {
	event = complete(event, name)
	c := m.connections[name]
	c.State = change.State
	c.Cause = clone(change.Cause)
	if change.Captured != nil {
		c.Captured = clone(change.Captured)
	}
	c.UpdatedAt = event.At
	m.connections[name] = c
	m.appendEvent(event)
}

// connection is a copy with the fields of its current token set.
func (m *Store) connection(name string) ledger.Connection {
	c := clone(m.connections[name])
	c.Generation, c.ExpiresAt, c.RefreshExpiresAt, c.Renewable, c.GrantedScopes = 0, time.Time{}, time.Time{}, false, nil
	if sets := m.tokenSets[name]; len(sets) > 0 {
		current := clone(sets[len(sets)-1])
		c.Generation = current.Generation
		c.ExpiresAt = current.ExpiresAt
		c.RefreshExpiresAt = current.RefreshExpiresAt
		c.Renewable = current.RefreshToken != nil
		c.GrantedScopes = current.Scope
	}
	return c
}

// generation is the current one; 0 without a token set.
func (m *Store) generation(name string) int64 {
	sets := m.tokenSets[name]
	if len(sets) == 0 {
		return 0
	}
	return sets[len(sets)-1].Generation
}
