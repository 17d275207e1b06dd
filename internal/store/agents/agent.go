package agents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/internal/agent"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
)

// separator is between the entries of a list; no entry holds a space.
const separator = " "

// maxFormer is how many replaced runs of an agent are remembered.
const maxFormer = 32

// CreateAgent inserts an agent; [ledger.ErrExists] when its name is taken.
func (d Desk) CreateAgent(ctx context.Context, a agent.Agent) error {
	err := d.DB.Publish(ctx, ledger.Change{Noun: ledger.NounAgent, Name: a.Name}, func(tx store.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO agents (
				name,
				hash,
				prefix,
				description,
				hosts,
				instance,
				former,
				created_at
			) VALUES ($1, $2, $3, $4, $5, '', '', $6)`,
			a.Name,
			a.Hash[:],
			a.Prefix,
			a.Description,
			strings.Join(a.Hosts, separator),
			a.CreatedAt.UnixMilli())
		return err
	})
	if errors.Is(err, ledger.ErrExists) {
		return fmt.Errorf("agent %q: %w", a.Name, ledger.ErrExists)
	}
	return err
}

const selectAgents = `
	SELECT
		name,
		hash,
		prefix,
		description,
		hosts,
		instance,
		former,
		created_at
	FROM agents`

// Agents returns all agents by name.
func (d Desk) Agents(ctx context.Context) (found []agent.Agent, err error) {
	err = d.DB.Snapshot(ctx, func(tx store.Tx) error {
		found, err = readAgents(ctx, tx, selectAgents+` ORDER BY name`)
		return err
	})
	return found, err
}

func readAgents(ctx context.Context, tx store.Tx, query string, args ...any) ([]agent.Agent, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []agent.Agent
	for rows.Next() {
		var a agent.Agent
		var hash []byte
		var hosts, former string
		var created int64
		if err := rows.Scan(&a.Name, &hash, &a.Prefix, &a.Description, &hosts, &a.Instance, &former, &created); err != nil {
			return nil, err
		}
		copy(a.Hash[:], hash)
		a.Hosts, a.Former, a.CreatedAt = strings.Fields(hosts), strings.Fields(former), time.UnixMilli(created).UTC()
		found = append(found, a)
	}
	return found, rows.Err()
}

// DeleteAgent removes an agent with its tunnels; [ledger.ErrNotFound] when there is none.
func (d Desk) DeleteAgent(ctx context.Context, name string) error {
	return d.DB.Publish(ctx, ledger.Change{Noun: ledger.NounAgent, Name: name}, func(tx store.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM agents WHERE name = $1`, name)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows > 0 {
			return err
		}
		return fmt.Errorf("agent %q: %w", name, ledger.ErrNotFound)
	})
}

// ClaimAgent makes a run of an agent's program the one that counts, unless it
// was replaced before: [ledger.ErrStale]. It reports whether that is new.
func (d Desk) ClaimAgent(ctx context.Context, name, instance string) (taken bool, err error) {
	found, err := d.find(ctx, name)
	if err != nil || found.Instance == instance {
		return false, err
	}
	err = d.DB.Publish(ctx, ledger.Change{Noun: ledger.NounAgent, Name: name}, func(tx store.Tx) error {
		taken = false
		all, err := readAgents(ctx, tx, selectAgents+` WHERE name = $1`, name)
		switch {
		case err != nil:
			return err
		case len(all) == 0:
			return fmt.Errorf("agent %q: %w", name, ledger.ErrNotFound)
		case slices.Contains(all[0].Former, instance):
			return fmt.Errorf("agent %q: %w", name, ledger.ErrStale)
		case all[0].Instance == instance:
			return nil
		}
		former := all[0].Former
		if all[0].Instance != "" {
			former = append(former, all[0].Instance)
		}
		former = former[max(0, len(former)-maxFormer):]
		taken = true
		_, err = tx.ExecContext(ctx, `
			UPDATE agents
			SET
				instance = $1,
				former   = $2
			WHERE name = $3`,
			instance,
			strings.Join(former, separator),
			name)
		return err
	})
	return taken && err == nil, err
}

func (d Desk) find(ctx context.Context, name string) (agent.Agent, error) {
	all, err := d.Agents(ctx)
	if err != nil {
		return agent.Agent{}, err
	}
	for _, a := range all {
		if a.Name == name {
			return a, nil
		}
	}
	return agent.Agent{}, fmt.Errorf("agent %q: %w", name, ledger.ErrNotFound)
}
