package memory

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

// TokenSet implements [ledger.TokenStore].
func (m *Store) TokenSet(ctx context.Context, connection string) (found ledger.TokenSet, err error) {
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

// PreviousTokenSets implements [ledger.TokenStore].
func (m *Store) PreviousTokenSets(ctx context.Context, connection string) (found []ledger.TokenSet, err error) {
	err = m.do(ctx, func() error {
		sets := m.tokenSets[connection]
		for i := len(sets) - 2; i >= 0; i-- {
			found = append(found, clone(sets[i]))
		}
		return nil
	})
	return found, err
}

// SaveTokenSet implements [ledger.TokenStore].
func (m *Store) SaveTokenSet(ctx context.Context, save ledger.TokenSave) error {
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
		if held, ok := m.leases[name]; ok && save.Fence != 0 && save.Last {
			held.ExpiresAt, held.Tries, held.Salvage = time.Time{}, 0, nil
			m.leases[name] = held
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
		m.dueAt[name] = save.DueAt
		switch {
		case set.ObtainedAt.IsZero():
		case save.Event.Kind == ledger.EventRefreshed:
			c.LastRefreshedAt = set.ObtainedAt
		case save.Event.Kind == ledger.EventAuthorized:
			c.AuthorizedAt = set.ObtainedAt
		}
		m.connections[name] = c
		m.change(name, save.Change, save.Event)
		return nil
	})
}

// DropTokenSets implements [ledger.TokenStore].
func (m *Store) DropTokenSets(ctx context.Context, connection string, change ledger.StateChange, event ledger.Event) error {
	return m.do(ctx, func() error {
		c, ok := m.connections[connection]
		if !ok {
			return unknown("connection", connection)
		}
		c.Captured, c.ProofKey = nil, nil
		m.connections[connection] = c
		delete(m.tokenSets, connection)
		delete(m.leases, connection)
		delete(m.dueAt, connection)
		m.change(connection, change, event)
		return nil
	})
}

// AcquireLease implements [ledger.TokenStore].
func (m *Store) AcquireLease(ctx context.Context, request ledger.LeaseRequest) (lease ledger.Lease, won bool, err error) {
	err = m.do(ctx, func() error {
		if _, ok := m.connections[request.Connection]; !ok {
			return unknown("connection", request.Connection)
		}
		now := request.Now
		whole(&now)
		held := m.leases[request.Connection]
		if held.ExpiresAt.After(now) && (request.Gone == "" || held.Owner != request.Gone) {
			lease = held
			return nil
		}
		m.lastFence++
		lease = ledger.Lease{Connection: request.Connection, Owner: request.Owner, Fence: m.lastFence, ExpiresAt: now.Add(request.TTL)}
		whole(&lease.ExpiresAt)
		lease.Attempt = ledger.Attempt{Generation: request.Generation, Tries: 1, BegunAt: now}
		if held.Generation == request.Generation && held.Tries > 0 {
			lease.Attempt = held.Attempt
			lease.Tries++
		}
		m.leases[request.Connection] = lease
		won = true
		return nil
	})
	return lease, won, err
}

// ReleaseLease implements [ledger.TokenStore].
func (m *Store) ReleaseLease(ctx context.Context, lease ledger.Lease) error {
	return m.do(ctx, func() error {
		held, ok := m.leases[lease.Connection]
		if ok && held.Owner == lease.Owner && held.Fence == lease.Fence {
			held.ExpiresAt = time.Time{}
			held.Tries, held.Salvage = lease.Tries, lease.Salvage
			m.leases[lease.Connection] = held
		}
		return nil
	})
}
