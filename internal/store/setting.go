package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Setting returns a sealed value of the installation.
func (db *DB) Setting(ctx context.Context, name string) (secret.Sealed, error) {
	found, err := find(ctx, db, scanSetting, `
		SELECT value
		FROM settings
		WHERE name = $1`, name)
	return only(found, err, "setting", name)
}

// CreateSetting writes a setting that does not exist yet.
func (db *DB) CreateSetting(ctx context.Context, name string, value secret.Sealed) error {
	err := db.update(ctx, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO settings (
				name,
				value
			) VALUES ($1, $2)`,
			name,
			[]byte(value))
		return err
	})
	if errors.Is(err, ledger.ErrExists) {
		return fmt.Errorf("setting %q: %w", name, err)
	}
	return err
}

func scanSetting(row scanner) (value secret.Sealed, err error) {
	err = row.Scan((*[]byte)(&value))
	return value, err
}
