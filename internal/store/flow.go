package store

import (
	"context"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/column"
)

// CreateFlow inserts a flow. It returns [broker.ErrExists] when its ID or
// state is taken, [broker.ErrNotFound] when there is no such connection.
func (db *DB) CreateFlow(ctx context.Context, f ledger.Flow) error {
	return db.update(ctx, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO flows (
				id,
				connection,
				state_hash,
				status,
				taken_at,
				created_at,
				expires_at,
				issuer,
				token_endpoint,
				redirect_uri,
				return_to,
				cause,
				verifier,
				authorization_url
			) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			f.ID,
			f.Connection,
			f.StateHash,
			string(f.Status),
			column.Millis(f.TakenAt),
			column.Millis(f.CreatedAt),
			column.Millis(f.ExpiresAt),
			f.Issuer,
			f.TokenEndpoint,
			f.RedirectURI,
			f.ReturnTo,
			column.Document{Of: f.Cause},
			column.Sealed(f.Verifier),
			column.Sealed(f.AuthorizationURL))
		return err
	})
}

// Flow returns a flow by ID.
func (db *DB) Flow(ctx context.Context, id string) (ledger.Flow, error) {
	var f clause.Filter
	f.And("id = ", id)
	found, err := db.findFlows(ctx, f)
	return only(found, err, "flow", id)
}

// FlowByState returns the flow whose state parameter has this hash.
func (db *DB) FlowByState(ctx context.Context, stateHash []byte) (ledger.Flow, error) {
	var f clause.Filter
	f.And("state_hash = ", stateHash)
	found, err := db.findFlows(ctx, f)
	return only(found, err, "flow", "of this state")
}

// TakeFlow marks a pending flow as taken, once: [broker.ErrStale] when it was
// taken or ended before.
func (db *DB) TakeFlow(ctx context.Context, id string, now time.Time) error {
	return db.update(ctx, func(tx queryer) error {
		taken, err := changed(ctx, tx, `
			UPDATE flows
			SET taken_at = $1
			WHERE id = $2
			  AND taken_at = 0
			  AND status = $3`,
			column.Millis(now),
			id,
			string(api.FlowPending))
		if err != nil || taken {
			return err
		}
		known, err := exists(ctx, tx, `SELECT 1 FROM flows WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if !known {
			return unknown("flow", id)
		}
		return fmt.Errorf("flow %q: %w", id, ledger.ErrStale)
	})
}

// FinishFlow writes how a flow ended.
func (db *DB) FinishFlow(ctx context.Context, id string, status api.FlowStatus, cause *api.Cause) error {
	return db.update(ctx, func(tx queryer) error {
		known, err := changed(ctx, tx, `
			UPDATE flows
			SET
				status = $1,
				cause  = $2
			WHERE id = $3`,
			string(status),
			column.Document{Of: cause},
			id)
		if err == nil && !known {
			return unknown("flow", id)
		}
		return err
	})
}

// DeleteFlows removes the flows that expired before the instant.
func (db *DB) DeleteFlows(ctx context.Context, before time.Time) error {
	return db.update(ctx, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM flows WHERE expires_at < $1`, column.Millis(before))
		return err
	})
}

func (db *DB) findFlows(ctx context.Context, f clause.Filter) ([]ledger.Flow, error) {
	query := `
		SELECT
			id,
			connection,
			state_hash,
			status,
			taken_at,
			created_at,
			expires_at,
			issuer,
			token_endpoint,
			redirect_uri,
			return_to,
			cause,
			verifier,
			authorization_url
		FROM flows` + f.Where()
	return find(ctx, db, scanFlow, query, f.Args()...)
}

func scanFlow(row scanner) (f ledger.Flow, err error) {
	err = row.Scan(
		&f.ID,
		&f.Connection,
		&f.StateHash,
		&f.Status,
		column.Instant{To: &f.TakenAt},
		column.Instant{To: &f.CreatedAt},
		column.Instant{To: &f.ExpiresAt},
		&f.Issuer,
		&f.TokenEndpoint,
		&f.RedirectURI,
		&f.ReturnTo,
		column.Document{Of: &f.Cause},
		(*[]byte)(&f.Verifier),
		(*[]byte)(&f.AuthorizationURL),
	)
	return f, err
}
