package store

import (
	"context"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/column"
)

// PutProvider inserts a provider or replaces its document.
func (db *DB) PutProvider(ctx context.Context, name string, text []byte, now time.Time) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounProvider, Name: name}, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO providers (
				name,
				created_at,
				updated_at,
				document
			) VALUES ($1, $2, $2, $3)
			ON CONFLICT (name) DO UPDATE SET
				updated_at = excluded.updated_at,
				document   = excluded.document`,
			name,
			column.Millis(now),
			string(text))
		return err
	})
}

// Providers returns all documents by name.
func (db *DB) Providers(ctx context.Context) (map[string][]byte, error) {
	found, err := find(ctx, db, scanProvider, `
		SELECT
			name,
			document
		FROM providers`)
	if err != nil {
		return nil, err
	}
	documents := make(map[string][]byte, len(found))
	for _, p := range found {
		documents[p.name] = p.document
	}
	return documents, nil
}

// DeleteProvider removes a provider that no client uses.
func (db *DB) DeleteProvider(ctx context.Context, name string) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounProvider, Name: name}, func(tx queryer) error {
		known, err := changed(ctx, tx, `DELETE FROM providers WHERE name = $1`, name)
		if err != nil {
			return err
		}
		if !known {
			return unknown("provider", name)
		}
		used, err := exists(ctx, tx, `SELECT 1 FROM clients WHERE provider = $1 LIMIT 1`, name)
		if err == nil && used {
			return fmt.Errorf("provider %q: %w", name, ledger.ErrInUse)
		}
		return err
	})
}

type providerRow struct {
	name     string
	document []byte
}

func scanProvider(row scanner) (p providerRow, err error) {
	err = row.Scan(
		&p.name,
		&p.document,
	)
	return p, err
}
