package group

import (
	"context"

	"github.com/valetkey/valetkey/internal/store/prepared"
)

// SQL is a [Database] over one writing connection, such as SQLite's, with
// savepoints for marks. A server with writers of its own groups by itself.
type SQL struct{ Pool *prepared.Pool }

// Begin implements [Database]. No caller's context bounds a transaction
// that holds others' changes too.
func (s SQL) Begin() (*prepared.Tx, error) { return s.Pool.Begin(context.Background(), nil) }

// Commit ends a transaction.
func (s SQL) Commit(tx *prepared.Tx) error { return tx.Commit() }

// Rollback undoes one; after a commit it does nothing.
func (s SQL) Rollback(tx *prepared.Tx) { _ = tx.Rollback() }

// Mark sets a savepoint.
func (s SQL) Mark(tx *prepared.Tx) error { return mark(tx, "SAVEPOINT one") }

// Forget releases it.
func (s SQL) Forget(tx *prepared.Tx) error { return mark(tx, "RELEASE one") }

// Undo goes back to it.
func (s SQL) Undo(tx *prepared.Tx) error {
	if err := mark(tx, "ROLLBACK TO one"); err != nil {
		return err
	}
	return mark(tx, "RELEASE one")
}

func mark(tx *prepared.Tx, statement string) error {
	_, err := tx.ExecContext(context.Background(), statement)
	return err
}
