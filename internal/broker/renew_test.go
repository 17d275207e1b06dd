package broker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/spill"
	"github.com/valetkey/valetkey/internal/store/memory"
)

func TestR01_AHundredCallersOfAnExpiredTokenCauseOneRequest(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	release := h.server.block(t)
	impatient, cancel := context.WithCancel(h.ctx)
	left := make(chan error, 1)
	go func() {
		_, err := h.Token(impatient, "mail", 0)
		left <- err
	}()
	h.server.waitFor("refresh_token")
	var callers sync.WaitGroup
	tokens := make([]string, 100)
	for i := range tokens {
		callers.Go(func() {
			if token, err := h.Token(h.ctx, "mail", 0); err == nil {
				tokens[i] = string(token.AccessToken)
			}
		})
	}
	cancel()
	wantCode(t, <-left, api.CodeUnreachable) // it leaves by its own deadline, while the others wait
	release()
	callers.Wait()
	for i, token := range tokens {
		if token != "at-2" {
			t.Fatalf("caller %d got %q", i, token)
		}
	}
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d refresh requests", n)
	}
}

func TestR02_TwoProcessesOnOneDatabaseRefreshOnce(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	h.config.Sleep = func(ctx context.Context, _ time.Duration) error { return shortest(ctx) }
	first, second := h.open(), h.open()
	var both sync.WaitGroup
	for _, b := range []*broker.Broker{first, second} {
		for range 10 {
			both.Go(func() {
				token, err := b.Token(h.ctx, "mail", 0)
				if err != nil || token.AccessToken != "at-2" {
					t.Errorf("got %q, %v", string(token.AccessToken), err)
				}
			})
		}
	}
	both.Wait()
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d refresh requests", n)
	}
}

// shortest lets other goroutines run without waiting for the clock.
func shortest(ctx context.Context) error {
	timer := time.NewTimer(5 * time.Millisecond) // a lease that is looked at 1,200 times is taken for dead
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestR05_ATokenSetThatCannotBeSavedIsTriedAgainBeforeAnyoneUsesIt(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	failing := &failingStore{Store: h.store, failures: 3}
	h.config.Store = failing
	b := h.open()
	token, err := b.Token(h.ctx, "mail", 0)
	if err != nil || token.AccessToken != "at-2" {
		t.Fatalf("got %q, %v", string(token.AccessToken), err)
	}
	if failing.failures != 0 || h.server.count("refresh_token") != 1 {
		t.Fatalf("%d failures left, %d refresh requests", failing.failures, h.server.count("refresh_token"))
	}
}

func TestR05_ATokenSetThatWasNotSavedIsThereAfterARestart(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	dir := t.TempDir()
	full := &failingStore{Store: h.store, failures: 1 << 20}
	open := func(store ledger.Store) *broker.Broker {
		kept, err := spill.Over(h.ctx, store, dir, slog.New(slog.DiscardHandler))
		h.must(err)
		h.config.Store = kept
		return h.open()
	}
	if _, err := open(full).Token(h.ctx, "mail", 0); err == nil {
		t.Fatal("a token was handed out that is not in the database")
	}
	full.failures = 0
	after := open(full) // the process was killed; the disk has room again
	token, err := after.Token(h.ctx, "mail", 0)
	h.must(err)
	if token.AccessToken != "at-2" || h.server.count("refresh_token") != 1 {
		t.Fatalf("%q after %d refreshes", string(token.AccessToken), h.server.count("refresh_token"))
	}
	h.clock.advance(2 * time.Hour)
	if _, err := after.Token(h.ctx, "mail", 0); err != nil || h.server.last().Get("refresh_token") != "rt-2" {
		t.Fatalf("refreshed with %q, %v", h.server.last().Get("refresh_token"), err)
	}
}

// failingStore fails the next writes of a token set.
type failingStore struct {
	*memory.Store
	failures int
}

func (s *failingStore) SaveTokenSet(ctx context.Context, save ledger.TokenSave) error {
	if s.failures > 0 {
		s.failures--
		return errors.New("disk full")
	}
	return s.Store.SaveTokenSet(ctx, save)
}

func TestR07_ARefreshIsSavedThoughItsCallerLeft(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	release := h.server.block(t)
	ctx, cancel := context.WithCancel(h.ctx)
	left := make(chan error, 1)
	go func() {
		_, err := h.Token(ctx, "mail", 0)
		left <- err
	}()
	h.server.waitFor("refresh_token")
	cancel()
	wantCode(t, <-left, api.CodeUnreachable)
	release()
	h.must(h.Close(h.ctx)) // waits for the renewal
	if got := h.state("mail").Generation; got != 2 {
		t.Fatalf("generation %d", got)
	}
	h.wantToken("mail", "at-2")
}

func TestR08_R09_AnAnswerWithoutRefreshTokenKeepsTheOldOne(t *testing.T) {
	for name, field := range map[string]string{"missing": ``, "empty": `"refresh_token":"",`, "null": `"refresh_token":null,`} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.authorize("mail")
			h.server.says(func(_ url.Values, n int) (int, string) {
				return 200, fmt.Sprintf(`{%s"access_token":"at-%d","token_type":"bearer","expires_in":3600}`, field, n)
			})
			for want := 2; want <= 3; want++ {
				h.clock.advance(2 * time.Hour)
				h.wantToken("mail", fmt.Sprintf("at-%d", want))
				if got := h.server.last().Get("refresh_token"); got != "rt-1" {
					t.Fatalf("refreshed with %q", got)
				}
			}
		})
	}
}

func TestR10_TheSameRefreshTokenAgainCausesNoSecondRenewal(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"at-%d","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600}`, n)
	})
	h.clock.advance(2 * time.Hour)
	h.wantToken("mail", "at-2")
	h.wantToken("mail", "at-2")
	if c := h.state("mail"); c.Generation != 2 {
		t.Fatalf("generation %d", c.Generation)
	}
}

func TestR11_ANarrowedScopeIsKeptAndShown(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, `{"access_token":"at","token_type":"Bearer","expires_in":3600,"scope":"other"}`
	})
	h.authorize("mail")
	c := h.wantState("mail", api.StateActive)
	if len(c.MissingScopes) != 1 || c.MissingScopes[0] != "mail.read" {
		t.Fatalf("missing scopes %v", c.MissingScopes)
	}
}

func TestR13_AnEndedGrantFailsFastWithoutAskingTheProviderAgain(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"invalid_grant"}` })
	credential, err := h.Credential(h.ctx, "mail")
	h.must(err)
	_, err = h.Renew(h.ctx, "mail", credential.Generation)
	found := wantCode(t, err, api.CodeNeedsAuthorization)
	if found.Hint != "valetkey connect mail" {
		t.Fatalf("hint %q", found.Hint)
	}
	before := h.server.count("refresh_token")
	for range 5 {
		_, err = h.Token(h.ctx, "mail", 0)
		wantCode(t, err, api.CodeNeedsAuthorization)
	}
	if h.server.count("refresh_token") != before {
		t.Fatal("the provider was asked again")
	}
	h.wantState("mail", api.StateNeedsAuthorization)
	h.server.says(rotating)
	h.authorize("mail")
	h.wantState("mail", api.StateActive)
}

func TestR16_ARefusedClientIsParkedAndItsGrantsStay(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	_, err := h.PutConnection(h.ctx, "second", api.ConnectionSpec{Client: "app"})
	h.must(err)
	h.authorize("second")
	h.server.says(func(url.Values, int) (int, string) { return 401, `{"error":"invalid_client"}` })
	h.clock.advance(2 * time.Hour)
	_, err = h.Token(h.ctx, "mail", 0)
	found := wantCode(t, err, api.CodeNeedsConfiguration)
	if !strings.Contains(found.Hint, "valetkey client update app --client-secret-file") {
		t.Fatalf("hint %q", found.Hint)
	}
	asked := len(h.server.requests)
	_, err = h.Token(h.ctx, "second", 0)
	wantCode(t, err, api.CodeNeedsConfiguration)
	if len(h.server.requests) != asked {
		t.Fatal("the second connection asked the provider too")
	}
	h.wantState("second", api.StateNeedsConfiguration)

	h.server.says(rotating)
	fresh := api.Secret("new secret")
	_, err = h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &fresh})
	h.must(err)
	for _, name := range []string{"mail", "second"} {
		h.token(name)
		h.wantState(name, api.StateActive)
	}
}

func TestR17_AProviderThatIsDownDegradesAndIsNotHammered(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(url.Values, int) (int, string) { return 503, `down` })
	h.clock.advance(58 * time.Minute) // near the end of its life, still good
	h.wantToken("mail", "at-1")
	h.must(h.Close(h.ctx)) // lets the background renewal fail
	h.wantState("mail", api.StateDegraded)
	asked := len(h.server.requests)
	h.wantToken("mail", "at-1")
	h.must(h.Close(h.ctx))
	if len(h.server.requests) != asked {
		t.Fatal("asked again without waiting")
	}
	h.clock.advance(3 * time.Minute)
	h.server.says(rotating)
	h.token("mail")
	h.wantState("mail", api.StateActive)
}

func TestATokenNearItsExpiryIsServedWhileItIsRenewed(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(56 * time.Minute)
	h.wantToken("mail", "at-1")
	h.must(h.Close(h.ctx))
	h.wantToken("mail", "at-2")
}

func TestMinTTLRenewsATokenThatWouldNotLastLongEnough(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	token, err := h.Token(h.ctx, "mail", 2*time.Hour)
	h.must(err)
	if token.Generation != 2 {
		t.Fatalf("generation %d", token.Generation)
	}
}

func TestClientCredentialsAreObtainedAndRenewedWithoutARefreshToken(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"cc-%d","token_type":"Bearer","expires_in":"3600"}`, n)
	})
	h.wantToken("robot", "cc-1")
	h.clock.advance(time.Hour)
	h.wantToken("robot", "cc-2")
	if c := h.wantState("robot", api.StateActive); !c.Renewable {
		t.Fatal("not renewable")
	}
	if n := h.server.count("client_credentials"); n != 2 {
		t.Fatalf("%d requests", n)
	}
}

func TestAGrantWithoutRefreshTokenSaysSoBeforeAndAfterItEnds(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(url.Values, int) (int, string) {
		return 200, `{"access_token":"at","token_type":"Bearer","expires_in":3600}`
	})
	h.authorize("mail")
	if c := h.state("mail"); len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "no refresh token") {
		t.Fatalf("warnings %q", c.Warnings)
	}
	h.clock.advance(time.Hour)
	_, err := h.Token(h.ctx, "mail", 0)
	wantCode(t, err, api.CodeNeedsAuthorization)
	if h.server.count("refresh_token") != 0 {
		t.Fatal("asked the provider with nothing to ask with")
	}
}

func TestOlderGenerationsStaySealed(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	for range 5 {
		h.clock.advance(2 * time.Hour)
		h.token("mail")
	}
	previous, err := h.store.PreviousTokenSets(h.ctx, "mail")
	h.must(err)
	if len(previous) != 3 || previous[0].Generation != 5 {
		t.Fatalf("%d older generations, newest %d", len(previous), previous[0].Generation)
	}
	for _, set := range previous {
		if len(set.RefreshToken) == 0 || strings.Contains(string(set.RefreshToken), "rt-") {
			t.Fatal("an old refresh token is missing or not sealed")
		}
	}
}
