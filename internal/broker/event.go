package broker

import (
	"context"
	"log/slog"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Events returns what happened to a connection, newest first, with an ID below
// before (0: from the newest).
func (b *Broker) Events(ctx context.Context, connection string, before int64, limit int) ([]api.Event, error) {
	if _, err := b.Store.Connection(ctx, connection); err != nil {
		return nil, stored(err, "connection", connection)
	}
	found, err := b.Store.Events(ctx, connection, before, limit)
	if err != nil {
		return nil, err
	}
	events := make([]api.Event, len(found))
	for i, e := range found {
		events[i] = api.Event{ID: e.ID, At: e.At, Connection: e.Connection, Kind: e.Kind, Detail: e.Detail}
	}
	return events, nil
}

func (b *Broker) event(connection, kind string, detail map[string]string) ledger.Event {
	return ledger.Event{Connection: connection, At: b.Now(), Kind: kind, Detail: detail}
}

// note writes an event that goes with no other write. Losing it loses a line
// of history, so it is logged and not returned.
func (b *Broker) note(ctx context.Context, e ledger.Event) {
	if err := b.Store.AppendEvent(ctx, e); err != nil {
		b.Log.Warn("event not written", slog.String("connection", e.Connection), slog.String("kind", e.Kind), slog.Any("error", err))
	}
}
