package broker_test

import (
	"context"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/memory"
)

// unblock lets requests from now on through, while those before still wait.
func (s *authServer) unblock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = nil
}

// node opens a broker on the same store whose clock is off by so much, and
// that does this each time it waits.
func (h *harness) node(off time.Duration, waits func(context.Context, time.Duration) error) *broker.Broker {
	h.t.Helper()
	config := h.config
	config.Now = func() time.Time { return h.clock.Now().Add(off) }
	config.Sleep = waits
	b, err := broker.New(h.ctx, config)
	h.must(err)
	return b
}

func TestR02_NodesWhoseClocksAreTenMinutesApartRenewOnce(t *testing.T) {
	for _, off := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		t.Run(off.String(), func(t *testing.T) {
			h := newHarness(t)
			h.authorize("mail")
			h.clock.advance(2 * time.Hour)
			release := h.server.block(t)
			var looks atomic.Int64
			other := h.node(off, func(ctx context.Context, _ time.Duration) error {
				if looks.Add(1) == 5 {
					release() // five looks at a lease that is held, and no request
				}
				return shortest(ctx)
			})
			var both sync.WaitGroup
			renews := func(b *broker.Broker) {
				if got, err := b.Token(h.ctx, "mail", 0); err != nil || got.AccessToken != "at-2" {
					t.Errorf("got %v, %v", got, err)
				}
			}
			both.Go(func() { renews(h.Broker) })
			h.server.waitFor("refresh_token")
			both.Go(func() { renews(other) })
			both.Wait()
			if n := h.server.count("refresh_token"); n != 1 {
				t.Fatalf("%d refresh requests", n)
			}
		})
	}
}

func TestT02_AClockThatJumpsWhileAnotherNodeRenewsTakesNoLeaseAway(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	release := h.server.block(t)
	var jumps atomic.Int64
	config := h.config
	config.Now = func() time.Time { return h.clock.Now().Add(time.Duration(jumps.Load()) * 10 * time.Minute) }
	config.Sleep = func(ctx context.Context, _ time.Duration) error {
		switch jumps.Load() { // twice the clock is put ahead while it waits
		case 0:
			jumps.Store(1)
		case 1:
			jumps.Store(2)
			release()
		}
		return shortest(ctx)
	}
	other, err := broker.New(h.ctx, config)
	h.must(err)
	var both sync.WaitGroup
	both.Go(func() {
		if _, err := h.Token(h.ctx, "mail", 0); err != nil {
			t.Error(err)
		}
	})
	h.server.waitFor("refresh_token")
	both.Go(func() {
		if got, err := other.Token(h.ctx, "mail", 0); err != nil || got.AccessToken != "at-2" {
			t.Errorf("got %v, %v", got, err)
		}
	})
	both.Wait()
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d refresh requests", n)
	}
}

func TestR03_WhatAStalledHolderBringsLateIsDropped(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	release := h.server.block(t)
	late := make(chan error, 1)
	go func() {
		_, err := h.Token(h.ctx, "mail", 0)
		late <- err
	}()
	h.server.waitFor("refresh_token")
	h.server.unblock()
	began := h.clock.Now()
	other := h.node(0, func(ctx context.Context, d time.Duration) error {
		h.clock.advance(d)
		return ctx.Err()
	})
	token, err := other.Token(h.ctx, "mail", 0)
	h.must(err)
	if token.AccessToken != "at-3" {
		t.Fatalf("the node that took over got %q", token.AccessToken)
	}
	if waited := h.clock.Now().Sub(began); waited < 4*arrangement.TokenTimeout || waited > 5*arrangement.TokenTimeout {
		t.Fatalf("it waited %v for a lease of %v", waited, 4*arrangement.TokenTimeout)
	}
	release()
	h.must(<-late)
	h.wantToken("mail", "at-3") // the holder dropped at-2 and serves what is newer
	if got := h.state("mail").Generation; got != 2 {
		t.Fatalf("generation %d", got)
	}
}

// stallingStore stands still once it has given a lease.
type stallingStore struct {
	*memory.Store
	stall func()
}

func (s *stallingStore) AcquireLease(ctx context.Context, request ledger.LeaseRequest) (ledger.Lease, bool, error) {
	lease, won, err := s.Store.AcquireLease(ctx, request)
	if won && s.stall != nil {
		s.stall()
		s.stall = nil
	}
	return lease, won, err
}

func TestR03_AHolderThatStoodStillUntilItsLeaseWasOverSendsNothing(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	h.config.Store = &stallingStore{Store: h.store, stall: func() { h.clock.advance(2 * time.Minute) }}
	b := h.open()
	_, err := b.Token(h.ctx, "mail", 0)
	wantCode(t, err, api.CodeUnavailable)
	if n := h.server.count("refresh_token"); n != 0 {
		t.Fatalf("%d requests with a refresh token that another node may have spent", n)
	}
	token, err := b.Token(h.ctx, "mail", 0)
	h.must(err)
	if token.AccessToken != "at-2" {
		t.Fatalf("then the token is %q", token.AccessToken)
	}
}

// TestR06_AfterAnAnswerThatNeverCameNothingIsSentBlindly has a provider that
// rotates, gives no grace, and whose answer is lost on the way.
func TestR06_AfterAnAnswerThatNeverCameNothingIsSentBlindly(t *testing.T) {
	if arrangement.TokenTimeout < 30*time.Second {
		t.Errorf("a token request ends after %v; slow providers need 30 s", arrangement.TokenTimeout)
	}
	h := newHarness(t)
	h.rotates(api.TokenLife{Rotation: api.RotationSingleUse})
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	h.server.says(func(url.Values, int) (int, string) { panic(http.ErrAbortHandler) })
	_, err := h.Token(h.ctx, "mail", 0)
	wantCode(t, err, api.CodeUnreachable)
	h.wantState("mail", api.StateDegraded)
	for range 10 {
		_, err := h.Token(h.ctx, "mail", 0) // within the wait
		wantCode(t, err, api.CodeUnreachable)
	}
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d requests, want the one whose answer was lost", n)
	}
	h.server.says(taking())
	h.clock.advance(time.Hour)
	failed := wantCode(t, h.refresh(), api.CodeNeedsAuthorization)
	if cause := h.wantState("mail", api.StateNeedsAuthorization).Cause; cause.Code != "outcome_unknown" {
		t.Fatalf("the cause is %+v, the error %v", cause, failed)
	}
}

// TestR02_ANodeThatDiesWithItsMachineIsNotNoticedWhileTheTokenIsValid has a
// lease that nobody gives back, and whose holder nobody can look up.
func TestR02_ANodeThatDiesWithItsMachineIsNotNoticedWhileTheTokenIsValid(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail") // for an hour: renewed from five minutes before its end
	h.clock.advance(56 * time.Minute)
	_, won, err := h.store.AcquireLease(h.ctx, ledger.LeaseRequest{Connection: "mail", Owner: "elsewhere/1", Generation: 1, Now: h.clock.Now(), TTL: time.Hour})
	h.must(err)
	if !won {
		t.Fatal("the lease is held")
	}
	began := h.clock.Now()
	other := h.node(0, func(ctx context.Context, d time.Duration) error {
		h.clock.advance(d)
		return ctx.Err()
	})
	token, err := other.Token(h.ctx, "mail", 0)
	if err != nil || token.AccessToken != "at-1" {
		t.Fatalf("a caller gets %q: %v", token.AccessToken, err)
	}
	h.must(other.Close(h.ctx)) // waits for the renewal behind the caller's back
	if took := h.clock.Now().Sub(began); took < 2*time.Minute || took > 3*time.Minute {
		t.Errorf("the lease was taken over after %v, want two minutes", took)
	}
	token, err = other.Token(h.ctx, "mail", 0)
	if err != nil || token.AccessToken != "at-2" || h.server.count("refresh_token") != 1 {
		t.Fatalf("then the token is %q: %v", token.AccessToken, err)
	}
}
