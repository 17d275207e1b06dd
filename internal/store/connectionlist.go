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

const (
	// maxNamed bounds the clients of a provider that a query names. One with more
	// has connections everywhere.
	maxNamed = 500
	// proposals is how many names of the index are looked at together.
	proposals = 200
)

// Connections returns a page of connections in the order asked for.
func (db *DB) Connections(ctx context.Context, wanted ledger.ConnectionFilter) ([]ledger.Connection, error) {
	if !search.Sifts(wanted) {
		return db.list(ctx, search.All(wanted), wanted.Limit)
	}
	clients, err := db.clientsOf(ctx, wanted.Search.Provider)
	if err != nil || wanted.Search.Provider != "" && len(clients) == 0 {
		return nil, err
	}
	query, args := search.Window(wanted, db.window)
	edges, err := find(ctx, db, scanEdge, query, args...)
	if err != nil {
		return nil, err
	}
	if len(edges) == 0 || len(clients) > maxNamed { // few are left, or many match
		return db.list(ctx, search.All(wanted), wanted.Limit)
	}
	found, err := db.list(ctx, search.Near(wanted, edges[0], clients, db.engine.index()), wanted.Limit)
	if err != nil || len(found) == wanted.Limit {
		return found, err
	}
	if search.Alone(wanted) {
		return db.proposed(ctx, wanted)
	}
	return db.list(ctx, search.Far(wanted, clients, db.engine.index()), wanted.Limit)
}

// clientsOf names the clients of a provider, of many only some; none of "".
func (db *DB) clientsOf(ctx context.Context, provider string) ([]string, error) {
	if provider == "" {
		return nil, nil
	}
	return find(ctx, db, scanName, `
		SELECT name
		FROM clients
		WHERE provider = $1
		LIMIT $2`, provider, maxNamed+1)
}

// proposed goes through the names that the index proposes until the page is full.
func (db *DB) proposed(ctx context.Context, wanted ledger.ConnectionFilter) (found []ledger.Connection, err error) {
	for {
		query, args := search.Next(wanted, db.engine.index(), proposals)
		names, err := find(ctx, db, scanName, query, args...)
		if err != nil || len(names) == 0 {
			return found, err
		}
		more, err := db.list(ctx, search.Among(wanted, names, db.engine.index()), wanted.Limit-len(found))
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
		if len(names) < proposals || len(found) == wanted.Limit {
			return found, nil
		}
		wanted.After = names[len(names)-1]
	}
}

func scanName(row scanner) (name string, err error) {
	err = row.Scan(&name)
	return name, err
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
