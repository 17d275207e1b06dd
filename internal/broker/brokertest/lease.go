package brokertest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

func leaseChecks() []check {
	return []check{
		{"the first to ask gets it, the next is shown the holder", leaseHeld},
		{"of many that ask at once one gets it", leaseRace},
		{"it runs out at its end, with a higher fence for the next", leaseExpires},
		{"releasing it gives it free at once, with a higher fence", leaseReleased},
		{"only its holder can release it", leaseForeignRelease},
		{"leases of two connections do not touch each other", leaseApart},
		{"a holder saves with its fence", leaseSaves},
		{"a lease ends with the last save of its holder", leaseLast},
		{"a holder that stalled past the next lease is refused", leaseStalled},
		{"a fence that was never given is refused", leaseNever},
		{"an unknown connection has none", leaseUnknown},
		{"an attempt that was never closed is found by the next", leaseOpenAttempt},
		{"the lease of an owner that is gone is free, its attempt open", leaseOfTheGone},
		{"a closed attempt is forgotten, and so is one at another generation", leaseClosedAttempt},
	}
}

const ttl = 30 * time.Second

// acquire takes a lease that must be free.
func acquire(t *testing.T, s ledger.Store, connection, owner string, now time.Time) ledger.Lease {
	t.Helper()
	lease, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: connection, Owner: owner, Now: now, TTL: ttl})
	must(t, err)
	if !won {
		t.Fatalf("%s did not get the lease; %+v holds it", owner, lease)
	}
	return lease
}

func leaseHeld(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := acquire(t, s, "mail", "one", start())
	if first.Fence < 1 {
		t.Fatalf("fence is %d; 0 means that none is needed", first.Fence)
	}
	wantEqual(t, "lease", first, ledger.Lease{Connection: "mail", Owner: "one", Fence: first.Fence, ExpiresAt: start().Add(ttl),
		Attempt: ledger.Attempt{Tries: 1, BegunAt: start()}})
	for _, owner := range []string{"two", "one"} {
		shown, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: owner, Now: start().Add(ttl - time.Millisecond), TTL: ttl})
		must(t, err)
		if won {
			t.Fatalf("%s got a lease that is held", owner)
		}
		wantEqual(t, "lease shown", shown, first)
	}
}

func leaseRace(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, ok, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: fmt.Sprint("owner ", i), Now: start(), TTL: ttl})
			if err != nil {
				t.Errorf("unexpected error: %v", err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d got the lease at once", won.Load())
	}
}

func leaseExpires(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := acquire(t, s, "mail", "one", start())
	next := acquire(t, s, "mail", "two", first.ExpiresAt)
	if next.Fence <= first.Fence || next.Owner != "two" || !next.ExpiresAt.Equal(first.ExpiresAt.Add(ttl)) {
		t.Fatalf("the next lease is %+v after %+v", next, first)
	}
}

func leaseReleased(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := acquire(t, s, "mail", "one", start())
	must(t, s.ReleaseLease(t.Context(), first))
	next := acquire(t, s, "mail", "one", start())
	if next.Fence <= first.Fence {
		t.Fatalf("fence is %d after %d", next.Fence, first.Fence)
	}
	must(t, s.ReleaseLease(t.Context(), next))
	must(t, s.ReleaseLease(t.Context(), next))
}

func leaseForeignRelease(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := acquire(t, s, "mail", "one", start())
	held := acquire(t, s, "mail", "two", after(1))
	foreign, former := held, held
	foreign.Owner = "three"
	former.Fence = first.Fence
	for _, lease := range []ledger.Lease{first, foreign, former} {
		must(t, s.ReleaseLease(t.Context(), lease))
	}
	shown, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "four", Now: after(1), TTL: ttl})
	must(t, err)
	if won {
		t.Fatal("somebody else released the lease")
	}
	wantEqual(t, "holder", shown, held)
}

func leaseApart(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	mail := acquire(t, s, "mail", "one", start())
	files := acquire(t, s, "files", "one", start())
	must(t, s.ReleaseLease(t.Context(), files))
	save := saving("mail", 1)
	save.Fence = mail.Fence
	must(t, s.SaveTokenSet(t.Context(), save))
}

func leaseSaves(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	lease := acquire(t, s, "mail", "one", start())
	save := saving("mail", 2)
	save.Fence = lease.Fence
	must(t, s.SaveTokenSet(t.Context(), save))

	// Its end, and its release, do not matter while nobody else has got one.
	must(t, s.ReleaseLease(t.Context(), lease))
	save.Set = tokenSet("mail", 3)
	must(t, s.SaveTokenSet(t.Context(), save))
	wantEqual(t, "token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 3))
}

func leaseStalled(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	stalled := acquire(t, s, "mail", "one", start())
	next := acquire(t, s, "mail", "two", after(5))
	late := saving("mail", 2)
	late.Set.AccessToken = opaque("late")
	late.Fence = stalled.Fence
	wantError(t, s.SaveTokenSet(t.Context(), late), ledger.ErrStale)
	wantEqual(t, "token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 1))

	save := saving("mail", 2)
	save.Fence = next.Fence
	must(t, s.SaveTokenSet(t.Context(), save))
	wantEqual(t, "token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 2))
}

func leaseNever(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	other := acquire(t, s, "files", "one", start())
	for _, fence := range []int64{other.Fence, other.Fence + 1} {
		save := saving("mail", 1)
		save.Fence = fence
		wantError(t, s.SaveTokenSet(t.Context(), save), ledger.ErrStale)
	}
}

func leaseUnknown(t *testing.T, s ledger.Store) {
	_, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "nobody", Owner: "one", Now: start(), TTL: ttl})
	wantError(t, err, ledger.ErrNotFound)
	if won {
		t.Fatal("a lease of an unknown connection was given")
	}
	must(t, s.ReleaseLease(t.Context(), ledger.Lease{Connection: "nobody", Owner: "one", Fence: 1}))
}

// attempt takes a lease to renew a generation.
func attempt(t *testing.T, s ledger.Store, generation int64, now time.Time) ledger.Lease {
	t.Helper()
	lease, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "one", Generation: generation, Now: now, TTL: ttl})
	must(t, err)
	if !won {
		t.Fatalf("the lease is held: %+v", lease)
	}
	return lease
}

func leaseOpenAttempt(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := attempt(t, s, 3, start())
	wantEqual(t, "attempt", first.Attempt, ledger.Attempt{Generation: 3, Tries: 1, BegunAt: start()})
	// Its process ends without a word, or leaves what it could not read.
	second := attempt(t, s, 3, first.ExpiresAt)
	wantEqual(t, "attempt after a crash", second.Attempt, ledger.Attempt{Generation: 3, Tries: 2, BegunAt: start()})
	second.Salvage = opaque("unread")
	must(t, s.ReleaseLease(t.Context(), second))
	third := attempt(t, s, 3, first.ExpiresAt)
	wantEqual(t, "attempt after salvage", third.Attempt, ledger.Attempt{Generation: 3, Tries: 3, BegunAt: start(), Salvage: opaque("unread")})
}

func leaseOfTheGone(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := attempt(t, s, 3, start())
	request := ledger.LeaseRequest{Connection: "mail", Owner: "two", Gone: "somebody", Generation: 3, Now: after(0), TTL: ttl}
	if shown, won, err := s.AcquireLease(t.Context(), request); err != nil || won || shown.Owner != first.Owner {
		t.Fatalf("%+v %v %v: the lease of a living owner is given", shown, won, err)
	}
	request.Gone = first.Owner
	second, won, err := s.AcquireLease(t.Context(), request)
	must(t, err)
	if !won || second.Fence <= first.Fence || second.Tries != 2 {
		t.Fatalf("won %v: %+v", won, second)
	}
}

func leaseClosedAttempt(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := attempt(t, s, 3, start())
	first.Attempt = ledger.Attempt{Generation: 3}
	must(t, s.ReleaseLease(t.Context(), first))
	second := attempt(t, s, 3, after(1))
	wantEqual(t, "attempt after a closed one", second.Attempt, ledger.Attempt{Generation: 3, Tries: 1, BegunAt: after(1)})
	second.Salvage = opaque("unread")
	must(t, s.ReleaseLease(t.Context(), second))
	third := attempt(t, s, 4, after(2))
	wantEqual(t, "attempt at the next generation", third.Attempt, ledger.Attempt{Generation: 4, Tries: 1, BegunAt: after(2)})
}

func leaseLast(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := acquire(t, s, "mail", "one", start())
	save := saving("mail", 1)
	save.Fence, save.Last = first.Fence, true
	must(t, s.SaveTokenSet(t.Context(), save))
	second := acquire(t, s, "mail", "two", start())
	if second.Tries != 1 || second.Fence <= first.Fence {
		t.Fatalf("after the save of %+v the next is %+v", first, second)
	}
	late := saving("mail", 2)
	late.Fence, late.Last = first.Fence, true
	wantError(t, s.SaveTokenSet(t.Context(), late), ledger.ErrStale)
	_, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "three", Now: start(), TTL: ttl})
	if must(t, err); won {
		t.Fatal("a holder of before ended the lease of the next")
	}
}
