package broker_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// sweep renews what is due by now, as the server does.
func (h *harness) sweep() (claimed int) {
	h.t.Helper()
	due, err := h.store.ClaimDue(h.ctx, h.clock.Now(), h.clock.Now().Add(5*time.Minute), 100)
	h.must(err)
	for _, d := range due {
		_ = h.Sweep(h.ctx, d)
	}
	return len(due)
}

func TestATokenInUseIsRenewedAheadOfNeed(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail") // for an hour: due five to seven and a half minutes before its end
	h.token("mail")
	h.clock.advance(52 * time.Minute)
	if n := h.sweep(); n != 0 {
		t.Fatalf("%d claimed too early", n)
	}
	h.clock.advance(3 * time.Minute)
	h.sweep()
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d renewals, want 1", n)
	}
	if n := h.sweep(); n != 0 {
		t.Fatal("due again at once")
	}
}

func TestR15AGrantNobodyUsesIsOnlyKeptAlive(t *testing.T) {
	h := newHarness(t)
	h.rotates(api.TokenLife{IdleLifetime: api.Duration(60 * 24 * time.Hour)})
	h.authorize("mail")
	h.clock.advance(8 * 24 * time.Hour)
	h.sweep()
	if n := h.server.count("refresh_token"); n != 0 {
		t.Fatal("renewed though nobody uses it")
	}
	h.clock.advance(31 * 24 * time.Hour)
	h.sweep()
	if n := h.server.count("refresh_token"); n != 0 {
		t.Fatal("renewed though its refresh token has weeks to live")
	}
	h.clock.advance(2 * 24 * time.Hour)
	h.sweep()
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d renewals after 41 of 60 idle days, want 1", n)
	}
	h.clock.advance(41 * 24 * time.Hour)
	h.sweep() // of the hour's token: put off
	h.sweep()
	h.clock.advance(10 * time.Minute)
	h.sweep()
	if n := h.server.count("refresh_token"); n != 2 {
		t.Fatalf("%d renewals after another 41 days, want 2", n)
	}
}

func TestR15TheLifetimeAnAnswerNamesIsKeptToo(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, `{"access_token":"a","refresh_token":"r","token_type":"Bearer","expires_in":3600,"refresh_expires_in":604800}`
	})
	h.authorize("mail")
	h.clock.advance(4*24*time.Hour + 17*time.Hour)
	h.sweep()
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d renewals after five of seven days, want 1", n)
	}
}

func TestR16AParkedClientIsNotSweptAndResumesWithItsNewSecret(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.token("mail")
	h.server.says(func(url.Values, int) (int, string) { return 401, `{"error":"invalid_client"}` })
	h.clock.advance(56 * time.Minute)
	h.sweep()
	asked := h.server.count("refresh_token")
	for range 5 {
		h.clock.advance(10 * time.Minute)
		h.sweep()
	}
	if n := h.server.count("refresh_token"); n != asked {
		t.Fatalf("%d requests for a client that is refused", n-asked)
	}
	h.server.says(rotating)
	renewed := api.Secret("new")
	_, err := h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &renewed})
	h.must(err)
	h.clock.advance(2 * time.Hour)
	h.sweep()
	h.wantState("mail", api.StateActive)
}

func TestAGrantThatEndedIsNeverDueAgain(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.token("mail")
	h.server.says(taking())
	h.clock.advance(56 * time.Minute)
	h.sweep()
	h.wantState("mail", api.StateNeedsAuthorization)
	h.clock.advance(1000 * time.Hour)
	if n := h.sweep(); n != 0 {
		t.Fatalf("%d claimed", n)
	}
}

func TestR15AnAbsoluteLimitIsCountedDown(t *testing.T) {
	h := newHarness(t)
	h.rotates(api.TokenLife{AbsoluteLifetime: api.Duration(365 * 24 * time.Hour)})
	h.authorize("mail")
	ends := h.clock.Now().Add(365 * 24 * time.Hour)
	c := h.state("mail")
	if c.GrantEndsAt == nil || !c.GrantEndsAt.Equal(ends) || len(c.Warnings) != 0 {
		t.Fatalf("ends at %v, warnings %q", c.GrantEndsAt, c.Warnings)
	}
	h.clock.advance(340 * 24 * time.Hour)
	h.must(h.refresh()) // a renewal does not move it
	if c = h.state("mail"); !c.GrantEndsAt.Equal(ends) || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "2027-11-21") {
		t.Fatalf("ends at %v, warnings %q", c.GrantEndsAt, c.Warnings)
	}
	h.authorize("mail")
	if c = h.state("mail"); !c.GrantEndsAt.After(ends) || len(c.Warnings) != 0 {
		t.Fatalf("after a new authorization it ends at %v, warnings %q", c.GrantEndsAt, c.Warnings)
	}
}
