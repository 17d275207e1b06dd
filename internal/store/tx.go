package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/prepared"
)

// queryer is a database or a transaction.
type queryer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// transaction is a queryer that ends.
type transaction interface {
	queryer
	Commit() error
	Rollback() error
}

// begin begins a writing transaction.
func (db *DB) begin(ctx context.Context) (transaction, error) {
	if db.writes != nil {
		return db.writes.Begin(ctx, db.engine.isolation())
	}
	return db.write.BeginTx(ctx, db.engine.isolation())
}

// scanner is a row to be read.
type scanner interface{ Scan(into ...any) error }

// maxTries bounds how often a transaction is run when the database gave it up
// for another one's sake, or lost the connection before it began.
const maxTries = 5

// firstPause is before the second try; it doubles with each.
const firstPause = 2 * time.Millisecond

// awayPause is between two looks whether the database is back.
const awayPause = 200 * time.Millisecond

// update runs change in one transaction on a writing connection. An error, or
// a context that ends, undoes all of it. It may run change more than once, each
// time on the state before it.
func (db *DB) update(ctx context.Context, change func(tx queryer) error) error {
	if open := db.within(ctx); open != nil {
		return db.engine.judge(ctx, change(open.tx))
	}
	return db.bounded(ctx, func(ctx context.Context) (begun bool, err error) {
		if db.group != nil {
			return true, db.group.Do(ctx, func(tx *prepared.Tx) error { return change(tx) })
		}
		tx, err := db.begin(ctx)
		if err != nil {
			return false, err
		}
		defer tx.Rollback() // after a commit it does nothing
		if err := change(tx); err != nil {
			return true, err
		}
		return true, tx.Commit()
	})
}

// publish is update for a change that other processes must hear of.
func (db *DB) publish(ctx context.Context, what ledger.Change, change func(tx queryer) error) error {
	if open := db.within(ctx); open != nil {
		open.published = true
		return db.update(ctx, change)
	}
	return db.update(ctx, func(tx queryer) error {
		if err := change(tx); err != nil {
			return err
		}
		return db.engine.announce(ctx, tx, db.node, what)
	})
}

// insist is publish for what exists nowhere else once the provider has given
// it: while the database is away it waits for it, as long as any call may take.
func (db *DB) insist(ctx context.Context, what ledger.Change, change func(tx queryer) error) error {
	patience := time.NewTimer(db.patience)
	defer patience.Stop()
	for {
		err := db.publish(ctx, what, change)
		if err == nil || !db.engine.away(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return err
		case <-time.After(awayPause):
		}
	}
}

// query runs something that only reads.
func (db *DB) query(ctx context.Context, read func(ctx context.Context) error) error {
	return db.bounded(ctx, func(ctx context.Context) (bool, error) { return false, read(ctx) })
}

// bounded runs a step again, a few times, when the database asks for that, and
// gives its error a meaning. The step says whether it may have written.
func (db *DB) bounded(caller context.Context, step func(ctx context.Context) (begun bool, err error)) error {
	ctx := caller
	if db.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(caller, db.patience)
		defer cancel()
	}
	pause := firstPause
	for try := 1; ; try++ {
		begun, err := step(ctx)
		if err == nil {
			return nil
		}
		if try == maxTries || !db.engine.again(err, begun) {
			return db.engine.judge(caller, err)
		}
		select {
		case <-ctx.Done():
			return db.engine.judge(caller, err)
		case <-time.After(pause):
			pause *= 2
		}
	}
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
func nextID(ctx context.Context, tx queryer, sequence string) (int64, error) {
	return nextIDs(ctx, tx, sequence, 1)
}

// nextIDs takes so many numbers of a sequence, and returns the last of them.
func nextIDs(ctx context.Context, tx queryer, sequence string, n int) (last int64, err error) {
	err = tx.QueryRowContext(ctx, `
		UPDATE sequences
		SET value = value + $1
		WHERE name = $2
		RETURNING value`,
		n,
		sequence).Scan(&last)
	return last, err
}

// find reads all rows of a query.
func find[T any](ctx context.Context, db *DB, scan func(scanner) (T, error), query string, args ...any) (found []T, err error) {
	if open := db.within(ctx); open != nil {
		found, err = collect(ctx, open.tx, scan, query, args...)
		return found, db.engine.judge(ctx, err)
	}
	err = db.query(ctx, func(ctx context.Context) error {
		found, err = collect(ctx, db.reader(), scan, query, args...)
		return err
	})
	return found, err
}

// reader is what runs queries.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func (db *DB) reader() reader {
	if db.reads != nil {
		return db.reads
	}
	return db.read
}

// collect reads all rows of a query; none after an error.
func collect[T any](ctx context.Context, q reader, scan func(scanner) (T, error), query string, args ...any) (found []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return found, nil
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
	return fmt.Errorf("%s %q: %w", noun, name, ledger.ErrNotFound)
}
