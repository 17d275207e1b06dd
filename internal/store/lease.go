package store

import (
	"context"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/column"
)

// AcquireLease gives the lease when nobody holds an unexpired one, and journals
// the attempt; else it returns the holder's lease and false. Fences come
// from one sequence for all connections, so that a connection made anew
// cannot meet the fences of its former self.
func (db *DB) AcquireLease(ctx context.Context, request ledger.LeaseRequest) (ledger.Lease, bool, error) {
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
				expires_at,
				generation,
				tries,
				begun_at
			) VALUES ($1, $2, $3, $4, $5, 1, $6)
			ON CONFLICT (connection) DO UPDATE SET
				owner      = excluded.owner,
				fence      = excluded.fence,
				expires_at = excluded.expires_at,
				generation = excluded.generation,
				tries      = CASE WHEN leases.generation = excluded.generation THEN leases.tries + 1 ELSE 1 END,
				begun_at   = CASE WHEN leases.generation = excluded.generation AND leases.tries > 0 THEN leases.begun_at ELSE excluded.begun_at END,
				salvage    = CASE WHEN leases.generation = excluded.generation AND leases.tries > 0 THEN leases.salvage END
			WHERE leases.expires_at <= $6
			   OR leases.owner = $7`,
			request.Connection,
			request.Owner,
			fence,
			column.Millis(request.Now.Add(request.TTL)),
			request.Generation,
			column.Millis(request.Now),
			request.Gone)
		if err != nil {
			return err
		}
		lease, err = scanLease(tx.QueryRowContext(ctx, `
			SELECT
				connection,
				owner,
				fence,
				expires_at,
				generation,
				tries,
				begun_at,
				salvage
			FROM leases
			WHERE connection = $1`, request.Connection))
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
			SET expires_at = 0,
			    tries      = $1,
			    salvage    = $2
			WHERE connection = $3
			  AND owner = $4
			  AND fence = $5`,
			lease.Tries,
			[]byte(lease.Salvage),
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
		column.Instant{To: &l.ExpiresAt},
		&l.Generation,
		&l.Tries,
		column.Instant{To: &l.BegunAt},
		(*[]byte)(&l.Salvage),
	)
	return l, err
}
