package store

import (
	"context"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/column"
)

// AppendEvent writes an event of a connection. The store chooses its ID.
func (db *DB) AppendEvent(ctx context.Context, e ledger.Event) error {
	return db.update(ctx, func(tx queryer) error {
		return appendEvent(ctx, tx, db.complete(e, e.Connection))
	})
}

// Events returns events newest first, with an ID below before (0: the
// newest), at most limit (0: all).
func (db *DB) Events(ctx context.Context, connection string, before int64, limit int) ([]ledger.Event, error) {
	var f clause.Filter
	f.And("connection = ", connection)
	if before > 0 {
		f.And("id < ", before)
	}
	return db.findEvents(ctx, f, limit)
}

// complete fills in what an event leaves out: its connection and time.
func (db *DB) complete(e ledger.Event, connection string) ledger.Event {
	e.Connection = connection
	if e.At.IsZero() {
		e.At = db.now()
	}
	return e
}

func appendEvent(ctx context.Context, tx queryer, e ledger.Event) error {
	id, err := nextID(ctx, tx, "event")
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO events (
			id,
			connection,
			happened_at,
			kind,
			detail
		) VALUES ($1, $2, $3, $4, $5)`,
		id,
		e.Connection,
		column.Millis(e.At),
		e.Kind,
		column.Document{Of: e.Detail})
	return err
}

func (db *DB) findEvents(ctx context.Context, f clause.Filter, limit int) ([]ledger.Event, error) {
	query := `
		SELECT
			id,
			connection,
			happened_at,
			kind,
			detail
		FROM events` + f.Where() + `
		ORDER BY id DESC` + f.Limit(limit)
	return find(ctx, db, scanEvent, query, f.Args()...)
}

func scanEvent(row scanner) (e ledger.Event, err error) {
	err = row.Scan(
		&e.ID,
		&e.Connection,
		column.Instant{To: &e.At},
		&e.Kind,
		column.Document{Of: &e.Detail},
	)
	return e, err
}
