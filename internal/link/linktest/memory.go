package linktest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/link"
)

// Memory is a [link.Store] that forgets.
type Memory struct {
	mu    sync.Mutex
	links map[string]link.Link
}

var _ link.Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{links: map[string]link.Link{}} }

func (m *Memory) do(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return call()
}

// copied is a link as a database gives it back.
func copied(l link.Link) link.Link {
	var out link.Link
	text, err := json.Marshal(l)
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("a link cannot be stored: %v", err)) // a defect of the test
	}
	for _, at := range []*time.Time{&out.DueAt, &out.CreatedAt, &out.ExpiresAt} {
		if !at.IsZero() {
			*at = at.Truncate(time.Millisecond).UTC()
		}
	}
	return out
}

func unknown(id string) error { return fmt.Errorf("link %q: %w", id, ledger.ErrNotFound) }

// CreateLink implements [link.Store].
func (m *Memory) CreateLink(ctx context.Context, l link.Link) error {
	return m.do(ctx, func() error {
		for _, other := range m.links {
			if other.ID == l.ID || other.Hash == l.Hash {
				return fmt.Errorf("link %q: %w", l.ID, ledger.ErrExists)
			}
		}
		m.links[l.ID] = copied(l)
		return nil
	})
}

// Link implements [link.Store].
func (m *Memory) Link(ctx context.Context, id string) (found link.Link, err error) {
	err = m.do(ctx, func() error {
		l, ok := m.links[id]
		if !ok {
			return unknown(id)
		}
		found = copied(l)
		return nil
	})
	return found, err
}

// LinkByHash implements [link.Store].
func (m *Memory) LinkByHash(ctx context.Context, hash [32]byte) (found link.Link, err error) {
	err = m.do(ctx, func() error {
		for _, l := range m.links {
			if l.Hash == hash {
				found = copied(l)
				return nil
			}
		}
		return unknown("of this address")
	})
	return found, err
}

// Links implements [link.Store].
func (m *Memory) Links(ctx context.Context, f link.Filter) (found []link.Link, err error) {
	err = m.do(ctx, func() error {
		for _, l := range m.links {
			if matches(l, f) {
				found = append(found, copied(l))
			}
		}
		slices.SortFunc(found, func(a, b link.Link) int { return strings.Compare(b.ID, a.ID) })
		if f.Limit > 0 && len(found) > f.Limit {
			found = found[:f.Limit]
		}
		return nil
	})
	return found, err
}

func matches(l link.Link, f link.Filter) bool {
	return (f.Connection == "" || l.Connection == f.Connection) &&
		(f.Flow == "" || l.Flow == f.Flow) &&
		(f.Status == "" || l.Status == f.Status) &&
		(!f.Trying || l.Status == api.LinkOpened && l.Flow != "") &&
		(f.Before == "" || l.ID < f.Before) && inTime(l, f)
}

func inTime(l link.Link, f link.Filter) bool {
	open := l.Status == api.LinkPending || l.Status == api.LinkOpened || l.Status == api.LinkFailed
	return (f.DueBy.IsZero() || !l.DueAt.IsZero() && !l.DueAt.After(f.DueBy)) &&
		(f.ExpiredBy.IsZero() || open && !l.ExpiresAt.After(f.ExpiredBy))
}

// SaveLink implements [link.Store].
func (m *Memory) SaveLink(ctx context.Context, l link.Link) error {
	return m.do(ctx, func() error {
		old, ok := m.links[l.ID]
		if !ok {
			return unknown(l.ID)
		}
		if old.Version != l.Version {
			return fmt.Errorf("link %q: %w", l.ID, ledger.ErrStale)
		}
		l.Hash, l.Connection, l.CreatedAt, l.Version = old.Hash, old.Connection, old.CreatedAt, l.Version+1
		m.links[l.ID] = copied(l)
		return nil
	})
}

// DeleteLinks implements [link.Store].
func (m *Memory) DeleteLinks(ctx context.Context, before time.Time) error {
	return m.do(ctx, func() error {
		for id, l := range m.links {
			if l.ExpiresAt.Before(before) {
				delete(m.links, id)
			}
		}
		return nil
	})
}
