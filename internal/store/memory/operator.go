package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/access"
)

// Operators is an [access.OperatorStore] that forgets.
type Operators struct {
	mu        sync.Mutex
	operators map[string]access.OperatorRecord
	sessions  map[[32]byte]access.Session
	code      access.Code
}

var _ access.OperatorStore = (*Operators)(nil)

// NewOperators makes an empty store.
func NewOperators() *Operators {
	return &Operators{operators: map[string]access.OperatorRecord{}, sessions: map[[32]byte]access.Session{}}
}

func (m *Operators) do(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return call()
}

// Operators implements [access.AccountStore].
func (m *Operators) Operators(ctx context.Context) (found []access.OperatorRecord, err error) {
	err = m.do(ctx, func() error {
		found = slices.SortedFunc(maps.Values(m.operators), func(a, b access.OperatorRecord) int { return strings.Compare(a.Name, b.Name) })
		return nil
	})
	return found, err
}

// PutOperator implements [access.AccountStore].
func (m *Operators) PutOperator(ctx context.Context, o access.OperatorRecord) error {
	return m.do(ctx, func() error { m.put(o); return nil })
}

func (m *Operators) put(o access.OperatorRecord) {
	if old, ok := m.operators[o.Name]; ok {
		o.CreatedAt = old.CreatedAt
	}
	m.operators[o.Name] = o
	m.endAll(o.Name)
}

func (m *Operators) endAll(operator string) {
	maps.DeleteFunc(m.sessions, func(_ [32]byte, s access.Session) bool { return s.Operator == operator })
}

// PutCode implements [access.AccountStore].
func (m *Operators) PutCode(ctx context.Context, code access.Code) error {
	return m.do(ctx, func() error { m.code = code; return nil })
}

// RedeemCode implements [access.AccountStore].
func (m *Operators) RedeemCode(ctx context.Context, hash [32]byte, o access.OperatorRecord) error {
	return m.do(ctx, func() error {
		if m.code.ExpiresAt.IsZero() || m.code.Hash != hash || !m.code.ExpiresAt.After(o.UpdatedAt) {
			return fmt.Errorf("code: %w", access.ErrNotFound)
		}
		m.code = access.Code{}
		m.put(o)
		return nil
	})
}

// CreateSession implements [access.SessionStore].
func (m *Operators) CreateSession(ctx context.Context, s access.Session) error {
	return m.do(ctx, func() error { m.sessions[s.Hash] = s; return nil })
}

// Session implements [access.SessionStore].
func (m *Operators) Session(ctx context.Context, hash [32]byte) (found access.Session, err error) {
	err = m.do(ctx, func() error {
		s, ok := m.sessions[hash]
		if !ok {
			return fmt.Errorf("session: %w", access.ErrNotFound)
		}
		found = s
		return nil
	})
	return found, err
}

// TouchSession implements [access.SessionStore].
func (m *Operators) TouchSession(ctx context.Context, hash [32]byte, at time.Time) error {
	return m.do(ctx, func() error {
		if s, ok := m.sessions[hash]; ok && s.LastUsedAt.Before(at) {
			s.LastUsedAt = at
			m.sessions[hash] = s
		}
		return nil
	})
}

// DeleteSession implements [access.SessionStore].
func (m *Operators) DeleteSession(ctx context.Context, hash [32]byte) error {
	return m.do(ctx, func() error { delete(m.sessions, hash); return nil })
}

// DeleteSessionsOf implements [access.SessionStore].
func (m *Operators) DeleteSessionsOf(ctx context.Context, operator string) error {
	return m.do(ctx, func() error { m.endAll(operator); return nil })
}

// DeleteSessions implements [access.SessionStore].
func (m *Operators) DeleteSessions(ctx context.Context, before time.Time) error {
	return m.do(ctx, func() error {
		maps.DeleteFunc(m.sessions, func(_ [32]byte, s access.Session) bool { return s.ExpiresAt.Before(before) })
		return nil
	})
}
