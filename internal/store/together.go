package store

import (
	"context"
	"database/sql"
)

// together is how the one writing connection of a SQLite file serves many
// callers: their changes share a transaction and its wait for the disk. A
// server with writers of its own does that by itself.
type together struct{ pool *sql.DB }

// Begin implements [group.Database]. No caller's context bounds a transaction
// that holds others' changes too.
func (t together) Begin() (*sql.Tx, error) { return t.pool.BeginTx(context.Background(), nil) }

func (t together) Commit(tx *sql.Tx) error { return tx.Commit() }

func (t together) Rollback(tx *sql.Tx) { _ = tx.Rollback() } // after a commit it does nothing

func (t together) Mark(tx *sql.Tx) error { return mark(tx, "SAVEPOINT one") }

func (t together) Forget(tx *sql.Tx) error { return mark(tx, "RELEASE one") }

func (t together) Undo(tx *sql.Tx) error {
	if err := mark(tx, "ROLLBACK TO one"); err != nil {
		return err
	}
	return mark(tx, "RELEASE one")
}

func mark(tx *sql.Tx, statement string) error {
	_, err := tx.ExecContext(context.Background(), statement)
	return err
}
