package memory

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Connections implements [ledger.ConnectionStore].
func (m *Store) Connections(ctx context.Context, filter ledger.ConnectionFilter) (found []ledger.Connection, err error) {
	err = m.do(ctx, func() error {
		var all []ledger.Connection
		for _, name := range slices.Sorted(maps.Keys(m.connections)) {
			if c := m.connection(name); m.selects(filter, c) {
				all = append(all, c)
			}
		}
		slices.SortStableFunc(all, func(a, b ledger.Connection) int { return compare(filter.Order, a, b) })
		last := ledger.Connection{Name: filter.After, LastUsedAt: filter.AfterAt, LastRefreshedAt: filter.AfterAt, CurrentSet: ledger.CurrentSet{RefreshExpiresAt: filter.AfterAt}}
		for _, c := range all {
			if filter.After == "" || compare(filter.Order, c, last) > 0 {
				found = append(found, c)
			}
		}
		found = paged(found, filter.Limit)
		return nil
	})
	return found, err
}

// CountConnections implements [ledger.ConnectionCounter].
func (m *Store) CountConnections(ctx context.Context) (counts map[api.State]int, err error) {
	err = m.do(ctx, func() error {
		counts = make(map[api.State]int)
		for _, c := range m.connections {
			counts[c.State]++
		}
		return nil
	})
	return counts, err
}

func (m *Store) selects(filter ledger.ConnectionFilter, c ledger.Connection) bool {
	wanted := filter.Search
	has := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(wanted.Text)) }
	for key, value := range wanted.Tags {
		if have, ok := c.Spec.Tags[key]; !ok || have != value {
			return false
		}
	}
	return (filter.Client == "" || c.Spec.Client == filter.Client) &&
		(filter.State == "" || c.State == filter.State) &&
		(filter.Order != ledger.ByRefreshExpiry || !c.RefreshExpiresAt.IsZero()) &&
		(wanted.Provider == "" || m.clients[c.Spec.Client].Provider == wanted.Provider) &&
		(wanted.Text == "" || has(c.Name) || has(c.Account))
}

// compare sorts as the order says. Times count in milliseconds, as databases keep them.
func compare(order ledger.ConnectionOrder, a, b ledger.Connection) int {
	at := func(c ledger.Connection) time.Time { return c.LastUsedAt }
	switch order {
	case ledger.ByLastRefresh:
		at = func(c ledger.Connection) time.Time { return c.LastRefreshedAt }
	case ledger.ByRefreshExpiry:
		at = func(c ledger.Connection) time.Time { return c.RefreshExpiresAt }
		if by := at(a).Truncate(time.Millisecond).Compare(at(b).Truncate(time.Millisecond)); by != 0 {
			return by
		}
		return strings.Compare(a.Name, b.Name)
	case ledger.ByName:
		return strings.Compare(a.Name, b.Name)
	}
	if by := at(b).Truncate(time.Millisecond).Compare(at(a).Truncate(time.Millisecond)); by != 0 {
		return by
	}
	return strings.Compare(b.Name, a.Name)
}
