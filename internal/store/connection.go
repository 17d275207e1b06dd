package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/column"
)

// PutConnection inserts a connection or replaces its Spec, State, Cause and
// UpdatedAt. It returns [broker.ErrNotFound] when there is no such client.
func (db *DB) PutConnection(ctx context.Context, c ledger.Connection) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounConnection, Name: c.Name}, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO connections (
				name,
				client,
				state,
				generation,
				account,
				last_used_at,
				last_refreshed_at,
				created_at,
				updated_at,
				cause,
				spec,
				captured,
				due_at
			) VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10, $11, 0)
			ON CONFLICT (name) DO UPDATE SET
				client     = excluded.client,
				state      = excluded.state,
				updated_at = excluded.updated_at,
				cause      = excluded.cause,
				spec       = excluded.spec`,
			c.Name,
			c.Spec.Client,
			string(c.State),
			c.Account,
			column.Millis(c.LastUsedAt),
			column.Millis(c.LastRefreshedAt),
			column.Millis(c.CreatedAt),
			column.Millis(c.UpdatedAt),
			column.Document{Of: c.Cause},
			column.Document{Of: c.Spec},
			column.Document{Of: c.Captured})
		return err
	})
}

// Connection returns a connection by name.
func (db *DB) Connection(ctx context.Context, name string) (ledger.Connection, error) {
	var f clause.Filter
	f.And("c.name = ", name)
	found, err := db.findConnections(ctx, f, 1)
	return only(found, err, "connection", name)
}

// SetState changes the state with its event, unless a token set newer than
// generation was saved meanwhile: then [broker.ErrStale].
func (db *DB) SetState(ctx context.Context, name string, generation int64, change ledger.StateChange, event ledger.Event) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounConnection, Name: name}, func(tx queryer) error {
		event := db.complete(event, name)
		done, err := changed(ctx, tx, `
			UPDATE connections
			SET
				state      = $1,
				cause      = $2,
				updated_at = $3,
				captured   = COALESCE($4, captured)
			WHERE name = $5
			  AND generation = $6`,
			string(change.State),
			column.Document{Of: change.Cause},
			column.Millis(event.At),
			column.Document{Of: change.Captured},
			name,
			generation)
		if err != nil {
			return err
		}
		if !done {
			return staleOrUnknown(ctx, tx, name)
		}
		return appendEvent(ctx, tx, event)
	})
}

// KeepProofKey writes a connection's proof key unless it has one, and returns
// the one it has then.
func (db *DB) KeepProofKey(ctx context.Context, connection string, key secret.Sealed) (kept secret.Sealed, err error) {
	err = db.publish(ctx, ledger.Change{Noun: ledger.NounConnection, Name: connection}, func(tx queryer) error {
		if _, err := tx.ExecContext(ctx, `
			UPDATE connections
			SET proof_key = $1
			WHERE name = $2
			  AND proof_key IS NULL`,
			column.Sealed(key),
			connection); err != nil {
			return err
		}
		var f clause.Filter
		f.And("c.name = ", connection)
		found, err := collect(ctx, tx, scanConnection, connectionQuery(&f, "c.name", 1), f.Args()...)
		c, err := only(found, err, "connection", connection)
		kept = c.ProofKey
		return err
	})
	return kept, err
}

// TouchConnections records when connections were last used. A time before the
// one known, and a name that is unknown, change nothing.
func (db *DB) TouchConnections(ctx context.Context, usedAt map[string]time.Time) error {
	return db.touch(ctx, usedAt, `
		UPDATE connections
		SET last_used_at = $1
		WHERE name = $2
		  AND last_used_at < $1`)
}

// touchBatch is how many rows one transaction touches: renewals wait for the
// rows it holds.
const touchBatch = 500

// touch runs an update for each name. The order of names is the same for every
// node, so that two that touch the same rows wait for each other in turn.
func (db *DB) touch(ctx context.Context, usedAt map[string]time.Time, query string) error {
	for names := range slices.Chunk(slices.Sorted(maps.Keys(usedAt)), touchBatch) {
		err := db.update(ctx, func(tx queryer) error {
			for _, name := range names {
				if _, err := tx.ExecContext(ctx, query, column.Millis(usedAt[name]), name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteConnection removes the connection with its token sets, lease, flows
// and events.
func (db *DB) DeleteConnection(ctx context.Context, name string) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounConnection, Name: name}, func(tx queryer) error {
		known, err := changed(ctx, tx, `DELETE FROM connections WHERE name = $1`, name)
		if err == nil && !known {
			return unknown("connection", name)
		}
		return err
	})
}

// staleOrUnknown says why a conditional update of a connection found no row.
func staleOrUnknown(ctx context.Context, tx queryer, name string) error {
	known, err := exists(ctx, tx, `SELECT 1 FROM connections WHERE name = $1`, name)
	if err != nil {
		return err
	}
	if !known {
		return unknown("connection", name)
	}
	return fmt.Errorf("connection %q: %w", name, ledger.ErrStale)
}

func (db *DB) findConnections(ctx context.Context, f clause.Filter, limit int) ([]ledger.Connection, error) {
	query := connectionQuery(&f, "c.name", limit)
	return find(ctx, db, scanConnection, query, f.Args()...)
}

func connectionQuery(f *clause.Filter, order string, limit int) string {
	return `
		SELECT
			c.name,
			c.state,
			c.generation,
			c.account,
			c.last_used_at,
			c.last_refreshed_at,
			c.authorized_at,
			c.created_at,
			c.updated_at,
			c.cause,
			c.spec,
			c.captured,
			c.proof_key,
			t.expires_at,
			t.refresh_expires_at,
			t.scope,
			t.refresh_token IS NOT NULL
		FROM connections c
		LEFT JOIN token_sets t ON t.connection = c.name AND t.generation = c.generation` + f.Where() + `
		ORDER BY ` + order + f.Limit(limit)
}

func scanConnection(row scanner) (c ledger.Connection, err error) {
	err = row.Scan(
		&c.Name,
		&c.State,
		&c.Generation,
		&c.Account,
		column.Instant{To: &c.LastUsedAt},
		column.Instant{To: &c.LastRefreshedAt},
		column.Instant{To: &c.AuthorizedAt},
		column.Instant{To: &c.CreatedAt},
		column.Instant{To: &c.UpdatedAt},
		column.Document{Of: &c.Cause},
		column.Document{Of: &c.Spec},
		column.Document{Of: &c.Captured},
		(*[]byte)(&c.ProofKey),
		column.Instant{To: &c.ExpiresAt},
		column.Instant{To: &c.RefreshExpiresAt},
		column.Document{Of: &c.GrantedScopes},
		&c.Renewable,
	)
	return c, err
}
