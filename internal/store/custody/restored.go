package custody

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
)

// Fence is the number of the last lease that was given: it grows with every
// renewal, and goes back only when an older database is put in place.
func (d Desk) Fence(ctx context.Context) (fence int64, err error) {
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT value FROM sequences WHERE name = 'fence'`).Scan(&fence)
	})
	return fence, err
}

// RaiseFence makes the next lease's number at least this one.
func (d Desk) RaiseFence(ctx context.Context, fence int64) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE sequences
			SET value = $1
			WHERE name = 'fence'
			  AND value < $1`, fence)
		return err
	})
}

// Suspect marks every connection whose refresh token may be spent, because the
// database is older than what happened: a person must confirm before it is
// sent. Connections under these providers, which never rotate, are not among
// them. Valid access tokens go on working. It returns how many there are.
func (d Desk) Suspect(ctx context.Context, steady []string, cause api.Cause, now time.Time) (marked int64, err error) {
	text, err := json.Marshal(cause)
	if err != nil {
		return 0, err
	}
	except := ""
	args := []any{string(text), now.UnixMilli()}
	for i, provider := range steady {
		args = append(args, provider)
		if i > 0 {
			except += ", "
		}
		except += fmt.Sprintf("$%d", len(args))
	}
	if except != "" {
		except = "\n  AND client NOT IN (SELECT name FROM clients WHERE provider IN (" + except + "))"
	}
	err = d.DB.Publish(ctx, ledger.Change{}, func(tx store.Tx) error {
		result, err := tx.ExecContext(ctx, `
			UPDATE connections
			SET
				state      = 'degraded',
				cause      = $1,
				due_at     = 0,
				updated_at = $2
			WHERE state IN ('active', 'degraded')
			  AND generation > 0
			  AND EXISTS (
				SELECT 1
				FROM token_sets
				WHERE token_sets.connection = connections.name
				  AND token_sets.generation = connections.generation
				  AND token_sets.refresh_token IS NOT NULL)`+except, args...)
		if err != nil {
			return err
		}
		marked, err = result.RowsAffected()
		return err
	})
	return marked, err
}
