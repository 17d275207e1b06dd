package store

import (
	"context"
	"fmt"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/column"
)

// TokenSet returns the current generation, or [broker.ErrNotFound].
func (db *DB) TokenSet(ctx context.Context, connection string) (ledger.TokenSet, error) {
	var f clause.Filter
	f.And("connection = ", connection)
	found, err := db.findTokenSets(ctx, f, 1)
	return only(found, err, "token set of", connection)
}

// PreviousTokenSets returns older generations, newest first.
func (db *DB) PreviousTokenSets(ctx context.Context, connection string) ([]ledger.TokenSet, error) {
	var f clause.Filter
	f.And("connection = ", connection)
	f.Add("generation < (SELECT generation FROM connections WHERE name = " + f.Param(connection) + ")")
	return db.findTokenSets(ctx, f, 0)
}

// SaveTokenSet saves the next generation by compare-and-swap, with all that
// goes with it, or returns [broker.ErrStale] and changes nothing. An event of
// kind [ledger.EventRefreshed] also moves LastRefreshedAt to Set.ObtainedAt, one of
// kind [ledger.EventAuthorized] AuthorizedAt.
func (db *DB) SaveTokenSet(ctx context.Context, save ledger.TokenSave) error {
	return db.insist(ctx, ledger.Change{Noun: ledger.NounConnection, Name: save.Set.Connection}, func(tx queryer) error {
		name := save.Set.Connection
		event := db.complete(save.Event, name)
		if err := advance(ctx, tx, save, event); err != nil {
			return err
		}
		if save.Fence != 0 {
			if err := checkFence(ctx, tx, name, save); err != nil {
				return err
			}
		}
		if err := insertTokenSet(ctx, tx, save.Set); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			DELETE FROM token_sets
			WHERE connection = $1
			  AND generation < $2`,
			name,
			save.Set.Generation-int64(max(save.Keep, 0)))
		if err != nil {
			return err
		}
		return appendEvent(ctx, tx, event)
	})
}

// advance moves the connection to the set's generation, if it is the next.
func advance(ctx context.Context, tx queryer, save ledger.TokenSave, event ledger.Event) error {
	refreshedAt, authorizedAt := int64(0), int64(0)
	switch event.Kind {
	case ledger.EventRefreshed:
		refreshedAt = column.Millis(save.Set.ObtainedAt)
	case ledger.EventAuthorized:
		authorizedAt = column.Millis(save.Set.ObtainedAt)
	}
	won, err := changed(ctx, tx, `
		UPDATE connections
		SET
			generation        = $1,
			state             = $2,
			cause             = $3,
			account           = CASE WHEN $4 = '' THEN account ELSE $4 END,
			last_refreshed_at = CASE WHEN $5 = CAST(0 AS BIGINT) THEN last_refreshed_at ELSE $5 END,
			updated_at        = $6,
			captured          = COALESCE($7, captured),
			due_at            = $8,
			authorized_at     = CASE WHEN $9 = CAST(0 AS BIGINT) THEN authorized_at ELSE $9 END
		WHERE name = $10
		  AND generation = $11`,
		save.Set.Generation,
		string(save.Change.State),
		column.Document{Of: save.Change.Cause},
		save.Account,
		refreshedAt,
		column.Millis(event.At),
		column.Document{Of: save.Captured},
		column.Millis(save.DueAt),
		authorizedAt,
		save.Set.Connection,
		save.Set.Generation-1)
	if err == nil && !won {
		return staleOrUnknown(ctx, tx, save.Set.Connection)
	}
	return err
}

// checkFence refuses the holder of a lease that was given on, or outdated by
// a revocation, while it was away. It writes the row, as it is or at its end,
// which keeps it locked: nobody is given the lease between the check and the save.
func checkFence(ctx context.Context, tx queryer, connection string, save ledger.TokenSave) error {
	set := "fence = fence"
	if save.Last {
		set = "expires_at = 0, tries = 0, salvage = NULL"
	}
	latest, err := changed(ctx, tx, `
		UPDATE leases
		SET `+set+`
		WHERE connection = $1
		  AND fence = $2`,
		connection,
		save.Fence)
	if err == nil && !latest {
		return fmt.Errorf("lease %d of connection %q: %w", save.Fence, connection, ledger.ErrStale)
	}
	return err
}

func insertTokenSet(ctx context.Context, tx queryer, set ledger.TokenSet) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO token_sets (
			connection,
			generation,
			token_type,
			obtained_at,
			expires_at,
			refresh_expires_at,
			scope,
			refresh_token,
			access_token
		) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		set.Connection,
		set.Generation,
		set.TokenType,
		column.Millis(set.ObtainedAt),
		column.Millis(set.ExpiresAt),
		column.Millis(set.RefreshExpiresAt),
		column.Document{Of: set.Scope},
		column.Sealed(set.RefreshToken),
		column.Sealed(set.AccessToken))
	return err
}

// DropTokenSets forgets all generations and what was captured with them, with
// the connection's new state and event. It outdates a lease that is held, so that a renewal on its way
// cannot bring the grant back.
func (db *DB) DropTokenSets(ctx context.Context, connection string, change ledger.StateChange, event ledger.Event) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounConnection, Name: connection}, func(tx queryer) error {
		event := db.complete(event, connection)
		known, err := changed(ctx, tx, `
			UPDATE connections
			SET
				generation = 0,
				due_at     = 0,
				captured   = NULL,
				proof_key  = NULL,
				state      = $1,
				cause      = $2,
				updated_at = $3
			WHERE name = $4`,
			string(change.State),
			column.Document{Of: change.Cause},
			column.Millis(event.At),
			connection)
		if err != nil {
			return err
		}
		if !known {
			return unknown("connection", connection)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM token_sets WHERE connection = $1`, connection); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM leases WHERE connection = $1`, connection); err != nil {
			return err
		}
		return appendEvent(ctx, tx, event)
	})
}

// findTokenSets returns token sets, newest first.
func (db *DB) findTokenSets(ctx context.Context, f clause.Filter, limit int) ([]ledger.TokenSet, error) {
	query := `
		SELECT
			connection,
			generation,
			token_type,
			obtained_at,
			expires_at,
			refresh_expires_at,
			scope,
			refresh_token,
			access_token
		FROM token_sets` + f.Where() + `
		ORDER BY generation DESC` + f.Limit(limit)
	return find(ctx, db, scanTokenSet, query, f.Args()...)
}

func scanTokenSet(row scanner) (t ledger.TokenSet, err error) {
	err = row.Scan(
		&t.Connection,
		&t.Generation,
		&t.TokenType,
		column.Instant{To: &t.ObtainedAt},
		column.Instant{To: &t.ExpiresAt},
		column.Instant{To: &t.RefreshExpiresAt},
		column.Document{Of: &t.Scope},
		(*[]byte)(&t.RefreshToken),
		(*[]byte)(&t.AccessToken),
	)
	return t, err
}
