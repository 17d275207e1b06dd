package store

import (
	"context"
	"database/sql"

	"github.com/valetkey/valetkey/internal/ledger"
)

// Tx is one transaction, for package custody, which reads and writes what no
// single noun owns.
type Tx = queryer

// Update runs a change in one transaction. It may run it more than once.
func (db *DB) Update(ctx context.Context, change func(tx Tx) error) error {
	return db.update(ctx, change)
}

// Publish is Update for a change that other processes must hear of.
func (db *DB) Publish(ctx context.Context, what ledger.Change, change func(tx Tx) error) error {
	return db.publish(ctx, what, change)
}

// Snapshot runs a reader on one state of the whole database, whatever others
// write meanwhile. It takes as long as the reader does.
func (db *DB) Snapshot(ctx context.Context, read func(tx Tx) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{Isolation: db.engine.snapshot(), ReadOnly: true})
	if err != nil {
		return db.engine.judge(ctx, err)
	}
	defer tx.Rollback() // it wrote nothing
	return db.engine.judge(ctx, read(tx))
}

// Exclusive runs one long change in one transaction, once, however long it takes.
func (db *DB) Exclusive(ctx context.Context, change func(tx Tx) error) error {
	tx, err := db.begin(ctx)
	if err != nil {
		return db.engine.judge(ctx, err)
	}
	defer tx.Rollback() // after a commit it does nothing
	if err := change(tx); err != nil {
		return db.engine.judge(ctx, err)
	}
	if err := db.engine.announce(ctx, tx, db.node, ledger.Change{}); err != nil {
		return db.engine.judge(ctx, err)
	}
	return db.engine.judge(ctx, tx.Commit())
}

// Shared reports whether other machines may have this database open.
func (db *DB) Shared() bool { return db.read == db.write }

// NextIDs takes so many numbers of a sequence, as part of a transaction, and
// returns the last of them.
func NextIDs(ctx context.Context, tx Tx, sequence string, n int) (last int64, err error) {
	return nextIDs(ctx, tx, sequence, n)
}
