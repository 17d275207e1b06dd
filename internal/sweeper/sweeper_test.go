package sweeper_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/sweeper"
)

// fake is a store and a broker: connections "provider/n" that are due, and
// what became of them.
type fake struct {
	mu      sync.Mutex
	due     map[string]time.Time
	renewed []string
	now     map[string]int // in progress, by provider
	most    map[string]int
	down    map[string]bool
	slow    map[string]chan struct{}
	claims  int
	putOffs int // writes
}

func newFake() *fake {
	return &fake{due: map[string]time.Time{}, now: map[string]int{}, most: map[string]int{}, down: map[string]bool{}, slow: map[string]chan struct{}{}}
}

// set changes what the fake does.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) add(provider string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range n {
		f.due[fmt.Sprintf("%s/%05d", provider, i)] = time.Now()
	}
}

func (f *fake) ClaimDue(_ context.Context, now, until time.Time, limit int) (due []ledger.Due, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claims++
	if f.down["store"] {
		return nil, errors.New("the database is away")
	}
	for name, at := range f.due {
		if len(due) < limit && !at.After(now) {
			due = append(due, ledger.Due{Connection: name, Client: name, Generation: 1})
			f.due[name] = until
		}
	}
	return due, nil
}

func (f *fake) PutOffAll(_ context.Context, due []ledger.Due, at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.putOffs++
	for _, d := range due {
		f.due[d.Connection] = at
	}
	return nil
}

func (f *fake) ProviderOf(_ context.Context, client string) (string, error) {
	provider, _, _ := strings.Cut(client, "/")
	return provider, nil
}

func (f *fake) Sweep(_ context.Context, due ledger.Due) error {
	provider, _, _ := strings.Cut(due.Connection, "/")
	f.mu.Lock()
	f.now[provider]++
	f.most[provider] = max(f.most[provider], f.now[provider])
	down, slow := f.down[provider], f.slow[provider]
	f.mu.Unlock()
	if slow != nil {
		<-slow
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now[provider]--
	f.renewed = append(f.renewed, due.Connection)
	if down {
		return errors.New("down")
	}
	delete(f.due, due.Connection)
	return nil
}

func (f *fake) count(provider string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, name := range f.renewed {
		if strings.HasPrefix(name, provider+"/") {
			n++
		}
	}
	return n
}

// run sweeps in a bubble whose time is fake, and stops before the bubble ends.
func run(t *testing.T, limits sweeper.Limits, check func(f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := sweeper.Sweeper{Store: f, Broker: f, Limits: limits, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		ticker := time.NewTicker(sweeper.Every)
		defer ticker.Stop()
		done := make(chan struct{})
		go func() { defer close(done); s.Run(ctx, ticker.C) }()
		check(f)
		stop()
		<-done
	})
}

// pass lets some of the bubble's time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestR14WhatIsDueIsRenewedOnceAndAProviderIsNotFlooded(t *testing.T) {
	run(t, sweeper.Limits{Concurrency: 4}, func(f *fake) {
		f.add("contoso", 3000)
		pass(time.Minute)
		var names []string
		f.set(func() { names = slices.Clone(f.renewed) })
		slices.Sort(names)
		if len(names) != 3000 || len(slices.Compact(names)) != 3000 {
			t.Fatalf("%d renewals of 3000 connections", len(names))
		}
		f.set(func() {
			if f.most["contoso"] > 4 {
				t.Errorf("%d at once, want at most 4", f.most["contoso"])
			}
		})
	})
}

func TestThePaceAtAProviderIsHeld(t *testing.T) {
	run(t, sweeper.Limits{Concurrency: 1, Rate: 10}, func(f *fake) {
		f.add("contoso", 200)
		pass(10*time.Second + sweeper.Every)
		if n := f.count("contoso"); n < 95 || n > 112 {
			t.Fatalf("%d renewals in 10 s, want about 100", n)
		}
	})
}

func TestR14ASlowProviderHoldsUpItsOwnConnectionsOnly(t *testing.T) {
	run(t, sweeper.Limits{Concurrency: 2}, func(f *fake) {
		release := make(chan struct{})
		f.set(func() { f.slow["slow"] = release })
		f.add("slow", 6000)
		pass(2 * sweeper.Every)
		f.add("quick", 100)
		pass(time.Minute)
		if n := f.count("quick"); n != 100 {
			t.Fatalf("%d of 100 renewed beside a slow provider", n)
		}
		close(release)
	})
}

func TestR17WhileAProviderIsDownOneConnectionProbesAndNoneIsLost(t *testing.T) {
	run(t, sweeper.Limits{Concurrency: 4}, func(f *fake) {
		f.set(func() { f.down["contoso"] = true })
		f.add("contoso", 500)
		pass(2 * time.Hour)
		probes := f.count("contoso")
		if probes < 20 || probes > 80 {
			t.Fatalf("%d requests in two hours of outage", probes)
		}
		f.set(func() { f.down["contoso"] = false })
		pass(10 * time.Minute)
		f.set(func() {
			if left := len(f.due); left != 0 {
				t.Errorf("%d of 500 connections were not renewed after the outage", left)
			}
		})
	})
}

func TestAManyTimesFullLaneIsFilledAsItDrainsAndNotEachConnectionIsPutOffByItself(t *testing.T) {
	run(t, sweeper.Limits{Concurrency: 64, Rate: 2000}, func(f *fake) {
		f.add("contoso", 20_000)
		pass(20 * time.Second)
		if n := f.count("contoso"); n != 20_000 {
			t.Errorf("%d of 20000 renewed in 20 s at 2000 a second", n)
		}
		f.set(func() {
			if f.putOffs > 200 {
				t.Errorf("%d writes to put connections off", f.putOffs)
			}
		})
	})
}

func TestAStoreThatFailsIsAskedAgain(t *testing.T) {
	run(t, sweeper.Limits{Concurrency: 1}, func(f *fake) {
		f.set(func() { f.down["store"] = true })
		f.add("contoso", 1)
		pass(10 * sweeper.Every)
		f.set(func() {
			if f.claims < 9 {
				t.Errorf("%d claims", f.claims)
			}
		})
		f.set(func() { f.down["store"] = false })
		pass(2 * sweeper.Every)
		if f.count("contoso") != 1 {
			t.Fatal("not renewed")
		}
	})
}
