package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// AppendEvent implements [ledger.EventStore].
func (m *Store) AppendEvent(ctx context.Context, e ledger.Event) error {
	return m.do(ctx, func() error {
		if _, ok := m.connections[e.Connection]; !ok {
			return unknown("connection", e.Connection)
		}
		m.appendEvent(complete(e, e.Connection))
		return nil
	})
}

// Events implements [ledger.EventStore].
func (m *Store) Events(ctx context.Context, connection string, before int64, limit int) (found []ledger.Event, err error) {
	err = m.do(ctx, func() error {
		for _, e := range slices.Backward(m.events[connection]) {
			if before <= 0 || e.ID < before {
				found = append(found, clone(e))
			}
		}
		found = paged(found, limit)
		return nil
	})
	return found, err
}

func (m *Store) appendEvent(e ledger.Event) {
	m.lastEvent++
	e = clone(e)
	e.ID = m.lastEvent
	m.events[e.Connection] = append(m.events[e.Connection], e)
}

// complete fills in what an event leaves out: its connection and time.
func complete(e ledger.Event, connection string) ledger.Event {
	e.Connection = connection
	if e.At.IsZero() {
		e.At = time.Now()
	}
	whole(&e.At)
	return e
}

// Setting implements [ledger.SettingStore].
func (m *Store) Setting(ctx context.Context, name string) (found secret.Sealed, err error) {
	err = m.do(ctx, func() error {
		value, ok := m.settings[name]
		if !ok {
			return unknown("setting", name)
		}
		found = bytes.Clone(value)
		return nil
	})
	return found, err
}

// CreateSetting implements [ledger.SettingStore].
func (m *Store) CreateSetting(ctx context.Context, name string, value secret.Sealed) error {
	return m.do(ctx, func() error {
		if _, ok := m.settings[name]; ok {
			return fmt.Errorf("setting %q: %w", name, ledger.ErrExists)
		}
		m.settings[name] = bytes.Clone(value)
		return nil
	})
}

// CreateKey implements [access.KeyStore].
func (m *Store) CreateKey(ctx context.Context, k access.Key) error {
	return m.do(ctx, func() error {
		if _, ok := m.keys[k.Name]; ok {
			return fmt.Errorf("key %q: %w", k.Name, access.ErrExists)
		}
		k := clone(k)
		whole(&k.ExpiresAt, &k.LastUsedAt, &k.CreatedAt)
		m.keys[k.Name] = k
		return nil
	})
}

// Keys implements [access.KeyStore].
func (m *Store) Keys(ctx context.Context) (found []access.Key, err error) {
	err = m.do(ctx, func() error {
		for _, name := range slices.Sorted(maps.Keys(m.keys)) {
			found = append(found, clone(m.keys[name]))
		}
		return nil
	})
	return found, err
}

// DeleteKey implements [access.KeyStore].
func (m *Store) DeleteKey(ctx context.Context, name string) error {
	return m.do(ctx, func() error {
		if _, ok := m.keys[name]; !ok {
			return fmt.Errorf("key %q: %w", name, access.ErrNotFound)
		}
		delete(m.keys, name)
		return nil
	})
}

// TouchKeys implements [access.KeyStore].
func (m *Store) TouchKeys(ctx context.Context, usedAt map[string]time.Time) error {
	return m.do(ctx, func() error {
		for name, at := range usedAt {
			whole(&at)
			if k, ok := m.keys[name]; ok && at.After(k.LastUsedAt) {
				k.LastUsedAt = at
				m.keys[name] = k
			}
		}
		return nil
	})
}
