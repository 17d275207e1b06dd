package broker

import (
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Events returns what happened to a connection, newest first, with an ID below
// before (0: from the newest).
func (b *Broker) Events(ctx context.Context, connection string, before int64, limit int) ([]api.Event, error) {
	if _, err := b.Store.Connection(ctx, connection); err != nil {
		return nil, ledger.Fault(err, "connection", connection)
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
