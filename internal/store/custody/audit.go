package custody

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/store"
)

// auditRows is how many entries one statement adds.
const auditRows = 50

// AppendAudit adds entries to the audit trail, in their order.
func (d Desk) AppendAudit(ctx context.Context, entries []api.AuditEntry) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		last, err := store.NextIDs(ctx, tx, "audit", len(entries))
		if err != nil {
			return err
		}
		for left := entries; len(left) > 0; {
			n := 1 // what is left over one by one: two statements are compiled, not fifty
			if len(left) >= auditRows {
				n = auditRows
			}
			if err := appendAudit(ctx, tx, last-int64(len(left)), left[:n]); err != nil {
				return err
			}
			left = left[n:]
		}
		return nil
	})
}

// appendAudit adds entries with the numbers after this one.
func appendAudit(ctx context.Context, tx store.Tx, id int64, entries []api.AuditEntry) error {
	var places []string
	var values []any
	for _, e := range entries {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		id++
		n := len(values)
		places = append(places, fmt.Sprintf("($%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+6))
		values = append(values, id, e.At.UnixMilli(), e.Actor, e.Action, e.Subject, string(detail))
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO audit (
			id,
			happened_at,
			actor,
			action,
			subject,
			detail
		) VALUES `+strings.Join(places, ", "), values...)
	return err
}

// Audit returns entries, newest first.
func (d Desk) Audit(ctx context.Context, filter api.AuditFilter) (found []api.AuditEntry, err error) {
	where, args := []string{"1 = 1"}, []any{}
	and := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if filter.Actor != "" {
		and("actor = $%d", filter.Actor)
	}
	if filter.Subject != "" {
		and("subject = $%d", filter.Subject)
	}
	if filter.Action != "" { // a beginning: no action holds the last character there is
		and("action >= $%d", filter.Action)
		and("action < $%d", filter.Action+"\U0010FFFF")
	}
	if !filter.Since.IsZero() {
		and("happened_at >= $%d", filter.Since.UnixMilli())
	}
	if filter.Before > 0 {
		and("id < $%d", filter.Before)
	}
	query := `
		SELECT
			id,
			happened_at,
			actor,
			action,
			subject,
			detail
		FROM audit
		WHERE ` + strings.Join(where, "\n  AND ") + `
		ORDER BY id DESC`
	if filter.Limit > 0 {
		args = append(args, filter.Limit)
		query += fmt.Sprintf("\nLIMIT $%d", len(args))
	}
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		found, err = readAudit(ctx, tx, query, args)
		return err
	})
	return found, err
}

func readAudit(ctx context.Context, tx store.Tx, query string, args []any) (found []api.AuditEntry, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e api.AuditEntry
		var at int64
		var detail string
		if err := rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Subject, &detail); err != nil {
			return nil, err
		}
		e.At = time.UnixMilli(at).UTC()
		if err := json.Unmarshal([]byte(detail), &e.Detail); err != nil {
			return nil, err
		}
		found = append(found, e)
	}
	return found, rows.Err()
}

// pruneBatch bounds what one transaction removes, so that writers wait for it
// no longer than for another.
const pruneBatch = 5000

// Keep says what is removed.
type Keep struct {
	Events time.Time // events before this
	PerOne int64     // events of one connection beyond so many
	Audit  time.Time // audit entries before this
}

// Prune removes what is older than is kept, a batch at a time.
func (d Desk) Prune(ctx context.Context, keep Keep) error {
	err := d.removeAll(ctx, `
		DELETE FROM events
		WHERE id IN (
			SELECT id
			FROM events
			WHERE happened_at < $1
			LIMIT $2)`, keep.Events.UnixMilli(), pruneBatch)
	if err != nil {
		return err
	}
	err = d.removeAll(ctx, `
		DELETE FROM audit
		WHERE id IN (
			SELECT id
			FROM audit
			WHERE happened_at < $1
			LIMIT $2)`, keep.Audit.UnixMilli(), pruneBatch)
	if err != nil {
		return err
	}
	return d.pruneMany(ctx, keep.PerOne)
}

// pruneMany removes the oldest events of connections that have more than limit.
func (d Desk) pruneMany(ctx context.Context, limit int64) error {
	var many []string
	err := d.DB.Snapshot(ctx, func(tx store.Tx) (err error) {
		many, err = names(ctx, tx, `
			SELECT connection
			FROM events
			GROUP BY connection
			HAVING COUNT(*) > $1`, limit)
		return err
	})
	if err != nil {
		return err
	}
	for _, connection := range many {
		err := d.removeAll(ctx, `
			DELETE FROM events
			WHERE id IN (
				SELECT id
				FROM events
				WHERE connection = $1
				  AND id <= (SELECT id FROM events WHERE connection = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)
				LIMIT $3)`, connection, limit, pruneBatch)
		if err != nil {
			return err
		}
	}
	return nil
}

// names reads a column of text.
func names(ctx context.Context, tx store.Tx, query string, args ...any) (found []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		found = append(found, name)
	}
	return found, rows.Err()
}

// removeAll runs a statement that removes a batch until nothing is left.
func (d Desk) removeAll(ctx context.Context, query string, args ...any) error {
	for {
		removed := false
		err := d.DB.Update(ctx, func(tx store.Tx) (err error) {
			removed, err = hits(ctx, tx, query, args...)
			return err
		})
		if err != nil || !removed {
			return err
		}
	}
}
