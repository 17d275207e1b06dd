package store

import (
	"context"

	"github.com/valetkey/valetkey/internal/ledger"
)

// openTx is the transaction that a context carries.
type openTx struct {
	db        *DB
	tx        queryer
	published bool // something in it is to be announced
}

type txKey struct{}

// within is the open transaction of a context, or nil.
func (db *DB) within(ctx context.Context) *openTx {
	if open, ok := ctx.Value(txKey{}).(*openTx); ok && open.db == db {
		return open
	}
	return nil
}

// Atomically runs do in one writing transaction: every call of the store with
// the context that do is given is part of it, and reads what was written
// before it. An error undoes all of them. Do is not run again, may take as long
// as its context lets it, and must not use its context from several goroutines.
// One announcement tells other processes that anything may have changed.
func (db *DB) Atomically(ctx context.Context, do func(ctx context.Context) error) error {
	if db.within(ctx) != nil {
		return do(ctx)
	}
	tx, err := db.begin(ctx)
	if err != nil {
		return db.engine.judge(ctx, err)
	}
	defer tx.Rollback() // after a commit it does nothing
	open := &openTx{db: db, tx: tx}
	if err := do(context.WithValue(ctx, txKey{}, open)); err != nil {
		return db.engine.judge(ctx, err)
	}
	if open.published {
		if err := db.engine.announce(ctx, tx, db.node, ledger.Change{}); err != nil {
			return db.engine.judge(ctx, err)
		}
	}
	return db.engine.judge(ctx, tx.Commit())
}
