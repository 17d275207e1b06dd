package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
)

// Connections returns a page of connections in the order asked for.
func (db *DB) Connections(ctx context.Context, selected ledger.ConnectionFilter) ([]ledger.Connection, error) {
	f, order := connectionsWhere(selected)
	query := connectionQuery(&f, order, selected.Limit)
	return find(ctx, db, scanConnection, query, f.Args()...)
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

// connectionsWhere renders a selection and its order. Rows of a later page are
// compared by all that they are sorted by, so that each order has its index.
func connectionsWhere(selected ledger.ConnectionFilter) (f clause.Filter, order string) {
	if selected.Client != "" {
		f.And("c.client = ", selected.Client)
	}
	if selected.State != "" {
		f.And("c.state = ", string(selected.State))
	}
	searched(&f, selected.Search)
	column, name, beyond, direction := "", "c.name", "<", " DESC"
	switch selected.Order {
	case ledger.ByLastUse:
		column = "c.last_used_at"
	case ledger.ByLastRefresh:
		column = "c.last_refreshed_at"
	case ledger.ByRefreshExpiry:
		column, name, beyond, direction = "t.refresh_expires_at", "t.connection", ">", ""
		f.And("t.refresh_expires_at > ", 0)
	default:
		if selected.After != "" {
			f.And("c.name > ", selected.After)
		}
		return f, "c.name"
	}
	if selected.After != "" {
		f.Add("(" + column + ", " + name + ") " + beyond + " (" + f.Param(millis(selected.AfterAt)) + ", " + f.Param(selected.After) + ")")
	}
	return f, column + direction + ", " + name + direction
}

func searched(f *clause.Filter, wanted ledger.ConnectionSearch) {
	if wanted.Provider != "" {
		f.Add("EXISTS (SELECT 1 FROM clients k WHERE k.name = c.client AND k.provider = " + f.Param(wanted.Provider) + ")")
	}
	if wanted.Text != "" {
		part := f.Param("%" + literal(strings.ToLower(wanted.Text)) + "%")
		f.Add("(lower(c.name) LIKE " + part + " ESCAPE '!' OR c.account <> '' AND lower(c.account) LIKE " + part + " ESCAPE '!')")
	}
	// The tags are the last key of a specification's document, and a quotation
	// mark inside a text is escaped there: nothing else can match.
	for _, key := range slices.Sorted(maps.Keys(wanted.Tags)) {
		f.Add("c.spec LIKE " + f.Param(`%"tags":{%`+literal(quoted(key)+":"+quoted(wanted.Tags[key]))+`%`) + " ESCAPE '!'")
	}
}

// literal escapes what LIKE reads as more than itself.
func literal(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

// quoted is a text as it stands in a document.
func quoted(text string) string {
	data, _ := json.Marshal(text) // a text always can be
	return string(data)
}
