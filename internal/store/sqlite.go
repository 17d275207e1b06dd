package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
)

// Config says which database to open.
type Config struct {
	Path      string           // of the database file; made when it is missing, its directory is not
	Log       *slog.Logger     // nil: none
	ReadConns int              // reading connections; 0: one a core
	Now       func() time.Time // for events that bring no time; nil: time.Now
}

// DB is an open database. Its methods may be called at the same time.
type DB struct {
	path  string
	log   *slog.Logger
	now   func() time.Time
	read  *sql.DB
	write *sql.DB
}

var (
	_ broker.Store    = (*DB)(nil)
	_ access.KeyStore = (*DB)(nil)
)

// busyTimeout is how long a write waits for another process's write.
const busyTimeout = 5 * time.Second

// Pragmas of each connection. The caches are bounded in KiB: the operating
// system holds the file's pages as well.
const (
	commonPragmas = `
		PRAGMA foreign_keys = on;
		PRAGMA synchronous = full;
		PRAGMA temp_store = memory;
		PRAGMA trusted_schema = off;`
	writePragmas = commonPragmas + `
		PRAGMA journal_size_limit = 4194304;
		PRAGMA cache_size = -1024;`
	readPragmas = commonPragmas + `
		PRAGMA query_only = on;
		PRAGMA cache_size = -512;`
)

// Open opens the database file and brings its tables up to date. A file that
// is missing is made with mode 0600. Errors are [fault.Error] values that name
// the file and what to do.
func Open(ctx context.Context, config Config) (*DB, error) {
	path, err := filepath.Abs(config.Path)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot tell where the database %s lies", config.Path)
	}
	db := &DB{path: path, log: config.Log, now: config.Now}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = time.Now
	}
	if err := db.prepareFile(); err != nil {
		return nil, err
	}
	if err := db.open(ctx, config.ReadConns); err != nil {
		_ = db.Close() // its error would only follow from this one
		return nil, err
	}
	return db, nil
}

// Path is where the database file lies.
func (db *DB) Path() string { return db.path }

// Close closes the database once running calls have ended.
func (db *DB) Close() error {
	var errs []error
	for _, pool := range []*sql.DB{db.read, db.write} { // the writer last: it folds the log into the file
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return errors.Join(errs...)
}

func (db *DB) open(ctx context.Context, readConns int) error {
	if readConns <= 0 {
		readConns = runtime.NumCPU()
	}
	var err error
	if db.write, err = openPool(db.path, "immediate", writePragmas, 1); err != nil {
		return err
	}
	if err := db.checkOwn(ctx); err != nil {
		return db.judge(ctx, err)
	}
	// Only now may anything be written: the file is known to be ours.
	if err := db.keepLog(ctx); err != nil {
		return db.judge(ctx, err)
	}
	if err := db.migrate(ctx); err != nil {
		return db.judge(ctx, err)
	}
	db.hide(db.path + "-shm") // SQLite made it by the umask
	db.read, err = openPool(db.path, "deferred", readPragmas, readConns)
	return err
}

// keepLog turns the write-ahead log on. SQLite does not wait for a lock here,
// so that two processes starting on a new file would throw each other out.
func (db *DB) keepLog(ctx context.Context) error {
	giveUp := time.NewTimer(busyTimeout)
	defer giveUp.Stop()
	for {
		_, err := db.write.ExecContext(ctx, `PRAGMA journal_mode = wal`)
		if !errors.Is(err, sqlite3.BUSY) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-giveUp.C:
			return err
		case <-time.After(busyTimeout / 1000):
		}
	}
}

// prepareFile makes a missing file with mode 0600, which the log beside it
// inherits, and takes an existing one away from others.
func (db *DB) prepareFile() error {
	file, err := os.OpenFile(db.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return db.fileFault(err)
	}
	if err := file.Close(); err != nil {
		return db.fileFault(err)
	}
	db.hide(db.path)
	return nil
}

// hide takes a file away from others. Where the file system has no modes it
// can only warn.
func (db *DB) hide(path string) {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		db.log.Warn("others may be able to read a file of the database", "path", path, "error", err)
	}
}

func (db *DB) fileFault(err error) error {
	reason := err
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		reason = pathErr.Err // the message names the path already
	}
	return fault.Wrap(err, api.CodeNeedsConfiguration, "cannot open the database %s: %s", db.path, reason).
		WithHint("make sure that %s is a directory that the user running Valetkey may write, or choose another with --data", filepath.Dir(db.path))
}

func openPool(path, txlock, pragmas string, conns int) (*sql.DB, error) {
	query := url.Values{
		"mode":    {"rw"},
		"_txlock": {txlock},
		"modeof":  {path},
	}
	rawQuery := strings.ReplaceAll(query.Encode(), "+", "%20") // SQLite takes a plus for itself
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/… on Windows
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: slashed, RawQuery: rawQuery}
	pool, err := driver.Open(name.String(), func(conn *sqlite3.Conn) error {
		if err := conn.BusyTimeout(busyTimeout); err != nil {
			return err
		}
		return conn.Exec(pragmas)
	})
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return pool, nil
}

// Ping reports whether the database can be read.
func (db *DB) Ping(ctx context.Context) error {
	return db.judge(ctx, db.read.PingContext(ctx))
}
