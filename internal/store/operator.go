package store

import (
	"context"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/store/column"
)

// Operators returns all operators by name.
func (db *DB) Operators(ctx context.Context) ([]access.OperatorRecord, error) {
	return find(ctx, db, scanOperator, `
		SELECT
			name,
			password,
			created_at,
			updated_at
		FROM operators
		ORDER BY name`)
}

// PutOperator inserts an operator or replaces the password, and ends the
// operator's sessions.
func (db *DB) PutOperator(ctx context.Context, o access.OperatorRecord) error {
	return db.update(ctx, func(tx queryer) error { return putOperator(ctx, tx, o) })
}

// PutCode makes this the one code there is.
func (db *DB) PutCode(ctx context.Context, code access.Code) error {
	return db.update(ctx, func(tx queryer) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM operator_codes`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO operator_codes (
				hash,
				expires_at
			) VALUES ($1, $2)`,
			code.Hash[:],
			column.Millis(code.ExpiresAt))
		return err
	})
}

// RedeemCode puts an operator in exchange for a code, which ends.
func (db *DB) RedeemCode(ctx context.Context, hash [32]byte, o access.OperatorRecord) error {
	return db.update(ctx, func(tx queryer) error {
		good, err := changed(ctx, tx, `
			DELETE FROM operator_codes
			WHERE hash = $1
			  AND expires_at > $2`,
			hash[:],
			column.Millis(o.UpdatedAt))
		if err == nil && !good {
			return fmt.Errorf("code: %w", access.ErrNotFound)
		}
		if err != nil {
			return err
		}
		return putOperator(ctx, tx, o)
	})
}

func putOperator(ctx context.Context, tx queryer, o access.OperatorRecord) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO operators (
			name,
			password,
			created_at,
			updated_at
		) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET
			password   = excluded.password,
			updated_at = excluded.updated_at`,
		o.Name,
		o.Password,
		column.Millis(o.CreatedAt),
		column.Millis(o.UpdatedAt))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM operator_sessions WHERE operator = $1`, o.Name)
	return err
}

func scanOperator(row scanner) (o access.OperatorRecord, err error) {
	err = row.Scan(
		&o.Name,
		&o.Password,
		column.Instant{To: &o.CreatedAt},
		column.Instant{To: &o.UpdatedAt},
	)
	return o, err
}

// CreateSession inserts a session.
func (db *DB) CreateSession(ctx context.Context, s access.Session) error {
	return db.execute(ctx, `
		INSERT INTO operator_sessions (
			hash,
			operator,
			address,
			created_at,
			last_used_at,
			expires_at
		) VALUES ($1, $2, $3, $4, $5, $6)`,
		s.Hash[:],
		s.Operator,
		s.Address,
		column.Millis(s.CreatedAt),
		column.Millis(s.LastUsedAt),
		column.Millis(s.ExpiresAt))
}

// Session returns the session whose token has this hash.
func (db *DB) Session(ctx context.Context, hash [32]byte) (access.Session, error) {
	found, err := find(ctx, db, scanSession, `
		SELECT
			hash,
			operator,
			address,
			created_at,
			last_used_at,
			expires_at
		FROM operator_sessions
		WHERE hash = $1`, hash[:])
	if err == nil && len(found) == 0 {
		return access.Session{}, fmt.Errorf("session: %w", access.ErrNotFound)
	}
	if err != nil {
		return access.Session{}, err
	}
	return found[0], nil
}

// TouchSession records that a session was used.
func (db *DB) TouchSession(ctx context.Context, hash [32]byte, at time.Time) error {
	return db.execute(ctx, `
		UPDATE operator_sessions
		SET last_used_at = $1
		WHERE hash = $2
		  AND last_used_at < $1`, column.Millis(at), hash[:])
}

// DeleteSession ends a session.
func (db *DB) DeleteSession(ctx context.Context, hash [32]byte) error {
	return db.execute(ctx, `DELETE FROM operator_sessions WHERE hash = $1`, hash[:])
}

// DeleteSessionsOf ends all sessions of an operator.
func (db *DB) DeleteSessionsOf(ctx context.Context, operator string) error {
	return db.execute(ctx, `DELETE FROM operator_sessions WHERE operator = $1`, operator)
}

// DeleteSessions removes sessions that expired before the instant.
func (db *DB) DeleteSessions(ctx context.Context, before time.Time) error {
	return db.execute(ctx, `DELETE FROM operator_sessions WHERE expires_at < $1`, column.Millis(before))
}

// execute runs one statement in a transaction of its own.
func (db *DB) execute(ctx context.Context, query string, args ...any) error {
	return db.update(ctx, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

func scanSession(row scanner) (s access.Session, err error) {
	var hash []byte
	err = row.Scan(
		&hash,
		&s.Operator,
		&s.Address,
		column.Instant{To: &s.CreatedAt},
		column.Instant{To: &s.LastUsedAt},
		column.Instant{To: &s.ExpiresAt},
	)
	copy(s.Hash[:], hash)
	return s, err
}
