package store

import (
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/search"
)

// window is how many rows of an order are looked through before an index of
// what narrows it is asked: as many as take some milliseconds.
const window = 8000

// Connections returns a page of connections in the order asked for.
func (db *DB) Connections(ctx context.Context, wanted ledger.ConnectionFilter) ([]ledger.Connection, error) {
	if !search.Sifts(wanted) {
		return db.list(ctx, search.All(wanted), wanted.Limit)
	}
	query, args := search.Window(wanted, db.window)
	edges, err := find(ctx, db, scanEdge, query, args...)
	if err != nil {
		return nil, err
	}
	if len(edges) == 0 { // few are left
		return db.list(ctx, search.All(wanted), wanted.Limit)
	}
	found, err := db.list(ctx, search.Near(wanted, edges[0]), wanted.Limit)
	if err != nil || len(found) == wanted.Limit {
		return found, err
	}
	return db.list(ctx, search.Far(wanted, db.engine.index()), wanted.Limit)
}

func (db *DB) list(ctx context.Context, s *search.Selection, limit int) ([]ledger.Connection, error) {
	query := connectionQuery(&s.Filter, s.OrderBy(), limit)
	return find(ctx, db, scanConnection, query, s.Args()...)
}

func scanEdge(row scanner) (e search.Edge, err error) {
	err = row.Scan(
		&e.At,
		&e.Name,
	)
	return e, err
}

// CountConnections counts the connections of each state.
func (db *DB) CountConnections(ctx context.Context) (map[api.State]int, error) {
	type count struct {
		state api.State
		rows  int
	}
	found, err := find(ctx, db, func(row scanner) (c count, err error) {
		err = row.Scan(&c.state, &c.rows)
		return c, err
	}, `
		SELECT
			state,
			COUNT(*)
		FROM connections
		GROUP BY state`)
	counts := make(map[api.State]int, len(found))
	for _, c := range found {
		counts[c.state] = c.rows
	}
	return counts, err
}
