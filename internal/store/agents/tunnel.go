package agents

import (
	"context"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/agent"
	"github.com/valetkey/valetkey/internal/store"
)

// SaveTunnel writes that a node has a tunnel, and when it was last seen. One of
// an agent that was removed meanwhile is not written.
func (d Desk) SaveTunnel(ctx context.Context, t agent.Tunnel) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO agent_tunnels (
				agent,
				node,
				instance,
				version,
				address,
				allow,
				connected_at,
				seen_at
			)
			SELECT CAST($1 AS TEXT), $2, $3, $4, $5, $6, CAST($7 AS BIGINT), CAST($8 AS BIGINT)
			FROM agents
			WHERE name = $1
			ON CONFLICT (agent, node) DO UPDATE SET
				instance     = EXCLUDED.instance,
				version      = EXCLUDED.version,
				address      = EXCLUDED.address,
				allow        = EXCLUDED.allow,
				connected_at = EXCLUDED.connected_at,
				seen_at      = EXCLUDED.seen_at`,
			t.Agent,
			t.Node,
			t.Instance,
			t.Version,
			t.Address,
			strings.Join(t.Allow, separator),
			t.ConnectedAt.UnixMilli(),
			t.SeenAt.UnixMilli())
		return err
	})
}

// Tunnels returns what all nodes wrote, by agent and node.
func (d Desk) Tunnels(ctx context.Context) (found []agent.Tunnel, err error) {
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		found, err = readTunnels(ctx, tx)
		return err
	})
	return found, err
}

func readTunnels(ctx context.Context, tx store.Tx) ([]agent.Tunnel, error) {
	rows, err := tx.QueryContext(ctx, `
		SELECT
			agent,
			node,
			instance,
			version,
			address,
			allow,
			connected_at,
			seen_at
		FROM agent_tunnels
		ORDER BY agent, node`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []agent.Tunnel
	for rows.Next() {
		var t agent.Tunnel
		var allow string
		var connected, seen int64
		if err := rows.Scan(&t.Agent, &t.Node, &t.Instance, &t.Version, &t.Address, &allow, &connected, &seen); err != nil {
			return nil, err
		}
		t.Allow, t.ConnectedAt, t.SeenAt = strings.Fields(allow), time.UnixMilli(connected).UTC(), time.UnixMilli(seen).UTC()
		found = append(found, t)
	}
	return found, rows.Err()
}

// DropTunnel removes a tunnel that ended, unless a later one of the same node
// stands in its place.
func (d Desk) DropTunnel(ctx context.Context, t agent.Tunnel) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM agent_tunnels
			WHERE agent = $1
			  AND node = $2
			  AND connected_at <= $3`,
			t.Agent,
			t.Node,
			t.ConnectedAt.UnixMilli())
		return err
	})
}

// PruneTunnels removes those that no node has spoken of since.
func (d Desk) PruneTunnels(ctx context.Context, since time.Time) error {
	return d.DB.Update(ctx, func(tx store.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM agent_tunnels WHERE seen_at < $1`, since.UnixMilli())
		return err
	})
}
