package memory

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// CreateFlow implements [ledger.FlowStore].
func (m *Store) CreateFlow(ctx context.Context, f ledger.Flow) error {
	return m.do(ctx, func() error {
		if _, ok := m.connections[f.Connection]; !ok {
			return unknown("connection", f.Connection)
		}
		if _, taken := m.flows[f.ID]; taken || m.flowByState(f.StateHash) != "" {
			return fmt.Errorf("flow %q: %w", f.ID, ledger.ErrExists)
		}
		f := clone(f)
		whole(&f.TakenAt, &f.CreatedAt, &f.ExpiresAt)
		m.flows[f.ID] = f
		return nil
	})
}

// Flow implements [ledger.FlowStore].
func (m *Store) Flow(ctx context.Context, id string) (found ledger.Flow, err error) {
	err = m.do(ctx, func() error {
		f, ok := m.flows[id]
		if !ok {
			return unknown("flow", id)
		}
		found = clone(f)
		return nil
	})
	return found, err
}

// FlowByState implements [ledger.FlowStore].
func (m *Store) FlowByState(ctx context.Context, stateHash []byte) (found ledger.Flow, err error) {
	err = m.do(ctx, func() error {
		id := m.flowByState(stateHash)
		if id == "" {
			return unknown("flow", "of this state")
		}
		found = clone(m.flows[id])
		return nil
	})
	return found, err
}

// TakeFlow implements [ledger.FlowStore].
func (m *Store) TakeFlow(ctx context.Context, id string, now time.Time) error {
	return m.do(ctx, func() error {
		f, ok := m.flows[id]
		if !ok {
			return unknown("flow", id)
		}
		if !f.TakenAt.IsZero() || f.Status != api.FlowPending {
			return fmt.Errorf("flow %q: %w", id, ledger.ErrStale)
		}
		f.TakenAt = now
		whole(&f.TakenAt)
		m.flows[id] = f
		return nil
	})
}

// FinishFlow implements [ledger.FlowStore].
func (m *Store) FinishFlow(ctx context.Context, id string, status api.FlowStatus, cause *api.Cause) error {
	return m.do(ctx, func() error {
		f, ok := m.flows[id]
		if !ok {
			return unknown("flow", id)
		}
		f.Status = status
		f.Cause = clone(cause)
		m.flows[id] = f
		return nil
	})
}

// DeleteFlows implements [ledger.FlowStore].
func (m *Store) DeleteFlows(ctx context.Context, before time.Time) error {
	return m.do(ctx, func() error {
		whole(&before)
		maps.DeleteFunc(m.flows, func(_ string, f ledger.Flow) bool { return f.ExpiresAt.Before(before) })
		return nil
	})
}

func (m *Store) flowByState(stateHash []byte) string {
	for id, f := range m.flows {
		if bytes.Equal(f.StateHash, stateHash) {
			return id
		}
	}
	return ""
}
