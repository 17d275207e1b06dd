package arrangement

import (
	"math/big"
	"time"

	"crypto/rand"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/ledger"
)

const (
	// maxSkew is the longest a token is renewed ahead of its expiry.
	maxSkew = 5 * time.Minute
	// shortestAhead is the shortest lifetime of a token that is renewed ahead of
	// need. Shorter ones would be renewed on and on for nobody.
	shortestAhead = time.Minute
	// idleLifetime is what is assumed of a provider that does not say when an
	// unused refresh token ends: short enough for nearly all of them.
	idleLifetime = 45 * 24 * time.Hour
	// oldestUse is how long after its last use a connection is still renewed
	// ahead of need; after that it is only kept alive.
	oldestUse = 7 * 24 * time.Hour
)

// Skew is how long before its expiry a token is renewed: as the provider's
// description says, else a tenth of the lifetime, at most five minutes.
func (a Arrangement) Skew(set ledger.TokenSet) time.Duration {
	if catalog.Patient(a.Described) {
		return 0
	}
	lifetime := set.ExpiresAt.Sub(set.ObtainedAt)
	if r := a.Provider.Provider.Refresh; r != nil && r.Skew > 0 {
		// Half the lifetime at the most, or each new token would be due at once.
		return min(time.Duration(r.Skew), lifetime/2)
	}
	return max(0, min(lifetime/10, maxSkew))
}

// life is what the provider documents of its refresh tokens.
func (a Arrangement) life() api.TokenLife {
	if a.Described.Refresh == nil {
		return api.TokenLife{}
	}
	return a.Described.Refresh.TokenLife
}

// GrantEndsAt is when a person must authorize again whatever happens; zero
// where the provider names no such limit.
func (a Arrangement) GrantEndsAt() time.Time {
	limit := time.Duration(a.life().AbsoluteLifetime)
	if limit == 0 || a.Connection.AuthorizedAt.IsZero() {
		return time.Time{}
	}
	return a.Connection.AuthorizedAt.Add(limit)
}

// KeepAliveAt is when a token set must be renewed at the latest so that its
// refresh token does not end for want of use: two thirds into that time. Zero:
// the grant has none, or obtains its tokens by itself.
func (a Arrangement) KeepAliveAt(set ledger.TokenSet) time.Time {
	if len(set.RefreshToken) == 0 || a.ByItself() {
		return time.Time{}
	}
	idle := time.Duration(a.life().IdleLifetime)
	if ends := set.RefreshExpiresAt; !ends.IsZero() && ends.After(set.ObtainedAt) {
		if said := ends.Sub(set.ObtainedAt); idle == 0 || said < idle {
			idle = said
		}
	}
	if idle == 0 {
		idle = idleLifetime
	}
	return set.ObtainedAt.Add(idle / 3 * 2)
}

// DueAt is when the sweeper looks at a new token set: shortly before callers
// would renew it, spread so that tokens of one minute do not all meet, or in
// time to keep its grant alive. Zero: never.
func (d *Desk) DueAt(a Arrangement, set ledger.TokenSet) time.Time {
	if !a.Renews(len(set.RefreshToken) > 0) {
		return time.Time{}
	}
	keep := a.KeepAliveAt(set)
	if set.ExpiresAt.IsZero() || set.ExpiresAt.Sub(set.ObtainedAt) < shortestAhead {
		return keep
	}
	skew := a.Skew(set)
	ahead := set.ExpiresAt.Add(-skew - d.spread(skew/2))
	if !keep.IsZero() && keep.Before(ahead) {
		return keep
	}
	return ahead
}

// spread is a random span below the limit.
func (d *Desk) spread(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	n, err := rand.Int(d.Rand, big.NewInt(int64(limit)))
	if err != nil {
		return limit / 2 // without randomness nothing is spread, and nothing is lost
	}
	return time.Duration(n.Int64())
}

// Idle reports whether a connection has not been used for so long that its
// token is not renewed ahead of need.
func (a Arrangement) Idle(usedAt, now time.Time) bool {
	latest := a.Connection.AuthorizedAt
	if usedAt.After(latest) {
		latest = usedAt
	}
	return now.Sub(latest) > oldestUse
}
