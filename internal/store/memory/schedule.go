package memory

import (
	"context"
	"slices"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

// ClaimDue implements [ledger.ScheduleStore].
func (m *Store) ClaimDue(ctx context.Context, now, until time.Time, limit int) (due []ledger.Due, err error) {
	err = m.do(ctx, func() error {
		for name, at := range m.dueAt {
			if !at.IsZero() && !at.After(now) {
				due = append(due, ledger.Due{Connection: name, Client: m.connections[name].Spec.Client, Generation: m.generation(name)})
			}
		}
		slices.SortFunc(due, func(a, b ledger.Due) int { return m.dueAt[a.Connection].Compare(m.dueAt[b.Connection]) })
		due = due[:min(limit, len(due))]
		for _, d := range due {
			m.dueAt[d.Connection] = until
		}
		return nil
	})
	return due, err
}

// PutOff implements [ledger.ScheduleStore].
func (m *Store) PutOff(ctx context.Context, connection string, generation int64, at time.Time) error {
	return m.PutOffAll(ctx, []ledger.Due{{Connection: connection, Generation: generation}}, at)
}

// PutOffAll implements [ledger.ScheduleStore].
func (m *Store) PutOffAll(ctx context.Context, due []ledger.Due, at time.Time) error {
	return m.do(ctx, func() error {
		for _, d := range due {
			if m.generation(d.Connection) == d.Generation {
				m.dueAt[d.Connection] = at
			}
		}
		return nil
	})
}
