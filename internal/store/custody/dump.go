package custody

import (
	"context"
	"fmt"

	"github.com/valetkey/valetkey/internal/store"
)

// Tables are all that a backup holds, each before those that refer to it.
// Flows, sessions and one-time codes are over within the hour, and stay out.
func Tables() []string {
	return []string{
		"sequences", "settings", "access_keys", "agents", "providers", "clients", "connections",
		"token_sets", "leases", "events", "operators", "audit", "connect_links",
	}
}

// Passing are the tables that no backup holds.
func Passing() []string {
	return []string{"flows", "operator_sessions", "operator_codes", "agent_tunnels"}
}

// Derived are the tables that the database fills by itself from others.
func Derived() []string { return []string{"connection_texts"} }

// Table is one table as it is dumped.
type Table struct {
	Name    string   `json:"table"`
	Columns []string `json:"columns"`
}

// Sink takes a dump: a table, then its rows. Values are nil, int64, string or []byte.
type Sink interface {
	Table(t Table) error
	Row(values []any) error
}

// Dump hands all tables to a sink, as they were at one moment, and the version
// of their schema before them.
func (d Desk) Dump(ctx context.Context, begin func(schema int64) error, to Sink) error {
	return d.DB.Snapshot(ctx, func(tx store.Tx) error {
		schema, err := schemaVersion(ctx, tx)
		if err != nil {
			return err
		}
		if err := begin(schema); err != nil {
			return err
		}
		for _, name := range Tables() {
			if err := dumpTable(ctx, tx, name, to); err != nil {
				return err
			}
		}
		return nil
	})
}

func schemaVersion(ctx context.Context, tx store.Tx) (version int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT MAX(version_id) FROM schema_migrations`).Scan(&version)
	return version, err
}

// Schema is the version of the tables that this program knows and has made.
func (d Desk) Schema(ctx context.Context) (version int64, err error) {
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		version, err = schemaVersion(ctx, tx)
		return err
	})
	return version, err
}

func dumpTable(ctx context.Context, tx store.Tx, name string, to Sink) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+name)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := to.Table(Table{Name: name, Columns: columns}); err != nil {
		return err
	}
	values, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, value := range values {
			switch value.(type) {
			case nil, int64, string, []byte:
			default:
				return fmt.Errorf("column %s.%s holds a %T", name, columns[i], value)
			}
		}
		if err := to.Row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}
