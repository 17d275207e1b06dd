package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/group"
	"github.com/valetkey/valetkey/internal/store/prepared"
	"github.com/valetkey/valetkey/internal/store/search"
)

// Config says which database to open: the PostgreSQL database at URL, or else
// the SQLite file at Path.
type Config struct {
	Path  string           // of the SQLite file; made when it is missing, its directory is not
	URL   string           // postgres://user:password@host/database, with any setting of libpq; "": SQLite
	Log   *slog.Logger     // nil: none
	Conns int              // connections, for SQLite those that read; 0: one a core, or 10 on PostgreSQL
	Now   func() time.Time // for events that bring no time; nil: time.Now
}

// DB is an open database. Its methods may be called at the same time.
type DB struct {
	engine   engine
	log      *slog.Logger
	now      func() time.Time
	node     string        // who we are to other processes on the same database
	patience time.Duration // how long one call may take; 0: as long as its caller lets it
	read     *sql.DB
	write    *sql.DB
	group    *group.Group[*prepared.Tx] // nil: each change has a transaction of its own
	window   int                        // rows of a list; see [window]
	compiled
}

// compiled are the pools with their statements compiled; nil: the database's
// library does that by itself.
type compiled struct{ reads, writes *prepared.Pool }

var (
	_ ledger.Store    = (*DB)(nil)
	_ ledger.Watcher  = (*DB)(nil)
	_ access.KeyStore = (*DB)(nil)

	_ access.OperatorStore = (*DB)(nil)
)

// engine is what differs between SQLite and PostgreSQL: how to open them and
// how they tell of changes.
type engine interface {
	dialect
	// place names the database in messages; it never holds a secret.
	place() string
	// open fills in the pools, and brings the tables up to date.
	open(ctx context.Context, db *DB, conns int) error
	// index finds parts of names.
	index() search.Index
	// announce tells other processes of a change, as part of its transaction.
	announce(ctx context.Context, tx queryer, node string, change ledger.Change) error
	// watch passes on what other processes change until the context ends.
	watch(ctx context.Context, db *DB, changes chan<- ledger.Change)
}

// dialect is how the two differ in transactions and errors.
type dialect interface {
	// isolation is that of a writing transaction; nil: the database's own.
	isolation() *sql.TxOptions
	// snapshot is the isolation of a long reader that must see one state.
	snapshot() sql.IsolationLevel
	// judge gives an error of the database its meaning; other errors come back as they are.
	judge(ctx context.Context, err error) error
	// again reports whether a transaction, or a query, that ended with this error
	// may be run once more; begun, whether it may have written anything.
	again(err error, begun bool) bool
	// away reports whether an error says that nothing was written because the
	// database is not there, or not yet the one that takes writes.
	away(err error) bool
}

// Open opens the database and brings its tables up to date. A SQLite file that
// is missing is made with mode 0600; a PostgreSQL database must exist. Errors
// are [fault.Error] values that name the database, never its password, and say
// what to do.
func Open(ctx context.Context, config Config) (*DB, error) {
	db := &DB{log: config.Log, now: config.Now, node: rand.Text(), window: window}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = time.Now
	}
	var err error
	if config.URL != "" {
		db.engine, err = newPostgres(config.URL)
	} else {
		db.engine, err = newSQLite(config.Path)
	}
	if err != nil {
		return nil, err
	}
	if err := db.engine.open(ctx, db, config.Conns); err != nil {
		_ = db.Close() // its error would only follow from this one
		return nil, err
	}
	return db, nil
}

// Place is where the database lies: the file's path, or the server's address
// and the database's name, without user and password.
func (db *DB) Place() string { return db.engine.place() }

// Close closes the database once running calls have ended.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil { // the writer last: SQLite's folds the log into the file
		errs = append(errs, db.write.Close())
	}
	return errors.Join(errs...)
}

// Ping reports whether the database can be read.
func (db *DB) Ping(ctx context.Context) error {
	return db.query(ctx, func(ctx context.Context) error { return db.read.PingContext(ctx) })
}

// Changes implements [broker.Watcher]. The channel is closed when the context ends.
func (db *DB) Changes(ctx context.Context) <-chan ledger.Change {
	changes := make(chan ledger.Change)
	go func() {
		defer close(changes)
		db.engine.watch(ctx, db, changes)
	}()
	return changes
}

// pass hands a change to whoever follows, unless the context ends first.
func pass(ctx context.Context, changes chan<- ledger.Change, change ledger.Change) {
	select {
	case changes <- change:
	case <-ctx.Done():
	}
}
