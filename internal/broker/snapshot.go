package broker

import (
	"context"
	"reflect"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// maxSnapshots bounds the connections held in memory.
const maxSnapshots = 5_000

// maxTargets bounds the clients of which a target is kept to be shared.
const maxTargets = 500

// snapshot is one connection as calls see it: immutable once made.
type snapshot struct {
	credential Credential
	refusal    *fault.Error // why no call can be made; nil when one can
	held       error        // why it is not renewed, while its token still works; nil: it may be
	renewable  bool
	patient    bool      // not renewed before it expires: the provider would refuse
	renewAt    time.Time // zero: never ahead of need
	deadAt     time.Time // zero: never; from then on the token is not used
}

func (b *Broker) snapshot(ctx context.Context, connection string) (*snapshot, error) {
	snap, epoch, known := b.snapshots.Get(connection)
	if known {
		return snap, nil
	}
	snap, err := b.readSnapshot(ctx, connection)
	if err != nil {
		return nil, err
	}
	b.snapshots.Put(connection, snap, epoch)
	return snap, nil
}

func (b *Broker) readSnapshot(ctx context.Context, connection string) (*snapshot, error) {
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return nil, err
	}
	set, err := b.desk.CurrentTokenSet(ctx, connection)
	if err != nil {
		return nil, err
	}
	refusal := b.refusal(a, set)
	called, err := a.Target()
	if err != nil {
		if refusal == nil && set.Generation > 0 {
			return nil, err
		}
		called = &target.Target{} // no call is made before there is a token, and it may bring what is missing
	}
	snap := &snapshot{
		refusal:   refusal,
		held:      heldBack(a.Connection),
		patient:   catalog.Patient(a.Described),
		renewable: a.Renews(len(set.RefreshToken) > 0),
		credential: Credential{
			Connection: connection,
			Generation: set.Generation,
			TokenType:  set.TokenType,
			Scope:      oauth.JoinScope(set.Scope, " "),
			ExpiresAt:  set.ExpiresAt,
			Target:     called,
			sealed:     set.AccessToken,
			bound:      proofKey{a.Connection.ProofKey},
			sealer:     b.Keyring,
			client:     a.Client.Name,
			clientKept: a.Client.Secret,
			outside:    b.Outside,
		},
	}
	if snap.credential.Bound() {
		snap.credential.Target = called.WithScheme(dpop.TokenType)
	}
	snap.credential.Target = b.shared(a.Client.Name, snap.credential.Target)
	if set.ExpiresAt.IsZero() {
		return snap, nil
	}
	skew := a.Skew(set)
	snap.renewAt = set.ExpiresAt.Add(-skew)
	// A token is not sent in the last moments of its life: it could die on the way.
	snap.deadAt = set.ExpiresAt.Add(-min(skew/2, 10*time.Second))
	return snap, nil
}

// shared gives the target of another connection of the client where it is the
// same as this one: it would take more memory than all the rest of a connection.
func (b *Broker) shared(client string, t *target.Target) *target.Target {
	known, at, ok := b.targets.Get(client)
	if ok && reflect.DeepEqual(known, t) {
		return known
	}
	b.targets.Put(client, t, at)
	return t
}

// refusal says why calls through a connection cannot be made, from its state.
func (b *Broker) refusal(a arrangement.Arrangement, set ledger.TokenSet) *fault.Error {
	c := a.Connection
	if a.Client.Cause != nil && c.State != api.StateRevoked {
		return arrangement.CauseFault(api.CodeNeedsConfiguration, c.Name, a.Client.Cause)
	}
	switch c.State {
	case api.StateNeedsAuthorization:
		return arrangement.CauseFault(api.CodeNeedsAuthorization, c.Name, c.Cause)
	case api.StateNeedsConfiguration:
		return arrangement.CauseFault(api.CodeNeedsConfiguration, c.Name, c.Cause)
	case api.StateBlocked:
		return arrangement.CauseFault(api.CodeBlocked, c.Name, c.Cause)
	case api.StateRevoked:
		return fault.New(api.CodeRevoked, "the connection %q was revoked", c.Name).
			WithHint("valetkey connect %s authorizes it anew", c.Name)
	}
	if set.Generation == 0 && a.OnCall() {
		return fault.New(api.CodeNeedsAuthorization, "the connection %q acts on behalf of its callers' users, and this call shows no user's token", c.Name).
			WithHint("send it in the header %s", onbehalf.Header)
	}
	if set.Generation == 0 && !a.Unattended() {
		return fault.New(api.CodeNeedsAuthorization, "the connection %q was never authorized", c.Name).
			WithHint("valetkey connect %s", c.Name)
	}
	return nil
}
