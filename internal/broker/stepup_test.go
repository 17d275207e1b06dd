package broker_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/secret"
)

func wantsScope(resource string, scopes ...string) broker.Challenge {
	return broker.Challenge{Resource: "https://api.example/" + resource, Code: "insufficient_scope", Description: "send is not allowed", StepUp: api.StepUp{Scopes: scopes}}
}

func TestRFC6750_3_1_MCP9_MissingScopesAreAskedForBesidesThoseHeldAndCallsGoOn(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(_ url.Values, n int) (int, string) {
		return 200, `{"access_token":"at-` + strings.Repeat("x", n) + `","refresh_token":"rt","token_type":"Bearer","expires_in":3600,"scope":"mail.read offline_access extra.held"}`
	})
	if _, err := h.Refresh(h.ctx, "mail"); err != nil {
		t.Fatal(err)
	}
	h.StepUp(h.ctx, "mail", wantsScope("send", "mail.send"))
	c := h.wantState("mail", api.StateActive)
	if c.Cause == nil || c.Cause.Code != "insufficient_scope" || !strings.Contains(c.Cause.Title, "mail.send") || !strings.Contains(c.Cause.Remedy, "valetkey connect mail") {
		t.Fatalf("the cause: %+v", c.Cause)
	}
	if h.token("mail") == "" {
		t.Fatal("a call that needs no more was held up")
	}
	h.StepUp(h.ctx, "mail", wantsScope("other", "mail.move"))
	if _, err := h.Refresh(h.ctx, "mail"); err != nil {
		t.Fatal(err)
	}
	if c := h.state("mail"); c.Cause == nil || c.Cause.StepUp == nil {
		t.Fatal("a renewal forgot what the API waits for")
	}
	_, sent := h.begin("mail")
	asked := strings.Fields(sent.Get("scope"))
	for _, scope := range []string{"mail.send", "mail.move", "extra.held"} {
		if !slices.Contains(asked, scope) {
			t.Errorf("%s is not asked for: %v", scope, asked)
		}
	}
	h.authorize("mail")
	if c := h.wantState("mail", api.StateActive); c.Cause != nil {
		t.Errorf("still there after the authorization: %+v", c.Cause)
	}
}

func TestRFC9470_4_AStrongerSignInIsAskedForByTheNextAuthorization(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	age := 0
	h.StepUp(h.ctx, "mail", broker.Challenge{Resource: "https://api.example/pay", Code: "insufficient_user_authentication", StepUp: api.StepUp{ACRValues: "urn:gold", MaxAge: &age}})
	if _, sent := h.begin("mail"); sent.Get("acr_values") != "urn:gold" || sent.Get("max_age") != "0" {
		t.Errorf("asked for %v", sent)
	}
}

func TestRFC9470_9_MCP9_AResourceThatIsNeverContentHasAPersonAskedTwiceOnly(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	for try := 1; try <= 3; try++ {
		h.StepUp(h.ctx, "mail", wantsScope("send", "mail.send"))
		h.StepUp(h.ctx, "mail", wantsScope("send", "mail.other")) // at once: not looked at
		c := h.wantState("mail", api.StateActive)
		if asks := c.Cause.StepUp != nil; asks != (try <= 2) {
			t.Fatalf("try %d: %+v", try, c.Cause)
		}
		h.clock.advance(time.Minute)
		h.authorize("mail")
	}
	if _, sent := h.begin("mail"); strings.Contains(sent.Get("scope"), "mail.send") {
		t.Error("it is asked for a third time")
	}
}

func TestClaimsOfAChallengeAreSentWithOneRenewal(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	if c, err := h.RenewWith(h.ctx, "mail", 1, claims); err != nil || c == nil || c.Generation != 2 {
		t.Fatalf("%v %v", c, err)
	}
	if got := h.server.last().Get("claims"); got != claims {
		t.Errorf("sent claims %q", got)
	}
	if _, err := h.Refresh(h.ctx, "mail"); err != nil {
		t.Fatal(err)
	}
	if got := h.server.last().Get("claims"); got != "" {
		t.Errorf("sent again: %q", got)
	}
}

func TestClaimsThatOnlyAPersonCanAnswerEndNoGrant(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(form url.Values, n int) (int, string) {
		if form.Get("claims") != "" {
			return 400, `{"error":"invalid_grant","suberror":"basic_action","claims":"{\"access_token\":{}}"}`
		}
		return rotating(form, n)
	})
	if c, err := h.RenewWith(h.ctx, "mail", 1, `{"access_token":{}}`); c != nil || err != nil {
		t.Fatalf("%v %v", c, err)
	}
	if n := h.server.count("refresh_token"); n != 1 {
		t.Errorf("%d requests", n)
	}
	h.wantState("mail", api.StateActive)
	h.StepUp(h.ctx, "mail", broker.Challenge{Resource: "https://api.example/me", Code: "insufficient_claims", StepUp: api.StepUp{Claims: `{"access_token":{}}`}})
	if _, sent := h.begin("mail"); sent.Get("claims") != `{"access_token":{}}` {
		t.Errorf("asked for %v", sent)
	}
	if _, err := h.Refresh(h.ctx, "mail"); err != nil {
		t.Errorf("the grant without the claims: %v", err)
	}
}

func TestWhatNobodyCanAuthorizeIsSaidToWhoeverSetsTheClientUp(t *testing.T) {
	h := newHarness(t)
	h.token("robot")
	h.StepUp(h.ctx, "robot", wantsScope("send", "mail.send"))
	c := h.wantState("robot", api.StateActive)
	if c.Cause == nil || c.Cause.StepUp != nil || !strings.Contains(c.Cause.Remedy, "client app") {
		t.Errorf("the cause: %+v", c.Cause)
	}
	h.StepUp(h.ctx, "mail", wantsScope("send", "mail.send")) // never authorized: it waits for that
	if c := h.state("mail"); c.Cause != nil {
		t.Errorf("the cause of a connection without a grant: %+v", c.Cause)
	}
}

func TestTheClaimsOfAChallengeReachAnExchangeOnAUsersBehalf(t *testing.T) {
	const asked = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	h := grantHarness(t, "on_behalf_of", api.GrantSettings{})
	h.server.says(func(form url.Values, n int) (int, string) {
		if form.Get("claims") == asked && strings.Contains(form.Get("assertion"), "maria") {
			return 400, `{"error":"interaction_required","claims":"{\"access_token\":{\"capolids\":{\"essential\":true}}}"}`
		}
		return plain(form, n)
	})
	maria := onbehalf.With(h.ctx, secret.NewText("e30.maria.c2ln"))
	paul := onbehalf.With(h.ctx, secret.NewText("e30.paul.c2ln"))
	used, err := h.Credential(paul, "it")
	h.must(err)
	renewed, err := h.RenewWith(paul, "it", used.Generation, asked)
	if err != nil || renewed.Generation <= used.Generation || h.server.last().Get("claims") != asked {
		t.Fatalf("%v, sent %v", err, h.server.last())
	}
	if used, err = h.Credential(maria, "it"); err != nil || h.server.last().Has("claims") {
		t.Fatalf("claims of one user are asked of another: %v, %v", err, h.server.last())
	}
	_, err = h.RenewWith(maria, "it", used.Generation, asked)
	var challenge *onbehalf.Challenge
	if !errors.As(err, &challenge) || !strings.Contains(challenge.Claims, "capolids") {
		t.Fatalf("what the provider wants of the user does not reach them: %v", err)
	}
	if again, err := h.Credential(maria, "it"); err != nil || again.Generation <= used.Generation {
		t.Errorf("a user's next call without the claims: %v", err)
	}
}
