package broker_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// warnings are those of the newest events of a kind.
func (h *harness) warnings(connection, kind string) (found []string) {
	h.t.Helper()
	events, err := h.Events(h.ctx, connection, 0, 50)
	h.must(err)
	for _, e := range events {
		if e.Kind == kind {
			found = append(found, e.Detail["warnings"])
		}
	}
	return found
}

func TestR09_AnEmptyRefreshTokenIsWarnedOfInItsEventAndAMissingOneIsNot(t *testing.T) {
	for field, want := range map[string]string{`"refresh_token":"",`: "refresh_token_empty", `"refresh_token":null,`: "refresh_token_empty", ``: ""} {
		h := newHarness(t)
		h.authorize("mail")
		h.server.says(func(url.Values, int) (int, string) {
			return 200, fmt.Sprintf(`{%s"access_token":"at","token_type":"Bearer","expires_in":3600}`, field)
		})
		h.must(h.refresh())
		if got := h.warnings("mail", ledger.EventRefreshed); len(got) != 1 || got[0] != want {
			t.Errorf("%s: warnings %q, want %q", field, got, want)
		}
	}
}

func TestR11_AScopeThatARenewalNarrowsIsKeptAndShownAndTheConnectionGoesOn(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(_ url.Values, n int) (int, string) {
		scope := []string{"mail.read offline_access", "calendar.read"}[min(n, 2)-1]
		return 200, fmt.Sprintf(`{"access_token":"at-%d","refresh_token":"rt-%d","token_type":"Bearer","expires_in":3600,"scope":%q}`, n, n, scope)
	})
	h.authorize("mail")
	if c := h.wantState("mail", api.StateActive); len(c.MissingScopes) != 0 {
		t.Fatalf("missing %v", c.MissingScopes)
	}
	h.clock.advance(2 * time.Hour)
	h.wantToken("mail", "at-2")
	c := h.wantState("mail", api.StateActive)
	if len(c.MissingScopes) != 1 || c.MissingScopes[0] != "mail.read" || len(c.GrantedScopes) != 1 || c.GrantedScopes[0] != "calendar.read" {
		t.Fatalf("missing %v, granted %v", c.MissingScopes, c.GrantedScopes)
	}
}

func TestR12_AnotherCompanyIsRefusedBeforeItsCodeIsSpent(t *testing.T) {
	o := newOdd(t, plainEndpoints+"variables: {realm: {from: callback, name: realmId, pattern: '[0-9]+'}}\napi: {base_url: '@/company/{realm}'}\n")
	o.must(o.answer(url.Values{"code": {"c"}, "realmId": {"4711"}}))
	o.wantBase("@/company/4711")
	refused := wantCode(t, o.answer(url.Values{"code": {"c"}, "realmId": {"815"}}), api.CodeConflict)
	if !strings.Contains(refused.Message, "4711") || !strings.Contains(refused.Message, "815") || !strings.Contains(refused.Hint, "of its own") {
		t.Errorf("%q, hint %q", refused.Message, refused.Hint)
	}
	if n := len(o.odd.at("/token")); n != 1 {
		t.Errorf("%d token requests", n)
	}
	o.wantToken("odd", "at-1")
	o.wantBase("@/company/4711")
	o.must(o.answer(url.Values{"code": {"c"}, "realmId": {"4711"}})) // the same company again
	_, err := o.Revoke(o.ctx, "odd")
	o.must(err)
	o.must(o.answer(url.Values{"code": {"c"}, "realmId": {"815"}})) // a revoked connection is free
	o.wantBase("@/company/815")
}

func TestT03_ATokenOfUnknownLifeIsUsedUntilTheAPIRefusesIt(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"at-%d","refresh_token":"rt-%d","token_type":"Bearer"}`, n, n)
	})
	h.authorize("mail")
	h.clock.advance(30 * 24 * time.Hour)
	h.wantToken("mail", "at-1")
	if n := h.server.count("refresh_token"); n != 0 {
		t.Fatalf("%d renewals of a token that nobody refused", n)
	}
	credential, err := h.Credential(h.ctx, "mail")
	h.must(err)
	renewed, err := h.Renew(h.ctx, "mail", credential.Generation)
	h.must(err)
	if renewed.Generation != 2 || h.server.count("refresh_token") != 1 {
		t.Fatalf("generation %d after %d renewals", renewed.Generation, h.server.count("refresh_token"))
	}
	h.wantToken("mail", "at-2")
}

func TestT04_ATokenThatIsExpiredOnArrivalServesOneCallAndCausesNoLoop(t *testing.T) {
	for _, life := range []string{"0", "-1"} {
		h := newHarness(t)
		h.server.says(func(_ url.Values, n int) (int, string) {
			return 200, fmt.Sprintf(`{"access_token":"at-%d","refresh_token":"rt-%d","token_type":"Bearer","expires_in":%s}`, n, n, life)
		})
		h.authorize("mail")
		h.wantToken("mail", "at-2") // a call gets one that nobody has used
		h.wantToken("mail", "at-3")
		if n := h.server.count("refresh_token"); n != 2 {
			t.Fatalf("expires_in %s: %d renewals for two calls", life, n)
		}
		for range 60 {
			h.sweep()
			h.clock.advance(time.Second)
		}
		if n := h.server.count("refresh_token"); n != 2 {
			t.Errorf("expires_in %s: %d renewals in a minute in which nobody called", life, n-2)
		}
	}
}

// dripping answers a token request a byte a second, in the bubble's time.
type dripping struct{ asked atomic.Int64 }

func (d *dripping) Do(r *http.Request) (*http.Response, error) {
	d.asked.Add(1)
	body, in := io.Pipe()
	go func() {
		for _, c := range []byte(`{"access_token":"at-2","refresh_token":"rt-2","token_type":"Bearer","expires_in":3600}`) {
			select {
			case <-time.After(time.Second):
				if _, err := in.Write([]byte{c}); err != nil {
					return
				}
			case <-r.Context().Done():
				in.CloseWithError(r.Context().Err())
				return
			}
		}
		in.Close()
	}()
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body, Request: r}, nil
}

func TestT13_AnAnswerThatComesAByteASecondEndsAtTheDeadlineAndItsOutcomeIsUnknown(t *testing.T) {
	h := newHarness(t)
	h.rotates(api.TokenLife{Rotation: api.RotationSingleUse})
	h.authorize("mail")
	synctest.Test(t, func(t *testing.T) {
		slow := &dripping{}
		config := h.config
		config.HTTP, config.Now, config.Sleep = slow, time.Now, nil
		h.config, h.ctx = config, t.Context()
		b := h.open()
		began := time.Now()
		_, err := b.Refresh(t.Context(), "mail")
		if code := fault.As(err).Code; code != api.CodeUnreachable {
			t.Fatalf("%s: %v", code, err)
		}
		if took := time.Since(began); took != arrangement.TokenTimeout {
			t.Errorf("it took %v, the deadline is %v", took, arrangement.TokenTimeout)
		}
		c, err := b.Connection(t.Context(), "mail")
		if err != nil || c.State != api.StateDegraded {
			t.Errorf("%s, %v", c.State, err)
		}
		lease, _, err := h.store.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "who looks", Generation: 1, Now: time.Now(), TTL: time.Minute})
		if err != nil || lease.Tries < 2 { // the one that is open, and this one
			t.Errorf("the journal has %+v, %v", lease, err)
		}
		if n := slow.asked.Load(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestT18_ARedirectOfATokenRequestLeadsNowhere(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		h := newHarness(t)
		h.authorize("mail")
		redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/token", status)
		}))
		t.Cleanup(redirecting.Close)
		p, err := h.Provider(h.ctx, "fake")
		h.must(err)
		p.TokenEndpoint = redirecting.URL
		_, err = h.PutProvider(h.ctx, "fake", p)
		h.must(err)
		// The client that the server itself uses.
		h.config.HTTP = egress.New(egress.Config{AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}).Client(time.Minute)
		_, err = h.open().Refresh(h.ctx, "mail")
		if err == nil || elsewhere.Load() != 0 {
			t.Fatalf("%d: %d requests elsewhere, %v", status, elsewhere.Load(), err)
		}
		if found := fault.As(err); found.Code != api.CodeNeedsConfiguration {
			t.Errorf("%d: %s %q", status, found.Code, found.Message)
		}
	}
}

func TestR15_TheLimitsOfKnownProvidersAreThoseThatTheyPublish(t *testing.T) {
	const day = 24 * time.Hour
	h := newHarness(t)
	for name, want := range map[string]struct{ idle, absolute time.Duration }{
		"microsoft":  {idle: 90 * day},
		"xero":       {idle: 60 * day},
		"box":        {idle: 60 * day},
		"quickbooks": {idle: 100 * day, absolute: 5 * 365 * day},
		"netsuite":   {absolute: 7 * day},
		"linkedin":   {absolute: 365 * day},
		"ebay":       {absolute: 547 * day},
	} {
		p, err := h.Provider(h.ctx, name)
		h.must(err)
		if p.Refresh == nil || time.Duration(p.Refresh.IdleLifetime) != want.idle || time.Duration(p.Refresh.AbsoluteLifetime) != want.absolute {
			t.Errorf("%s: %+v, want %+v", name, p.Refresh, want)
		}
	}
	if _, err := h.Provider(h.ctx, "nobody"); !errors.As(err, new(*fault.Error)) {
		t.Error("an unknown provider has limits")
	}
}
