package store

import (
	"context"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

// AcquireLease gives the lease to owner until now+ttl when nobody holds an
// unexpired one; else it returns the holder's lease and false. Fences come
// from one sequence for all connections, so that a connection made anew
// cannot meet the fences of its former self.
func (db *DB) AcquireLease(ctx context.Context, connection, owner string, now time.Time, ttl time.Duration) (ledger.Lease, bool, error) {
	var lease ledger.Lease
	var won bool
	err := db.update(ctx, func(tx queryer) error {
		fence, err := nextID(ctx, tx, "fence")
		if err != nil {
			return err
		}
		won, err = changed(ctx, tx, `
			INSERT INTO leases (
				connection,
				owner,
				fence,
				expires_at
			) VALUES ($1, $2, $3, $4)
			ON CONFLICT (connection) DO UPDATE SET
				owner      = excluded.owner,
				fence      = excluded.fence,
				expires_at = excluded.expires_at
			WHERE leases.expires_at <= $5`,
			connection,
			owner,
			fence,
			millis(now.Add(ttl)),
			millis(now))
		if err != nil {
			return err
		}
		lease, err = scanLease(tx.QueryRowContext(ctx, `
			SELECT
				connection,
				owner,
				fence,
				expires_at
			FROM leases
			WHERE connection = $1`, connection))
		return err
	})
	if err != nil {
		return ledger.Lease{}, false, err
	}
	return lease, won, nil
}

// ReleaseLease ends the lease if this owner and fence still hold it. The
// fence stays known, so that an older holder is still refused.
func (db *DB) ReleaseLease(ctx context.Context, lease ledger.Lease) error {
	return db.update(ctx, func(tx queryer) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE leases
			SET expires_at = 0
			WHERE connection = $1
			  AND owner = $2
			  AND fence = $3`,
			lease.Connection,
			lease.Owner,
			lease.Fence)
		return err
	})
}

func scanLease(row scanner) (l ledger.Lease, err error) {
	err = row.Scan(
		&l.Connection,
		&l.Owner,
		&l.Fence,
		instant{&l.ExpiresAt},
	)
	return l, err
}
