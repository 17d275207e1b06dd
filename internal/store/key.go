package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/column"
)

// CreateKey inserts a key.
func (db *DB) CreateKey(ctx context.Context, k access.Key) error {
	err := db.publish(ctx, ledger.Change{Noun: ledger.NounKey, Name: k.Name}, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO access_keys (
				name,
				hash,
				prefix,
				role,
				connections,
				expires_at,
				last_used_at,
				created_at
			) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			k.Name,
			k.Hash[:],
			k.Prefix,
			string(k.Role),
			column.Document{Of: k.Connections},
			column.Millis(k.ExpiresAt),
			column.Millis(k.LastUsedAt),
			column.Millis(k.CreatedAt))
		return err
	})
	if errors.Is(err, ledger.ErrExists) {
		return fmt.Errorf("key %q: %w", k.Name, access.ErrExists)
	}
	return err
}

// Keys returns all keys by name.
func (db *DB) Keys(ctx context.Context) ([]access.Key, error) {
	return find(ctx, db, scanKey, `
		SELECT
			name,
			hash,
			prefix,
			role,
			connections,
			expires_at,
			last_used_at,
			created_at
		FROM access_keys
		ORDER BY name`)
}

// DeleteKey removes a key.
func (db *DB) DeleteKey(ctx context.Context, name string) error {
	return db.publish(ctx, ledger.Change{Noun: ledger.NounKey, Name: name}, func(tx queryer) error {
		known, err := changed(ctx, tx, `DELETE FROM access_keys WHERE name = $1`, name)
		if err == nil && !known {
			return fmt.Errorf("key %q: %w", name, access.ErrNotFound)
		}
		return err
	})
}

// TouchKeys records when keys were last used. A time before the one known,
// and a name that is unknown, change nothing.
func (db *DB) TouchKeys(ctx context.Context, usedAt map[string]time.Time) error {
	return db.touch(ctx, usedAt, `
		UPDATE access_keys
		SET last_used_at = $1
		WHERE name = $2
		  AND last_used_at < $1`)
}

func scanKey(row scanner) (k access.Key, err error) {
	var hash []byte
	err = row.Scan(
		&k.Name,
		&hash,
		&k.Prefix,
		&k.Role,
		column.Document{Of: &k.Connections},
		column.Instant{To: &k.ExpiresAt},
		column.Instant{To: &k.LastUsedAt},
		column.Instant{To: &k.CreatedAt},
	)
	copy(k.Hash[:], hash)
	return k, err
}
