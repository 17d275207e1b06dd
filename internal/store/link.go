package store

import (
	"context"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/store/clause"
	"github.com/valetkey/valetkey/internal/store/column"
)

// CreateLink inserts a link.
func (db *DB) CreateLink(ctx context.Context, l link.Link) error {
	return db.execute(ctx, `
		INSERT INTO connect_links (
			id,
			hash,
			connection,
			status,
			flow,
			terms,
			progress,
			webhook_secret,
			due_at,
			created_at,
			expires_at,
			version
		) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		l.ID,
		l.Hash[:],
		l.Connection,
		string(l.Status),
		l.Flow,
		column.Document{Of: l.Terms},
		column.Document{Of: l.Progress},
		column.Sealed(l.WebhookSecret),
		column.Millis(l.DueAt),
		column.Millis(l.CreatedAt),
		column.Millis(l.ExpiresAt),
		l.Version)
}

// Link returns a link by ID.
func (db *DB) Link(ctx context.Context, id string) (link.Link, error) {
	var f clause.Filter
	f.And("id = ", id)
	found, err := db.findLinks(ctx, f, 1)
	return only(found, err, "link", id)
}

// LinkByHash returns the link whose address has a secret of this hash.
func (db *DB) LinkByHash(ctx context.Context, hash [32]byte) (link.Link, error) {
	var f clause.Filter
	f.And("hash = ", hash[:])
	found, err := db.findLinks(ctx, f, 1)
	return only(found, err, "link", "of this address")
}

// Links returns links, the newest first.
func (db *DB) Links(ctx context.Context, of link.Filter) ([]link.Link, error) {
	var f clause.Filter
	if of.Connection != "" {
		f.And("connection = ", of.Connection)
	}
	if of.Flow != "" {
		f.And("flow <> '' AND flow = ", of.Flow)
	}
	if of.Status != "" {
		f.And("status = ", string(of.Status))
	}
	if of.Trying {
		f.And("flow <> '' AND status = ", string(api.LinkOpened))
	}
	if !of.DueBy.IsZero() {
		f.And("due_at > 0 AND due_at <= ", column.Millis(of.DueBy))
	}
	if !of.ExpiredBy.IsZero() {
		f.And("status IN ('pending', 'opened', 'failed') AND expires_at <= ", column.Millis(of.ExpiredBy))
	}
	if of.Before != "" {
		f.And("id < ", of.Before)
	}
	return db.findLinks(ctx, f, of.Limit)
}

// SaveLink writes what may change of a link, if nobody did since it was read.
func (db *DB) SaveLink(ctx context.Context, l link.Link) error {
	return db.update(ctx, func(tx queryer) error {
		saved, err := changed(ctx, tx, `
			UPDATE connect_links
			SET
				status         = $1,
				flow           = $2,
				terms          = $3,
				progress       = $4,
				webhook_secret = $5,
				due_at         = $6,
				expires_at     = $7,
				version        = version + 1
			WHERE id = $8
			  AND version = $9`,
			string(l.Status),
			l.Flow,
			column.Document{Of: l.Terms},
			column.Document{Of: l.Progress},
			column.Sealed(l.WebhookSecret),
			column.Millis(l.DueAt),
			column.Millis(l.ExpiresAt),
			l.ID,
			l.Version)
		if err != nil || saved {
			return err
		}
		known, err := exists(ctx, tx, `SELECT 1 FROM connect_links WHERE id = $1`, l.ID)
		if err != nil {
			return err
		}
		if !known {
			return unknown("link", l.ID)
		}
		return fmt.Errorf("link %q: %w", l.ID, ledger.ErrStale)
	})
}

// DeleteLinks removes links that expired before the instant.
func (db *DB) DeleteLinks(ctx context.Context, before time.Time) error {
	return db.execute(ctx, `DELETE FROM connect_links WHERE expires_at < $1`, column.Millis(before))
}

func (db *DB) findLinks(ctx context.Context, f clause.Filter, limit int) ([]link.Link, error) {
	query := `
		SELECT
			id,
			hash,
			connection,
			status,
			flow,
			terms,
			progress,
			webhook_secret,
			due_at,
			created_at,
			expires_at,
			version
		FROM connect_links` + f.Where() + `
		ORDER BY id DESC` + f.Limit(limit)
	return find(ctx, db, scanLink, query, f.Args()...)
}

func scanLink(row scanner) (l link.Link, err error) {
	var hash []byte
	err = row.Scan(
		&l.ID,
		&hash,
		&l.Connection,
		&l.Status,
		&l.Flow,
		column.Document{Of: &l.Terms},
		column.Document{Of: &l.Progress},
		(*[]byte)(&l.WebhookSecret),
		column.Instant{To: &l.DueAt},
		column.Instant{To: &l.CreatedAt},
		column.Instant{To: &l.ExpiresAt},
		&l.Version,
	)
	copy(l.Hash[:], hash)
	return l, err
}
