package brokertest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

// TokenSet implements [broker.TokenStore].
func (m *Memory) TokenSet(ctx context.Context, connection string) (found ledger.TokenSet, err error) {
	err = m.do(ctx, func() error {
		sets := m.tokenSets[connection]
		if len(sets) == 0 {
			return unknown("token set of", connection)
		}
		found = clone(sets[len(sets)-1])
		return nil
	})
	return found, err
}

// PreviousTokenSets implements [broker.TokenStore].
func (m *Memory) PreviousTokenSets(ctx context.Context, connection string) (found []ledger.TokenSet, err error) {
	err = m.do(ctx, func() error {
		sets := m.tokenSets[connection]
		for i := len(sets) - 2; i >= 0; i-- {
			found = append(found, clone(sets[i]))
		}
		return nil
	})
	return found, err
}

// SaveTokenSet implements [broker.TokenStore].
func (m *Memory) SaveTokenSet(ctx context.Context, save ledger.TokenSave) error {
	return m.do(ctx, func() error {
		name := save.Set.Connection
		c, ok := m.connections[name]
		if !ok {
			return unknown("connection", name)
		}
		if m.generation(name) != save.Set.Generation-1 {
			return fmt.Errorf("connection %q: %w", name, ledger.ErrStale)
		}
		if save.Fence != 0 && m.leases[name].Fence != save.Fence {
			return fmt.Errorf("lease %d of connection %q: %w", save.Fence, name, ledger.ErrStale)
		}
		set := clone(save.Set)
		whole(&set.ObtainedAt, &set.ExpiresAt, &set.RefreshExpiresAt)
		sets := append(slices.Clone(m.tokenSets[name]), set)
		m.tokenSets[name] = sets[max(0, len(sets)-1-max(save.Keep, 0)):]
		if save.Account != "" {
			c.Account = save.Account
		}
		if save.Captured != nil {
			c.Captured = clone(save.Captured)
		}
		if save.Event.Kind == ledger.EventRefreshed && !set.ObtainedAt.IsZero() {
			c.LastRefreshedAt = set.ObtainedAt
		}
		m.connections[name] = c
		m.change(name, save.Change, save.Event)
		return nil
	})
}

// DropTokenSets implements [broker.TokenStore].
func (m *Memory) DropTokenSets(ctx context.Context, connection string, change ledger.StateChange, event ledger.Event) error {
	return m.do(ctx, func() error {
		c, ok := m.connections[connection]
		if !ok {
			return unknown("connection", connection)
		}
		c.Captured = nil
		m.connections[connection] = c
		delete(m.tokenSets, connection)
		delete(m.leases, connection)
		m.change(connection, change, event)
		return nil
	})
}

// AcquireLease implements [broker.TokenStore].
func (m *Memory) AcquireLease(ctx context.Context, connection, owner string, now time.Time, ttl time.Duration) (lease ledger.Lease, won bool, err error) {
	err = m.do(ctx, func() error {
		if _, ok := m.connections[connection]; !ok {
			return unknown("connection", connection)
		}
		whole(&now)
		held, ok := m.leases[connection]
		if ok && held.ExpiresAt.After(now) {
			lease = held
			return nil
		}
		m.lastFence++
		lease = ledger.Lease{Connection: connection, Owner: owner, Fence: m.lastFence, ExpiresAt: now.Add(ttl)}
		whole(&lease.ExpiresAt)
		m.leases[connection] = lease
		won = true
		return nil
	})
	return lease, won, err
}

// ReleaseLease implements [broker.TokenStore].
func (m *Memory) ReleaseLease(ctx context.Context, lease ledger.Lease) error {
	return m.do(ctx, func() error {
		held, ok := m.leases[lease.Connection]
		if ok && held.Owner == lease.Owner && held.Fence == lease.Fence {
			held.ExpiresAt = time.Time{}
			m.leases[lease.Connection] = held
		}
		return nil
	})
}
