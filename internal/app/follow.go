package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

// catchUpEvery is between two attempts to read again what another process changed.
const catchUpEvery = time.Second

// follow forgets what is in memory when another process changes it. What
// cannot be read again just now stays as it was, and is tried until it can:
// memory is then known to be old, but a database that is away stops nobody
// whose token is valid.
func (a *App) follow(ctx context.Context, changes <-chan ledger.Change) {
	late := time.NewTimer(catchUpEvery)
	late.Stop()
	defer late.Stop()
	for {
		change := ledger.Change{} // what was late may be anything
		select {
		case next, open := <-changes:
			if !open {
				return
			}
			change = next
		case <-late.C:
		}
		err := a.heed(ctx, change)
		if err == nil || ctx.Err() != nil {
			continue
		}
		a.config.Log.Warn("another process changed the database, and the change cannot be read yet", slog.Any("error", err))
		late.Reset(catchUpEvery)
	}
}

// heed forgets what a change made old.
func (a *App) heed(ctx context.Context, change ledger.Change) error {
	switch change.Noun {
	case ledger.NounConnection:
		a.broker.Invalidate(change.Name)
		return nil
	case ledger.NounClient:
		a.broker.Invalidate("")
		return nil
	case ledger.NounProvider:
		return a.broker.ReloadProviders(ctx)
	case ledger.NounKey:
		return a.keys.Reload(ctx)
	case ledger.NounAgent:
		return a.agents.Reload(ctx)
	case ledger.NounKeyring:
		return a.keyring.Reload(ctx)
	}
	// Reading comes first: only then is what tokens are served from let go.
	return errors.Join(a.keyring.Reload(ctx), a.keys.Reload(ctx), a.agents.Reload(ctx), a.broker.ReloadProviders(ctx))
}
