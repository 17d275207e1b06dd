package custody

import (
	"context"
	"fmt"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
)

// Setting returns a value of the installation, or [ledger.ErrNotFound].
func (d Desk) Setting(ctx context.Context, name string) (secret.Sealed, error) {
	return d.DB.Setting(ctx, name)
}

// CreateSetting writes one that does not exist; [ledger.ErrExists] when it does.
func (d Desk) CreateSetting(ctx context.Context, name string, value secret.Sealed) error {
	return d.DB.CreateSetting(ctx, name, value)
}

// SwapSetting replaces a value while it is still the old one, and tells other
// processes; else [ledger.ErrStale].
func (d Desk) SwapSetting(ctx context.Context, name string, old, value secret.Sealed) error {
	return d.DB.Publish(ctx, ledger.Change{Noun: ledger.NounKeyring, Name: name}, func(tx store.Tx) error {
		won, err := hits(ctx, tx, `
			UPDATE settings
			SET value = $1
			WHERE name = $2
			  AND value = $3`,
			[]byte(value),
			name,
			[]byte(old))
		if err == nil && !won {
			return fmt.Errorf("setting %q: %w", name, ledger.ErrStale)
		}
		return err
	})
}

// DropSetting removes a value; one that is not there is no error.
func (d Desk) DropSetting(ctx context.Context, name string) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM settings WHERE name = $1`, name)
		return err
	})
}

// hits runs a statement and reports whether it changed a row.
func hits(ctx context.Context, tx store.Tx, query string, args ...any) (bool, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
}
