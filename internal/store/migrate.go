package store

import (
	"context"
	"errors"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/store/migration"
	"github.com/valetkey/valetkey/internal/store/outage"
)

// versionTable is where goose keeps which migrations have run.
const versionTable = "schema_migrations"

// migrateTries bounds how often a migration is begun. Two processes that
// start on a new file at once both begin; one of them finds the tables there.
const migrateTries = 20

// schema is where the two databases differ in how they are brought up to date.
type schema struct {
	dialect   goose.Dialect
	prepare   string // statements before the first migration; "": none
	ours      string // a query that finds a row when $1, the version table, is ours
	tables    string // a query, with a WHERE, that finds a row when there are tables at all
	elsewhere string // what to do about another program's database
}

// checkOwn refuses a database that holds another program's tables. It only
// reads.
func (db *DB) checkOwn(ctx context.Context, s schema) error {
	// One statement: another process may be making the tables just now.
	foreign, err := exists(ctx, db.write, s.tables+" AND NOT EXISTS ("+s.ours+")", versionTable)
	if err != nil {
		return err
	}
	if foreign {
		return fault.New(api.CodeNeedsConfiguration, "%s is the database of another program", db.Place()).
			WithHint("%s; it was not changed", s.elsewhere)
	}
	return nil
}

// migrate runs the migrations that have not run yet.
func (db *DB) migrate(ctx context.Context, s schema) error {
	steps, err := migration.Steps(db.engine.index().Schema())
	if err != nil {
		return err
	}
	if err := db.prepareVersions(ctx, s); err != nil {
		return err
	}
	provider, err := goose.NewProvider(s.dialect, db.write, nil,
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(steps...),
		goose.WithSlog(db.log))
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		current, target, err := provider.GetVersions(ctx)
		if err != nil {
			return err
		}
		if current > target {
			return db.newerFault(current, target)
		}
		if current == target {
			return nil
		}
		if _, err = provider.Up(ctx); err == nil {
			db.log.Info("database brought up to date", "database", db.Place(), "from", current, "to", target)
			return nil
		}
		if judged := db.engine.judge(ctx, err); outage.IsFault(judged) {
			return judged
		}
		if try == migrateTries || ctx.Err() != nil {
			return fault.Wrap(errors.Join(err, ctx.Err()), api.CodeInternal, "the database %s could not be brought up to date", db.Place()).
				WithHint("nothing was changed; the server's log says why")
		}
	}
}

// prepareVersions makes goose's table in one transaction. Goose would make it
// as well, but waits a second when another process does so at the same time.
func (db *DB) prepareVersions(ctx context.Context, s schema) error {
	versions, err := database.NewStore(s.dialect, versionTable)
	if err != nil {
		return err
	}
	return db.update(ctx, func(tx queryer) error {
		there, err := exists(ctx, tx, s.ours, versionTable)
		if err != nil || there {
			return err
		}
		if s.prepare != "" {
			if _, err := tx.ExecContext(ctx, s.prepare); err != nil {
				return err
			}
		}
		if err := versions.CreateVersionTable(ctx, tx); err != nil {
			return err
		}
		return versions.Insert(ctx, tx, database.InsertRequest{Version: 0})
	})
}

func (db *DB) newerFault(current, target int64) error {
	return fault.New(api.CodeNeedsConfiguration,
		"the database %s was written by a newer Valetkey (its version is %d, this program knows %d)", db.Place(), current, target).
		WithHint("start the newer program, or put back the backup made before it; the database was not changed")
}
