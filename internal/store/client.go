package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/column"
)

// PutClient inserts a client or replaces all of it but its CreatedAt.
func (db *DB) PutClient(ctx context.Context, c ledger.Client) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounClient, Name: c.Name}, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO clients (
				name,
				provider,
				client_id,
				token_endpoint_auth_method,
				created_at,
				updated_at,
				description,
				variables,
				allowed_hosts,
				cause,
				secret,
				learned,
				registration
			) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (name) DO UPDATE SET
				provider                   = excluded.provider,
				client_id                  = excluded.client_id,
				token_endpoint_auth_method = excluded.token_endpoint_auth_method,
				updated_at                 = excluded.updated_at,
				description                = excluded.description,
				variables                  = excluded.variables,
				allowed_hosts              = excluded.allowed_hosts,
				cause                      = excluded.cause,
				secret                     = excluded.secret,
				learned                    = excluded.learned,
				registration               = excluded.registration`,
			c.Name,
			c.Provider,
			c.ClientID,
			c.TokenEndpointAuthMethod,
			column.Millis(c.CreatedAt),
			column.Millis(c.UpdatedAt),
			c.Description,
			column.Document{Of: c.Variables},
			column.Document{Of: c.AllowedHosts},
			column.Document{Of: c.Cause},
			column.Sealed(c.Secret),
			column.Document{Of: c.Learned},
			column.Sealed(c.Registration))
		return err
	})
}

// Client returns a client by name.
func (db *DB) Client(ctx context.Context, name string) (ledger.Client, error) {
	var f clause.Filter
	f.And("name = ", name)
	found, err := db.findClients(ctx, f, 1)
	return only(found, err, "client", name)
}

// Clients returns a page of clients by name.
func (db *DB) Clients(ctx context.Context, page ledger.Page) ([]ledger.Client, error) {
	var f clause.Filter
	if page.After != "" {
		f.And("name > ", page.After)
	}
	return db.findClients(ctx, f, page.Limit)
}

// SetClientCause writes why the provider refuses the client; nil clears it.
func (db *DB) SetClientCause(ctx context.Context, name string, cause *api.Cause, now time.Time) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounClient, Name: name}, func(tx queryer) error {
		known, err := changed(ctx, tx, `
			UPDATE clients
			SET
				cause      = $1,
				updated_at = $2
			WHERE name = $3`,
			column.Document{Of: cause},
			column.Millis(now),
			name)
		if err == nil && !known {
			return unknown("client", name)
		}
		return err
	})
}

// SetClientLearned writes what was learned of a client, unless it was written
// since it was read.
func (db *DB) SetClientLearned(ctx context.Context, c ledger.Client, learned ledger.Learned) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounClient, Name: c.Name}, func(tx queryer) error {
		current, err := changed(ctx, tx, `
			UPDATE clients
			SET learned = $1
			WHERE name = $2 AND updated_at = $3`,
			column.Document{Of: learned},
			c.Name,
			column.Millis(c.UpdatedAt))
		if err == nil && !current {
			return fmt.Errorf("client %q: %w", c.Name, ledger.ErrStale)
		}
		return err
	})
}

// DeleteClient removes a client that no connection uses.
func (db *DB) DeleteClient(ctx context.Context, name string) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounClient, Name: name}, func(tx queryer) error {
		used, err := exists(ctx, tx, `SELECT 1 FROM connections WHERE client = $1 LIMIT 1`, name)
		if err != nil {
			return err
		}
		if used {
			return fmt.Errorf("client %q: %w", name, ledger.ErrInUse)
		}
		known, err := changed(ctx, tx, `DELETE FROM clients WHERE name = $1`, name)
		if err != nil && errors.Is(db.engine.judge(ctx, err), ledger.ErrNotFound) {
			// The foreign key speaks: another node has just made a connection of it.
			return fmt.Errorf("client %q: %w", name, ledger.ErrInUse)
		}
		if err == nil && !known {
			return unknown("client", name)
		}
		return err
	})
}

func (db *DB) findClients(ctx context.Context, f clause.Filter, limit int) ([]ledger.Client, error) {
	query := `
		SELECT
			name,
			provider,
			client_id,
			token_endpoint_auth_method,
			created_at,
			updated_at,
			description,
			variables,
			allowed_hosts,
			cause,
			secret,
			learned,
			registration
		FROM clients` + f.Where() + `
		ORDER BY name` + f.Limit(limit)
	return find(ctx, db, scanClient, query, f.Args()...)
}

func scanClient(row scanner) (c ledger.Client, err error) {
	err = row.Scan(
		&c.Name,
		&c.Provider,
		&c.ClientID,
		&c.TokenEndpointAuthMethod,
		column.Instant{To: &c.CreatedAt},
		column.Instant{To: &c.UpdatedAt},
		&c.Description,
		column.Document{Of: &c.Variables},
		column.Document{Of: &c.AllowedHosts},
		column.Document{Of: &c.Cause},
		(*[]byte)(&c.Secret),
		column.Document{Of: &c.Learned},
		(*[]byte)(&c.Registration),
	)
	return c, err
}
