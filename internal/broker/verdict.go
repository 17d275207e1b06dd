package broker

import (
	"context"
	"errors"
	"log/slog"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// renewalFailed draws the consequence of a failed renewal: it parks the
// client, parks the connection, or waits. It returns the error for the callers.
func (b *Broker) renewalFailed(ctx context.Context, a arrangement.Arrangement, current ledger.TokenSet, err error) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err // ours: it says itself what to do, and says nothing about the grant
	}
	cause := b.desk.Cause(a, refused)
	state, code := arrangement.Consequence(refused)
	shown := arrangement.CauseFault(code, a.Connection.Name, cause)
	shown.Cause = refused
	if claimsRefused(a, err) {
		return shown
	}
	b.snapshots.Drop(a.Connection.Name)
	if refused.ClientWide() {
		if err := b.desk.ParkClient(ctx, a.Client.Name, cause); err != nil {
			return err
		}
		return shown
	}
	if state == api.StateDegraded {
		b.backoff.Note(a.Connection.Name, shown, refused.RetryAfter, b.Now())
	}
	event := b.desk.Event(a.Connection.Name, ledger.EventRefreshFailed, map[string]string{"code": cause.Code, "title": cause.Title, "detail": cause.Detail})
	err = b.Store.SetState(ctx, a.Connection.Name, current.Generation, ledger.StateChange{State: state, Cause: cause}, event)
	if errors.Is(err, ledger.ErrStale) {
		b.Log.Info("a failed renewal was overtaken by a new token", slog.String("connection", a.Connection.Name))
	}
	return shown
}
