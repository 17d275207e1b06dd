package broker

import (
	"context"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

const (
	// leaseLife outlives a token request with its confirmation, and the save that follows.
	leaseLife = 4 * arrangement.TokenTimeout
	// clockSkew is how far the clocks of nodes may be apart. Within it no clock
	// ends a lease: whoever waits must have seen it unchanged for leaseLife,
	// counted in its own looks, for its clock may jump meanwhile.
	clockSkew = 30 * time.Minute
	// leasePoll is how often a loser of the lease looks for the winner's result.
	leasePoll = 100 * time.Millisecond
)

// holder is who has the lease that one waits for, and how long that was waited.
type holder struct {
	fence  int64
	waited time.Duration
}

// lease waits for the right to renew; nil says that whoever had it
// before has renewed already: one never waits on the provider, only on the generation.
//
// A lease is over when its holder gives it back, when the holder's process is
// known to have ended, or when it stood unchanged for leaseLife on the watch of
// the one that waits. The stored end decides only about leases that nobody
// waited for: by then clocks do not matter.
func (b *Broker) lease(ctx context.Context, connection string, generation int64) (*renewal, error) {
	random, err := oauth.NewState(b.Rand)
	if err != nil {
		return nil, err
	}
	owner, gone := b.Process+"#"+random, ""
	var seen holder
	for {
		began := b.Now()
		lease, won, err := b.Store.AcquireLease(ctx, ledger.LeaseRequest{
			Connection: connection, Owner: owner, Gone: gone, Generation: generation, Now: began, TTL: leaseLife + clockSkew,
		})
		if err != nil {
			return nil, ledger.Fault(err, "connection", connection)
		}
		if won {
			return &renewal{lease: &lease, began: began}, nil
		}
		if seen.fence != lease.Fence {
			seen = holder{fence: lease.Fence}
		}
		if gone != lease.Owner && (b.ended(lease) || seen.waited >= leaseLife) {
			gone = lease.Owner // nobody finishes what it began, or too late
			continue
		}
		if err := b.Sleep(ctx, leasePoll); err != nil {
			return nil, err
		}
		seen.waited += leasePoll
		current, err := b.desk.CurrentTokenSet(ctx, connection)
		if err != nil {
			return nil, err
		}
		if current.Generation > generation {
			return nil, nil
		}
	}
}

// ended reports whether the process that took a lease was killed.
func (b *Broker) ended(lease ledger.Lease) bool {
	process, _, _ := strings.Cut(lease.Owner, "#")
	return b.Gone(process)
}

// hasTime reports whether a renewal has this much of its lease left. A process
// that stood still, or a machine that slept, may show it on either clock only.
func (b *Broker) hasTime(r renewal, need time.Duration) bool {
	now := b.Now()
	gone := max(now.Sub(r.began), now.Round(0).Sub(r.began.Round(0)))
	return gone+need < leaseLife
}

// stalled is for a renewal that stood still until its lease was nearly over:
// another node may have the refresh token by now.
func stalled(connection string) error {
	return fault.New(api.CodeUnavailable, "the renewal of connection %q stood still for too long and was not sent", connection).
		WithHint("try again: nothing was spent")
}
