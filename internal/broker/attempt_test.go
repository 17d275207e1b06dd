package broker_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// taking answers a refresh with a new pair when the refresh token is one of
// these, and else says that the grant has ended.
func taking(valid ...string) func(url.Values, int) (int, string) {
	return func(form url.Values, n int) (int, string) {
		for _, refresh := range valid {
			if form.Get("refresh_token") == refresh {
				return rotating(form, n)
			}
		}
		return 400, `{"error":"invalid_grant"}`
	}
}

// rotates gives the provider a rule of its refresh tokens.
func (h *harness) rotates(life api.TokenLife) {
	h.t.Helper()
	p, err := h.Provider(h.ctx, "fake")
	h.must(err)
	p.Refresh = &api.RefreshRules{TokenLife: life}
	_, err = h.PutProvider(h.ctx, "fake", p)
	h.must(err)
}

// crash begins a renewal as a process does that ends before it knows how it went.
func (h *harness) crash(generation int64) {
	h.t.Helper()
	_, won, err := h.store.AcquireLease(h.ctx, ledger.LeaseRequest{Connection: "mail", Owner: "gone", Generation: generation, Now: h.clock.Now(), TTL: time.Minute})
	h.must(err)
	if !won {
		h.t.Fatal("the lease is held")
	}
	h.clock.advance(2 * time.Minute)
}

func (h *harness) refresh() error {
	_, err := h.Refresh(h.ctx, "mail")
	return err
}

func TestR04AfterACrashTheSameRefreshTokenIsTriedAgain(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.crash(1)
	h.must(h.refresh()) // the request never left, or the provider has a grace window
	h.wantToken("mail", "at-2")
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
}

func TestR04AGrantLostInACrashSaysSoAndIsNotAskedForAgain(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(taking()) // the pair that nobody got replaced it
	h.crash(1)
	failed := wantCode(t, h.refresh(), api.CodeNeedsAuthorization)
	if !strings.Contains(failed.Message, "was lost") {
		t.Fatalf("the message is %q", failed.Message)
	}
	cause := h.wantState("mail", api.StateNeedsAuthorization).Cause
	if cause.Code != "outcome_unknown" || !strings.Contains(cause.Detail, "2026-11-21T09:00:00Z") || cause.Remedy != "valetkey connect mail" {
		t.Fatalf("the cause is %+v", cause)
	}
	before := h.server.count("refresh_token")
	_, err := h.Token(h.ctx, "mail", 0)
	wantCode(t, err, api.CodeNeedsAuthorization)
	if after := h.server.count("refresh_token"); after != before {
		t.Fatal("a dead grant was asked for again")
	}
}

func TestARefusalThatWouldEndAGrantIsConfirmedOnce(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	var refused bool
	h.server.says(func(form url.Values, n int) (int, string) {
		if !refused {
			refused = true
			return 400, `{"error":"invalid_grant"}` // a replica that does not know the token yet
		}
		return rotating(form, n)
	})
	h.must(h.refresh())
	h.wantState("mail", api.StateActive)
	if n := h.server.count("refresh_token"); n != 2 {
		t.Fatalf("%d requests, want 2", n)
	}
}

func TestADeadGrantIsAskedForTwiceAndNeverAgain(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(taking())
	wantCode(t, h.refresh(), api.CodeNeedsAuthorization)
	if cause := h.wantState("mail", api.StateNeedsAuthorization).Cause; cause.Code != "invalid_grant" {
		t.Fatalf("the cause is %+v", cause)
	}
	if n := h.server.count("refresh_token"); n != 2 {
		t.Fatalf("%d requests, want 2", n)
	}
}

func TestThePreviousRefreshTokenIsTriedWhereItMayStillWork(t *testing.T) {
	for name, test := range map[string]struct {
		grace time.Duration
		wait  time.Duration
		crash bool
		lives bool
	}{
		"within the grace window":    {grace: time.Minute, wait: 30 * time.Second, lives: true},
		"after the grace window":     {grace: time.Minute, wait: 2 * time.Minute},
		"without one":                {wait: time.Second},
		"after a crash, without one": {crash: true, lives: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.rotates(api.TokenLife{Rotation: api.RotationSingleUse, Grace: api.Duration(test.grace)})
			h.authorize("mail") // rt-1
			h.must(h.refresh()) // rt-2, which the provider then forgets
			h.server.says(taking("rt-1"))
			if test.crash {
				h.crash(2)
			}
			h.clock.advance(test.wait)
			err := h.refresh()
			if test.lives {
				h.must(err)
				h.wantState("mail", api.StateActive)
				return
			}
			wantCode(t, err, api.CodeNeedsAuthorization)
		})
	}
}

func TestT11AnAnswerNobodyCouldReadIsKeptAndReadOnceTheDescriptionIsMended(t *testing.T) {
	for _, rotation := range []string{api.RotationSingleUse, ""} {
		t.Run("rotation "+rotation, func(t *testing.T) {
			h := newHarness(t)
			h.rotates(api.TokenLife{Rotation: rotation})
			h.authorize("mail")
			h.server.says(func(_ url.Values, n int) (int, string) {
				return 200, fmt.Sprintf(`{"wrapped":{"access_token":"at-%d","refresh_token":"rt-%d","token_type":"Bearer"}}`, n, n)
			})
			wantCode(t, h.refresh(), api.CodeUnreachable)
			asked := h.server.count("refresh_token")
			h.wantState("mail", api.StateDegraded)
			wantCode(t, h.refresh(), api.CodeUnreachable)
			again := h.server.count("refresh_token")
			if spared := again == asked; spared != (rotation == api.RotationSingleUse) {
				t.Fatalf("%d requests after %d", again, asked)
			}
			p, err := h.Provider(h.ctx, "fake")
			h.must(err)
			p.TokenResponse = &oauth.ResponseRules{Root: "/wrapped"}
			_, err = h.PutProvider(h.ctx, "fake", p)
			h.must(err)
			h.must(h.refresh())
			if n := h.server.count("refresh_token"); n != again {
				t.Fatal("the provider was asked though its answer was there")
			}
			h.wantToken("mail", fmt.Sprintf("at-%d", again+1))
		})
	}
}

func TestAnOutageLeavesTheJournalOpenUntilTheNextAnswer(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(url.Values, int) (int, string) { return 504, "gateway timeout" })
	wantCode(t, h.refresh(), api.CodeUnreachable)
	h.server.says(taking())
	h.clock.advance(time.Hour)
	wantCode(t, h.refresh(), api.CodeNeedsAuthorization)
	if cause := h.wantState("mail", api.StateNeedsAuthorization).Cause; cause.Code != "outcome_unknown" {
		t.Fatalf("the cause is %+v: the gateway may have hidden a success", cause)
	}
}

func TestARefusalOfTheClientLeavesNothingOpen(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(url.Values, int) (int, string) { return 401, `{"error":"invalid_client"}` })
	wantCode(t, h.refresh(), api.CodeNeedsConfiguration)
	h.server.says(taking())
	wantCode(t, h.refresh(), api.CodeNeedsAuthorization)
	if cause := h.wantState("mail", api.StateNeedsConfiguration).Cause; cause.Code != "invalid_client" {
		t.Fatalf("the cause is %+v", cause)
	}
}

func TestALeaseOfAKilledProcessIsNotWaitedFor(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.config.Gone = func(process string) bool { return process == "boot/pid:[1]/7" }
	h.Broker = h.open()
	_, won, err := h.store.AcquireLease(h.ctx, ledger.LeaseRequest{Connection: "mail", Owner: "boot/pid:[1]/7#x", Generation: 1, Now: h.clock.Now(), TTL: time.Hour})
	h.must(err)
	if !won {
		t.Fatal("the lease is held")
	}
	h.must(h.refresh())
	h.wantToken("mail", "at-2")
}
