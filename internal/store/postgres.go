package store

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/store/outage"
	"github.com/valetkey/valetkey/internal/store/search"
)

const (
	// postgresConns is how many connections a node keeps, besides the one that
	// listens for changes. PostgreSQL itself allows 100 unless told otherwise.
	postgresConns = 10
	// connectLimit is how long a server may take to answer at all, unless the
	// URL says otherwise.
	connectLimit = 5 * time.Second
	// postgresPatience ends a call to a server that went silent.
	postgresPatience = 15 * time.Second
	// connLife ends connections now and then, so that a node finds its way to
	// the server that a changed name leads to.
	connLife = 30 * time.Minute
	// connIdle is how long a connection that nobody needs is kept.
	connIdle = 5 * time.Minute
	// trustIdle is how long a connection may rest and still be used untried.
	trustIdle = time.Second
	// doubtLife is how long after a loss every connection is tried before use.
	doubtLife = time.Minute
	// minVersion is the oldest PostgreSQL that is tested.
	minVersion = 13
	// migrationLock is the advisory lock that a node holds while it brings the
	// tables up to date: "valetkey" in ASCII.
	migrationLock = 0x76616c65746b6579
)

// postgres is a database on a PostgreSQL server, shared by any number of nodes.
type postgres struct {
	config *pgx.ConnConfig
	beat   time.Duration // how long the listening connection may be silent
	retry  time.Duration // between attempts to connect it again
	// doubt is until when, in milliseconds of Unix time, a connection is tried
	// before it is used: when one was lost, others may be and not know it.
	doubt atomic.Int64
}

// newPostgres reads the URL. The server is not asked yet.
func newPostgres(address string) (*postgres, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil || !isPostgresURL(address) {
		// The reason is kept back: it may quote the password.
		return nil, fault.New(api.CodeNeedsConfiguration, "the database URL cannot be read").
			WithHint("write --database postgres://USER:PASSWORD@HOST:5432/DATABASE; in the password write every character but letters and digits as %%XX")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectLimit
	}
	if _, named := config.RuntimeParams["application_name"]; !named {
		config.RuntimeParams["application_name"] = "valetkey"
	}
	return &postgres{config: config, beat: listenBeat, retry: listenRetry}, nil
}

func isPostgresURL(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// place is the first server's address with the database's name.
func (p *postgres) place() string {
	if strings.HasPrefix(p.config.Host, "/") { // the directory of a unix socket
		return "PostgreSQL at " + p.config.Host + ", database " + p.config.Database
	}
	address := net.JoinHostPort(p.config.Host, strconv.Itoa(int(p.config.Port)))
	return "PostgreSQL at " + address + ", database " + p.config.Database
}

func (p *postgres) index() search.Index { return search.PostgreSQL{} }

// isolation is said outright, so that a server's default cannot change it. Rows
// that two writers may want are compared and swapped, or locked by a write.
func (p *postgres) isolation() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

func (p *postgres) snapshot() sql.IsolationLevel { return sql.LevelRepeatableRead }

func (p *postgres) open(ctx context.Context, db *DB, conns int) error {
	if conns <= 0 {
		conns = postgresConns
	}
	pool := stdlib.OpenDB(*p.config, stdlib.OptionShouldPing(func(_ context.Context, conn stdlib.ShouldPingParams) bool {
		return conn.IdleDuration > trustIdle || time.Now().UnixMilli() < p.doubt.Load()
	}))
	pool.SetMaxOpenConns(max(conns, 2)) // one holds the lock, one migrates
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxLifetime(connLife)
	pool.SetConnMaxIdleTime(connIdle)
	db.read, db.write, db.patience = pool, pool, postgresPatience
	if err := p.inspect(ctx, db); err != nil {
		return p.judge(ctx, err)
	}
	own := postgresSchema()
	if err := db.checkOwn(ctx, own); err != nil {
		return p.judge(ctx, err)
	}
	return p.judge(ctx, p.alone(ctx, pool, func() error { return db.migrate(ctx, own) }))
}

// inspect refuses a server that cannot do what is needed.
func (p *postgres) inspect(ctx context.Context, db *DB) error {
	var version int
	var replica bool
	var schema sql.NullString
	var commit string
	err := db.write.QueryRowContext(ctx, `
		SELECT
			current_setting('server_version_num')::int,
			pg_is_in_recovery(),
			current_schema(),
			current_setting('synchronous_commit')`).Scan(&version, &replica, &schema, &commit)
	if err != nil {
		return err
	}
	if err := checkVersion(version, p.place()); err != nil {
		return err
	}
	if replica {
		return p.told().ReadOnly(nil)
	}
	if !schema.Valid {
		return fault.New(api.CodeNeedsConfiguration, "%s has no schema of the search path", p.place()).
			WithHint("create it: CREATE SCHEMA name; or set search_path in the URL to one that exists")
	}
	if commit == "off" {
		db.log.Warn("synchronous_commit is off: after a crash of the database server a renewed token may be lost, and with it the grant",
			"database", p.place())
	}
	return nil
}

// checkVersion refuses a server that is too old; 130022 is version 13.22.
func checkVersion(number int, place string) error {
	if major := number / 10000; major < minVersion {
		return fault.New(api.CodeNeedsConfiguration, "%s is version %d, and Valetkey needs %d or later", place, major, minVersion).
			WithHint("upgrade the server, or name another with --database")
	}
	return nil
}

// alone runs a step while no other node does. Nodes that start together take
// turns; the lock ends with its transaction, however that ends.
func (p *postgres) alone(ctx context.Context, pool *sql.DB, step func() error) error {
	tx, err := pool.BeginTx(ctx, p.isolation())
	if err != nil {
		return err
	}
	defer tx.Rollback() // it wrote nothing
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	return step()
}

func postgresSchema() schema {
	return schema{
		dialect: goose.DialectPostgres,
		prepare: `CREATE COLLATION IF NOT EXISTS "binary" FROM "C"`,
		ours: `
			SELECT 1
			FROM information_schema.columns
			WHERE table_schema = current_schema()
			  AND table_name = $1
			  AND column_name = 'version_id'`,
		tables: `
			SELECT 1
			FROM information_schema.tables
			WHERE table_schema = current_schema()`,
		elsewhere: "create a database for Valetkey alone (createdb valetkey) and name it with --database",
	}
}

// again says yes when the server gave the transaction up for another one's
// sake, and when the connection was lost before anything was asked of it.
func (p *postgres) again(err error, begun bool) bool {
	switch outage.SQLState(err) {
	case outage.SerializationFailure, outage.DeadlockDetected:
		return true
	}
	lost := outage.IsLost(err)
	if lost {
		p.lose()
	}
	var connect *outage.ConnectError
	return lost && !begun && !errors.As(err, &connect)
}

// away is a server that cannot be connected to, or that only reads for now.
func (p *postgres) away(err error) bool {
	var connect *outage.ConnectError
	return errors.As(err, &connect) || outage.SQLState(err) == outage.ReadOnlyTransaction
}

// lose makes every connection be tried before its next use, for a while.
func (p *postgres) lose() { p.doubt.Store(time.Now().Add(doubtLife).UnixMilli()) }

func (p *postgres) told() outage.PostgreSQL {
	return outage.PostgreSQL{
		Place: p.place(), User: p.config.User, Database: p.config.Database, Host: p.config.Host, Port: p.config.Port,
		Conns: postgresConns + 1, Tries: maxTries,
	}
}

func (p *postgres) judge(ctx context.Context, err error) error { return p.told().Judge(ctx, err) }
