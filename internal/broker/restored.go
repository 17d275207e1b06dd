package broker

import (
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// RestoredCause is the cause that such a connection shows. Its access token
// goes on working as long as it is valid.
func RestoredCause() api.Cause {
	return api.Cause{
		Code:   api.CauseRestored,
		Title:  "it came from a backup, and its refresh token may have been spent since",
		Remedy: "if nothing renewed it after the backup was taken: valetkey restore confirm NAME, or --all; else authorize it again: valetkey connect NAME",
	}
}

// heldBack refuses to renew what came from a backup; nil for anything else.
func heldBack(c ledger.Connection) error {
	if c.State != api.StateDegraded || c.Cause == nil || c.Cause.Code != api.CauseRestored {
		return nil
	}
	return arrangement.CauseFault(api.CodeNeedsConfiguration, c.Name, c.Cause)
}

// ConfirmRestored lets a connection that came from a backup be renewed again.
// For any other it is an [api.CodeConflict].
func (b *Broker) ConfirmRestored(ctx context.Context, name string) (api.Connection, error) {
	c, err := b.Store.Connection(ctx, name)
	if err != nil {
		return api.Connection{}, ledger.Fault(err, "connection", name)
	}
	if heldBack(c) == nil {
		return api.Connection{}, fault.New(api.CodeConflict, "the connection %q does not wait for a confirmation", name).
			WithHint("valetkey show %s", name)
	}
	event := b.desk.Event(name, ledger.EventChanged, map[string]string{"restored": "confirmed"})
	if err := b.Store.SetState(ctx, name, c.Generation, ledger.StateChange{State: api.StateActive}, event); err != nil {
		return api.Connection{}, err
	}
	b.snapshots.Drop(name)
	if err := b.Store.PutOff(ctx, name, c.Generation, b.Now()); err != nil {
		return api.Connection{}, err
	}
	return b.Connection(ctx, name)
}
