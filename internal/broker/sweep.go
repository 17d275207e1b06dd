package broker

import (
	"context"
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// parkedFor is how long a connection is left alone whose client the provider
// refuses: nothing changes before somebody writes the client.
const parkedFor = time.Hour

// Sweep renews a connection that is due, or puts it off where that is not
// called for. The error is of a provider that fails for now; the connection
// then stays put off as its claim left it.
func (b *Broker) Sweep(ctx context.Context, due ledger.Due) error {
	next, err := b.sweepOnce(ctx, due)
	switch code := fault.As(err).Code; {
	case err == nil:
	case code == api.CodeUnreachable || code == api.CodeUnavailable:
		return err
	default:
		next = &time.Time{} // a person must act, and the connection's state says so
	}
	if next == nil {
		return nil
	}
	return b.Store.PutOff(ctx, due.Connection, due.Generation, *next)
}

// ProviderOf names the provider of a client.
func (b *Broker) ProviderOf(ctx context.Context, client string) (string, error) {
	c, err := b.Store.Client(ctx, client)
	return c.Provider, ledger.Fault(err, "client", client)
}

// sweepOnce returns when to look again; nil when a new token set has come with
// its own time.
func (b *Broker) sweepOnce(ctx context.Context, due ledger.Due) (*time.Time, error) {
	a, err := b.desk.Arrange(ctx, due.Connection)
	if err != nil {
		return nil, err
	}
	set, err := b.Store.TokenSet(ctx, due.Connection)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return &time.Time{}, nil
	case err != nil:
		return nil, fault.Wrap(err, api.CodeUnavailable, "the token set cannot be read")
	case set.Generation != due.Generation:
		return nil, nil
	}
	now := b.Now()
	if a.Client.Cause != nil {
		later := now.Add(parkedFor)
		return &later, nil
	}
	if b.refusal(a, set) != nil || heldBack(a.Connection) != nil {
		return &time.Time{}, nil
	}
	keep := a.KeepAliveAt(set)
	used := a.Connection.LastUsedAt
	if recent, ok := b.used.at(due.Connection); ok {
		used = recent
	}
	if a.Idle(used, now) && (keep.IsZero() || now.Before(keep)) {
		return &keep, nil
	}
	if next := b.desk.DueAt(a, set); next.After(now) && !next.Equal(keep) {
		return &next, nil // claimed early: by a clock ahead of ours, or under an older description
	}
	_, err = b.renew(ctx, due.Connection, wish{generation: due.Generation})
	return nil, err
}
