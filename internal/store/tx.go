package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/valetkey/valetkey/internal/broker"
)

// queryer is a database or a transaction.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// scanner is a row to be read.
type scanner interface{ Scan(into ...any) error }

// update runs change in one transaction on the writing connection. An error,
// or a context that ends, undoes all of it.
func (db *DB) update(ctx context.Context, change func(tx queryer) error) error {
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return db.judge(ctx, err)
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := change(tx); err != nil {
		return db.judge(ctx, err)
	}
	return db.judge(ctx, tx.Commit())
}

// changed runs a statement and reports whether it changed a row.
func changed(ctx context.Context, q queryer, query string, args ...any) (bool, error) {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
}

// exists reports whether a query finds a row.
func exists(ctx context.Context, q queryer, query string, args ...any) (bool, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	return rows.Next(), rows.Err()
}

// nextID takes the next number of a sequence. Numbers are never used twice,
// not even when what bore them is deleted.
func nextID(ctx context.Context, tx queryer, sequence string) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `
		UPDATE sequences
		SET value = value + 1
		WHERE name = $1
		RETURNING value`, sequence).Scan(&id)
	return id, err
}

// find reads all rows of a query.
func find[T any](ctx context.Context, db *DB, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, db.judge(ctx, err)
	}
	defer rows.Close()
	var found []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, db.judge(ctx, err)
		}
		found = append(found, one)
	}
	return found, db.judge(ctx, rows.Err())
}

// only returns the one element found, or what an unknown thing is.
func only[T any](found []T, err error, noun, name string) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	if len(found) == 0 {
		return none, unknown(noun, name)
	}
	return found[0], nil
}

// unknown says that there is no such thing.
func unknown(noun, name string) error {
	return fmt.Errorf("%s %q: %w", noun, name, broker.ErrNotFound)
}

// filter collects the conditions of a query with their parameters.
type filter struct {
	conditions []string
	args       []any
}

// and adds a condition, which ends before its one parameter.
func (f *filter) and(condition string, arg any) {
	f.conditions = append(f.conditions, condition+f.param(arg))
}

// param adds a parameter and returns its mark.
func (f *filter) param(arg any) string {
	f.args = append(f.args, arg)
	return fmt.Sprintf("$%d", len(f.args))
}

// where renders the conditions.
func (f *filter) where() string {
	if len(f.conditions) == 0 {
		return ""
	}
	return "\nWHERE " + strings.Join(f.conditions, "\n  AND ")
}

// limit renders a limit; 0 is none.
func (f *filter) limit(rows int) string {
	if rows <= 0 {
		return ""
	}
	return "\nLIMIT " + f.param(rows)
}
