package prepared

import (
	"context"
	"database/sql"
)

// Tx is a transaction, for one goroutine.
type Tx struct {
	pool *Pool
	tx   *sql.Tx
	own  map[string]*sql.Stmt // what it has met; nil: once, and not compiled
}

// find returns a compiled statement, or nil for one that runs as it stands. It
// belongs to the transaction, so no caller's context bounds its making.
func (t *Tx) find(query string) *sql.Stmt {
	stmt, again := t.own[query]
	if stmt != nil {
		return stmt
	}
	if again {
		stmt, err := t.tx.PrepareContext(context.Background(), query)
		if err != nil {
			return nil // it fails where it runs
		}
		t.own[query] = stmt
		return stmt
	}
	stmt, met := t.pool.find(query)
	switch {
	case stmt != nil:
		stmt = t.tx.StmtContext(context.Background(), stmt)
	case met:
		t.pool.want(query)
	}
	t.own[query] = stmt
	return stmt
}

// ExecContext runs a statement.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := t.find(query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return t.tx.ExecContext(ctx, query, args...)
}

// QueryContext runs a query.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := t.find(query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query for one row.
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := t.find(query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return t.tx.QueryRowContext(ctx, query, args...)
}

// Commit ends the transaction; what it changed is on disk when it returns.
func (t *Tx) Commit() error { return t.tx.Commit() }

// Rollback undoes the transaction; after a commit it does nothing.
func (t *Tx) Rollback() error { return t.tx.Rollback() }
