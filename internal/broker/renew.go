package broker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/oauth"
)

// saveTries bounds the attempts to save a token set; between them the wait doubles.
const saveTries = 8

// Renew is called when the API refused the token of a generation. If that
// generation was renewed meanwhile, the newer one is returned as it is.
func (b *Broker) Renew(ctx context.Context, connection string, generation int64) (*Credential, error) {
	return b.renewRefused(ctx, connection, wish{generation: generation})
}

// wish is what a caller wants of a renewal: a later generation than this one.
type wish struct {
	generation int64
	claims     string // that an API's challenge names; "": none
}

func (b *Broker) renewRefused(ctx context.Context, connection string, want wish) (*Credential, error) {
	if subject, shown := onbehalf.Subject(ctx); shown {
		return b.onBehalf(ctx, connection, subject, want)
	}
	snap, err := b.snapshot(ctx, connection)
	if err != nil {
		return nil, err
	}
	if snap.refusal != nil {
		return nil, snap.refusal
	}
	if snap.credential.Generation > want.generation {
		return &snap.credential, nil
	}
	b.desk.Note(ctx, b.desk.Event(connection, ledger.EventRefused, nil))
	return b.renew(ctx, connection, want)
}

// Refresh renews a connection's token now, whatever its state, as long as it
// has something to renew with.
func (b *Broker) Refresh(ctx context.Context, connection string) (api.Connection, error) {
	set, err := b.desk.CurrentTokenSet(ctx, connection)
	if err != nil {
		return api.Connection{}, err
	}
	b.backoff.Forget(connection)
	if _, err := b.renew(ctx, connection, wish{generation: set.Generation}); err != nil {
		return api.Connection{}, err
	}
	return b.Connection(ctx, connection)
}

// renew is the one door. Callers that arrive together share one attempt; each
// waits only as long as its own context lets it, while the attempt itself goes
// on: a rotated token must be saved even when nobody waits for it.
func (b *Broker) renew(ctx context.Context, connection string, want wish) (*Credential, error) {
	if err := b.backoff.Refuse(connection, b.Now()); err != nil {
		return nil, err
	}
	if snap, _, known := b.snapshots.Get(connection); known && snap.held != nil {
		return nil, snap.held
	}
	result := b.startRenewal(ctx, connection, want)
	select {
	case r := <-result:
		if r.Err != nil {
			return nil, r.Err
		}
		credential := r.Val.(*Credential)
		return credential, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ctx.Err(), api.CodeUnreachable, "the token of connection %q is still being renewed", connection).
			WithHint("try again: the renewal goes on without you")
	}
}

// renewSoon renews in the background; its outcome shows in the connection's state.
func (b *Broker) renewSoon(ctx context.Context, connection string, want wish) {
	if b.backoff.Refuse(connection, b.Now()) == nil {
		b.startRenewal(ctx, connection, want)
	}
}

func (b *Broker) startRenewal(ctx context.Context, connection string, want wish) <-chan flightResult {
	detached := context.WithoutCancel(ctx)
	b.background.Add(1)
	result := make(chan flightResult, 1)
	flight := connection
	if want.claims != "" {
		flight += " " + want.claims // no name holds a space
	}
	go func() {
		defer b.background.Done()
		value, err, _ := b.flights.Do(flight, func() (any, error) { return b.renewOnce(detached, connection, want) })
		result <- flightResult{value, err}
	}()
	return result
}

// flightResult is how a shared renewal ended.
type flightResult struct {
	Val any
	Err error
}

// renewOnce renews unless somebody else did: another caller of this process
// before us, or another process that holds the lease.
func (b *Broker) renewOnce(ctx context.Context, connection string, want wish) (*Credential, error) {
	r, err := b.lease(ctx, connection, want.generation)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return b.reread(ctx, connection)
	}
	lease := r.lease
	// The journal counts this try already, should the process end here. Unless
	// its outcome stays unknown it is taken back.
	lease.Tries--
	defer b.endLease(ctx, r)
	// Read again: the row may have changed before the lease was ours.
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return nil, err
	}
	a.Claims = want.claims
	if err := heldBack(a.Connection); err != nil {
		return nil, err
	}
	current, err := b.desk.CurrentTokenSet(ctx, connection)
	if err != nil {
		return nil, err
	}
	if current.Generation > want.generation {
		return b.reread(ctx, connection)
	}
	r.a, r.current = a, current
	token, err := b.ask(ctx, *r)
	if errors.Is(err, errOvertaken) {
		return b.reread(ctx, connection)
	}
	if err != nil {
		if token.RefreshToken != "" {
			// A further request failed, and the grant moved on before it did.
			if err := b.saveRenewed(ctx, r, token, false); err != nil {
				return nil, err
			}
			current.Generation++
		}
		return nil, b.renewalFailed(ctx, a, current, err)
	}
	if err := b.saveRenewed(ctx, r, token, true); err != nil {
		return nil, err
	}
	lease.Attempt = ledger.Attempt{}
	b.backoff.Forget(connection)
	if a.Client.Cause != nil {
		if err := b.desk.ParkClient(ctx, a.Client.Name, nil); err != nil {
			return nil, err
		}
	}
	return b.reread(ctx, connection)
}

// endLease gives the lease back, unless the write that saved the token set did.
func (b *Broker) endLease(ctx context.Context, r *renewal) {
	if r.ended {
		return
	}
	if err := b.Store.ReleaseLease(ctx, *r.lease); err != nil {
		b.Log.Warn("lease not released; it ends by itself", slog.String("connection", r.lease.Connection), slog.Any("error", err))
	}
}

// reread drops what is in memory and reads the connection from the store.
func (b *Broker) reread(ctx context.Context, connection string) (*Credential, error) {
	b.snapshots.Drop(connection)
	snap, err := b.snapshot(ctx, connection)
	if err != nil {
		return nil, err
	}
	if snap.refusal != nil {
		return nil, snap.refusal
	}
	return &snap.credential, nil
}

// saveRenewed saves the new token set before anyone uses it. A store that
// fails is tried again: the provider may have rotated, and what it gave exists
// nowhere else. The last save of a renewal ends its lease in the same write,
// unless more is written under it: files and further tokens.
func (b *Broker) saveRenewed(ctx context.Context, r *renewal, token oauth.Token, last bool) error {
	a, current := r.a, r.current
	set, err := b.desk.SealToken(a, token, current)
	if err != nil {
		return err
	}
	save := ledger.TokenSave{
		Set:    set,
		Fence:  r.lease.Fence,
		Last:   last && a.Connection.Spec.TokenFile == "" && len(a.Sets()) == 0,
		Change: ledger.StateChange{State: api.StateActive, Cause: kept(a.Connection.Cause)},
		Keep:   b.desk.Keep(current, token),
		DueAt:  b.desk.DueAt(a, set),
		Event:  b.desk.Event(a.Connection.Name, ledger.EventRefreshed, arrangement.TokenDetail(token, set)),
	}
	b.desk.Gather(ctx, a, token, &save)
	wait := 50 * time.Millisecond
	for try := 1; ; try++ {
		err = b.Store.SaveTokenSet(ctx, save)
		if err == nil || errors.Is(err, ledger.ErrStale) || errors.Is(err, ledger.ErrNotFound) || try == saveTries {
			break
		}
		b.Log.Error("a renewed token is not saved yet", slog.String("connection", a.Connection.Name), slog.Int("try", try), slog.Any("error", err))
		if err := b.Sleep(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
	if err == nil {
		r.ended = save.Last
		b.desk.KeepFile(ctx, a, set)
		b.SaveSets(ctx, a, token)
	}
	if errors.Is(err, ledger.ErrStale) {
		// A new authorization, or a later lease, was faster: what is stored is newer.
		b.Log.Warn("a renewal came too late and was dropped", slog.String("connection", a.Connection.Name))
		return nil
	}
	return ledger.Fault(err, "connection", a.Connection.Name)
}
