package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/column"
)

// ClaimDue takes connections whose time has come and puts them off. The outer
// condition is looked at again once a row's lock is held, so that of two nodes
// only one gets it.
func (db *DB) ClaimDue(ctx context.Context, now, until time.Time, limit int) ([]ledger.Due, error) {
	var due []ledger.Due
	err := db.update(ctx, func(tx queryer) (err error) {
		due, err = collect(ctx, tx, scanDue, `
			UPDATE connections
			SET due_at = $1
			WHERE name IN (
				SELECT name
				FROM connections
				WHERE due_at > 0
				  AND due_at <= $2
				ORDER BY due_at
				LIMIT $3
			)
			  AND due_at > 0
			  AND due_at <= $2
			RETURNING name, client, generation`,
			column.Millis(until),
			column.Millis(now),
			limit)
		return err
	})
	return due, err
}

// PutOff sets when a connection is looked at next, unless it has a newer token
// set by now: that came with its own time.
func (db *DB) PutOff(ctx context.Context, connection string, generation int64, at time.Time) error {
	return db.PutOffAll(ctx, []ledger.Due{{Connection: connection, Generation: generation}}, at)
}

// PutOffAll is PutOff for many, in one transaction. The order of names is the
// same for every node, so that two that write the same rows wait in turn.
func (db *DB) PutOffAll(ctx context.Context, due []ledger.Due, at time.Time) error {
	due = slices.SortedFunc(slices.Values(due), func(a, b ledger.Due) int { return strings.Compare(a.Connection, b.Connection) })
	return db.update(ctx, func(tx queryer) error {
		for _, d := range due {
			_, err := tx.ExecContext(ctx, `
				UPDATE connections
				SET due_at = $1
				WHERE name = $2
				  AND generation = $3`,
				column.Millis(at),
				d.Connection,
				d.Generation)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func scanDue(row scanner) (d ledger.Due, err error) {
	err = row.Scan(
		&d.Connection,
		&d.Client,
		&d.Generation,
	)
	return d, err
}
