package custody

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/internal/store"
)

// Empty reports whether nobody has arranged anything in this database yet.
func (d Desk) Empty(ctx context.Context) (empty bool, err error) {
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		empty = true
		for _, table := range []string{"access_keys", "agents", "providers", "clients", "connections", "operators"} {
			found, err := names(ctx, tx, `SELECT name FROM `+table+` LIMIT 1`)
			if err != nil {
				return err
			}
			empty = empty && len(found) == 0
		}
		return nil
	})
	return empty, err
}

// Load replaces everything by what a source brings, in one transaction. The
// source gives each table before its rows; what else it does within, such as
// putting the keyring in place, it does through the Loader.
func (d Desk) Load(ctx context.Context, source func(*Loader) error) error {
	return d.DB.Exclusive(ctx, func(tx store.Tx) error {
		gone := append(Passing(), Tables()...)
		slices.Reverse(gone)
		for _, table := range gone {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table); err != nil {
				return err
			}
		}
		l := &Loader{ctx: ctx, tx: tx}
		if err := source(l); err != nil {
			return err
		}
		return l.complete()
	})
}

// Loader is a [Sink] that writes rows into the database.
type Loader struct {
	ctx    context.Context
	tx     store.Tx
	table  Table
	insert string
}

// Table begins a table. Columns that this program knows and the dump does not
// keep their defaults.
func (l *Loader) Table(t Table) error {
	if !slices.Contains(Tables(), t.Name) {
		return fmt.Errorf("the table %q is not one of a backup", t.Name)
	}
	rows, err := l.tx.QueryContext(l.ctx, `SELECT * FROM `+t.Name+` WHERE 1 = 0`)
	if err != nil {
		return err
	}
	known, err := rows.Columns()
	if closeErr := rows.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	marks := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		if !slices.Contains(known, column) {
			return fmt.Errorf("the table %s has no column %q", t.Name, column)
		}
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	l.table = t
	l.insert = "INSERT INTO " + t.Name + " (" + strings.Join(t.Columns, ", ") + ") VALUES (" + strings.Join(marks, ", ") + ")"
	return nil
}

// Row writes one row of the table that was begun last.
func (l *Loader) Row(values []any) error {
	if len(values) != len(l.table.Columns) {
		return fmt.Errorf("a row of %s has %d values", l.table.Name, len(values))
	}
	_, err := l.tx.ExecContext(l.ctx, l.insert, values...)
	return err
}

// PutSetting writes a setting, whether or not it is there.
func (l *Loader) PutSetting(name string, value []byte) error {
	_, err := l.tx.ExecContext(l.ctx, `
		INSERT INTO settings (
			name,
			value
		) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET
			value = excluded.value`, name, value)
	return err
}

// complete adds the sequences that an older dump did not have yet, and ends
// leases: whoever held them is not here.
func (l *Loader) complete() error {
	for _, sequence := range []string{"event", "fence", "audit"} {
		_, err := l.tx.ExecContext(l.ctx, `
			INSERT INTO sequences (
				name,
				value
			) VALUES ($1, 0)
			ON CONFLICT (name) DO NOTHING`, sequence)
		if err != nil {
			return err
		}
	}
	_, err := l.tx.ExecContext(l.ctx, `UPDATE leases SET expires_at = 0`)
	return err
}
