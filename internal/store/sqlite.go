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
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/pressly/goose/v3"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/group"
	"github.com/valetkey/valetkey/internal/store/outage"
	"github.com/valetkey/valetkey/internal/store/prepared"
	"github.com/valetkey/valetkey/internal/store/search"
)

// sqlite is a database in one file: one writing connection, a few reading ones.
type sqlite struct {
	path string
}

// busyTimeout is how long a write waits for another process's write.
const busyTimeout = 5 * time.Second

// lookEvery is how often a process looks for what others wrote to the file.
const lookEvery = 500 * time.Millisecond

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

// newSQLite takes the database's path as it will be known from then on.
func newSQLite(path string) (*sqlite, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot tell where the database %s lies", path)
	}
	return &sqlite{path: absolute}, nil
}

func (s *sqlite) place() string { return s.path }

func (s *sqlite) index() search.Index { return search.SQLite{} }

// isolation is SQLite's own: a writing transaction is alone from its start.
func (s *sqlite) isolation() *sql.TxOptions { return nil }

// snapshot is any reading transaction: the log keeps what it sees.
func (s *sqlite) snapshot() sql.IsolationLevel { return sql.LevelDefault }

// again never is: SQLite waits for its lock by itself.
func (s *sqlite) again(error, bool) bool { return false }

// away never is a file.
func (s *sqlite) away(error) bool { return false }

// announce has nothing to do: other processes look into the file.
func (s *sqlite) announce(context.Context, queryer, string, ledger.Change) error { return nil }

func (s *sqlite) open(ctx context.Context, db *DB, conns int) error {
	if conns <= 0 {
		conns = runtime.NumCPU()
	}
	if err := s.prepareFile(db.log); err != nil {
		return err
	}
	var err error
	if db.write, err = openPool(s.path, "immediate", writePragmas, 1); err != nil {
		return err
	}
	own := sqliteSchema()
	if err := db.checkOwn(ctx, own); err != nil {
		return s.judge(ctx, err)
	}
	// Only now may anything be written: the file is known to be ours.
	if err := keepLog(ctx, db.write); err != nil {
		return s.judge(ctx, err)
	}
	if err := db.migrate(ctx, own); err != nil {
		return s.judge(ctx, err)
	}
	hide(s.path+"-shm", db.log) // SQLite made it by the umask
	if db.read, err = openPool(s.path, "deferred", readPragmas, conns); err != nil {
		return err
	}
	db.compiled = compiled{reads: prepared.New(db.read), writes: prepared.New(db.write)}
	db.group = group.New[*prepared.Tx](group.SQL{Pool: db.writes})
	return nil
}

func sqliteSchema() schema {
	return schema{
		dialect:   goose.DialectSQLite3,
		ours:      `SELECT 1 FROM sqlite_master WHERE name = $1`,
		tables:    `SELECT 1 FROM sqlite_master WHERE true`,
		elsewhere: "point --data at another directory",
	}
}

// watch looks now and then whether another process has written to the file,
// and says no more than that: what it wrote is not known.
func (s *sqlite) watch(ctx context.Context, db *DB, changes chan<- ledger.Change) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var seen int64 // 0 is no version: the first look tells of a change
	for {
		var version int64
		err := db.write.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version)
		switch {
		case err != nil && ctx.Err() == nil:
			db.log.Error("cannot see whether another process has changed the database", "path", s.path, "error", err)
		case err == nil && version != seen:
			seen = version
			pass(ctx, changes, ledger.Change{})
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// keepLog turns the write-ahead log on. SQLite does not wait for a lock here,
// so that two processes starting on a new file would throw each other out.
func keepLog(ctx context.Context, pool *sql.DB) error {
	giveUp := time.NewTimer(busyTimeout)
	defer giveUp.Stop()
	for {
		_, err := pool.ExecContext(ctx, `PRAGMA journal_mode = wal`)
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
func (s *sqlite) prepareFile(log *slog.Logger) error {
	file, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return s.fileFault(err)
	}
	if err := file.Close(); err != nil {
		return s.fileFault(err)
	}
	hide(s.path, log)
	return nil
}

// hide takes a file away from others. Where the file system has no modes it
// can only warn.
func hide(path string, log *slog.Logger) {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		log.Warn("others may be able to read a file of the database", "path", path, "error", err)
	}
}

func (s *sqlite) fileFault(err error) error {
	reason := err
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		reason = pathErr.Err // the message names the path already
	}
	return fault.Wrap(err, api.CodeNeedsConfiguration, "cannot open the database %s: %s", s.path, reason).
		WithHint("make sure that %s is a directory that the user running Valetkey may write, or choose another with --data", filepath.Dir(s.path))
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
		if err := fts5.Register(conn); err != nil {
			return err
		}
		// A plan depends on its statement alone. Otherwise SQLite compiles the
		// statement again whenever another value is bound to it.
		if _, err := conn.Config(sqlite3.DBCONFIG_ENABLE_QPSG, true); err != nil {
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

func (s *sqlite) judge(ctx context.Context, err error) error {
	return outage.SQLite{Path: s.path}.Judge(ctx, err)
}
