package broker_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

func TestA06_AForeignCodeMeetsTheVerifierOfThisFlowAndIsRefused(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	_, sent := h.begin("mail")
	h.server.says(func(form url.Values, _ int) (int, string) {
		if form.Get("code") == "stolen" && form.Get("code_verifier") != "" {
			return 400, `{"error":"invalid_grant","error_description":"the verifier does not fit"}`
		}
		return 500, "asked without a verifier"
	})
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"stolen"}}, h.cookie)
	wantCode(t, err, api.CodeNeedsAuthorization)
	h.wantToken("mail", "at-1")
	events, err := h.Events(h.ctx, "mail", 0, 10)
	h.must(err)
	if events[0].Kind != ledger.EventDenied || events[0].Detail["code"] != "invalid_grant" {
		t.Fatalf("the attempt is not on record: %+v", events[0])
	}
}

func TestA07_PKCEStaysS256ThoughTheMetadataStopsNamingIt(t *testing.T) {
	h := newHarness(t)
	h.discovered() // its metadata names no code_challenge_methods_supported
	_, sent := h.begin("found")
	if sent.Get("code_challenge_method") != "S256" || len(sent.Get("code_challenge")) != 43 {
		t.Fatalf("sent %v", sent)
	}
}

func TestA11_AnErrorThatBelongsToNoFlowChangesNothingAndIsNotRepeated(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	for _, params := range []url.Values{
		{"error": {"access_denied"}, "error_description": {"<b>canary</b>"}},
		{"error": {"access_denied"}, "error_description": {"<b>canary</b>"}, "state": {"guessed"}},
	} {
		_, err := h.Complete(h.ctx, params, h.cookie)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Fatalf("%v: %v", params, err)
		}
	}
	h.wantToken("mail", "at-1")
	h.wantState("mail", api.StateActive)
}

func TestA20_FewerScopesThanAskedForLeaveAnActiveConnectionThatSaysWhichAreMissing(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(url.Values, int) (int, string) {
		return 200, `{"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":3600,"scope":"calendar.read"}`
	})
	h.authorize("mail")
	c := h.wantState("mail", api.StateActive)
	if !slices.Equal(c.MissingScopes, []string{"mail.read"}) || !slices.Equal(c.GrantedScopes, []string{"calendar.read"}) {
		t.Fatalf("missing %q, granted %q", c.MissingScopes, c.GrantedScopes)
	}
}

func TestMCP_5_AServerThatDoesNotNamePKCEIsRefusedWhereTheDescriptionSaysSo(t *testing.T) {
	h := newHarness(t)
	h.discovered() // its metadata names no code_challenge_methods_supported
	p, err := h.Provider(h.ctx, "discovered")
	h.must(err)
	p.RequireAdvertisedPKCE = true
	_, err = h.PutProvider(h.ctx, "discovered", p)
	h.must(err)
	_, err = h.Begin(h.ctx, "found", api.AuthorizeRequest{})
	if refused := wantCode(t, err, api.CodeNeedsConfiguration); !strings.Contains(refused.Message, "S256") || !strings.Contains(refused.Hint, "require_advertised_pkce") {
		t.Fatalf("%q, hint %q", refused.Message, refused.Hint)
	}
	p.RequireAdvertisedPKCE = false // the override, by issuer
	_, err = h.PutProvider(h.ctx, "discovered", p)
	h.must(err)
	_, err = h.Begin(h.ctx, "found", api.AuthorizeRequest{})
	h.must(err)
}
