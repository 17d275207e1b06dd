package broker_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

func TestAFlowSendsStateAndAChallengeAndTheVerifierLater(t *testing.T) {
	h := newHarness(t)
	_, sent := h.begin("mail")
	for name, want := range map[string]string{
		"response_type":         "code",
		"client_id":             "id",
		"redirect_uri":          "http://127.0.0.1:8539/oauth/callback",
		"scope":                 "mail.read offline_access",
		"code_challenge_method": "S256",
	} {
		if got := sent.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}}, h.cookie)
	h.must(err)
	form := h.server.last()
	if oauth.S256Challenge(form.Get("code_verifier")) != sent.Get("code_challenge") {
		t.Error("the verifier does not fit the challenge")
	}
	if form.Get("redirect_uri") != sent.Get("redirect_uri") {
		t.Error("RFC 6749 section 4.1.3: redirect_uri differs")
	}
}

func TestA01_AReplayedCallbackShowsTheResultAndRedeemsNothing(t *testing.T) {
	h := newHarness(t)
	flow, sent := h.begin("mail")
	answer := url.Values{"state": sent["state"], "code": {"c"}}
	_, err := h.Complete(h.ctx, answer, h.cookie)
	h.must(err)
	again, err := h.Complete(h.ctx, answer, h.cookie)
	h.must(err)
	if again.Flow.ID != flow || again.Flow.Status != api.FlowDone || h.server.count("authorization_code") != 1 {
		t.Fatalf("status %s after %d redemptions", again.Flow.Status, h.server.count("authorization_code"))
	}
}

func TestA02_AStateThatIsAbsentUnknownOrExpiredIsRefused(t *testing.T) {
	h := newHarness(t)
	_, sent := h.begin("mail")
	_, err := h.Complete(h.ctx, url.Values{"code": {"c"}}, h.cookie)
	wantCode(t, err, api.CodeInvalid)
	_, err = h.Complete(h.ctx, url.Values{"code": {"c"}, "state": {"forged"}}, h.cookie)
	wantCode(t, err, api.CodeNotFound)
	h.clock.advance(11 * time.Minute)
	_, err = h.Complete(h.ctx, url.Values{"code": {"c"}, "state": sent["state"]}, h.cookie)
	if found := wantCode(t, err, api.CodeConflict); !strings.Contains(found.Message, "expired") {
		t.Fatalf("message %q", found.Message)
	}
	if h.server.count("authorization_code") != 0 {
		t.Fatal("a code was sent")
	}
}

func TestA03_AnotherBrowserIsRefusedAndTheRightOneMayStillFinish(t *testing.T) {
	h := newHarness(t)
	_, sent := h.begin("mail")
	answer := url.Values{"state": sent["state"], "code": {"c"}}
	for _, foreign := range []string{"", "guessed"} {
		_, err := h.Complete(h.ctx, answer, func(string) string { return foreign })
		wantCode(t, err, api.CodeForbidden)
	}
	_, err := h.Complete(h.ctx, answer, h.cookie)
	h.must(err)
}

func TestA04_AStateIsNotUsedAgainAfterAFailure(t *testing.T) {
	h := newHarness(t)
	h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"invalid_grant"}` })
	_, sent := h.begin("mail")
	answer := url.Values{"state": sent["state"], "code": {"c"}}
	_, err := h.Complete(h.ctx, answer, h.cookie)
	wantCode(t, err, api.CodeNeedsAuthorization)
	_, err = h.Complete(h.ctx, answer, h.cookie)
	wantCode(t, err, api.CodeConflict)
	if h.server.count("authorization_code") != 1 {
		t.Fatal("the code was sent twice")
	}
}

func TestA05_A12_A13_AMixedUpAnswerIsRefusedBeforeAnyTokenRequest(t *testing.T) {
	for name, change := range map[string]url.Values{
		"another issuer": {"iss": {"https://evil.example"}},
		"two issuers":    {"iss": {"{issuer}", "https://evil.example"}},
		"no issuer":      {},
		"code and error": {"iss": {"{issuer}"}, "error": {"access_denied"}, "error_description": {"<b>call us</b>"}},
		"two codes":      {"iss": {"{issuer}"}, "code": {"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			issuer := h.discovered()
			_, sent := h.begin("found")
			answer := url.Values{"state": sent["state"], "code": {"c"}}
			for key, values := range change {
				answer.Del(key)
				for _, v := range values {
					answer.Add(key, strings.ReplaceAll(v, "{issuer}", issuer))
				}
			}
			_, err := h.Complete(h.ctx, answer, h.cookie)
			found := wantCode(t, err, api.CodeForbidden)
			if strings.Contains(found.Message, "call us") {
				t.Fatal("the untrusted description is shown")
			}
			if h.server.count("authorization_code") != 0 {
				t.Fatal("a code was sent")
			}
		})
	}
}

// discovered adds a connection "found" whose provider is known by its issuer
// alone, and which says that it names itself in its answers.
func (h *harness) discovered() (issuer string) {
	h.t.Helper()
	var metadata *httptest.Server
	metadata = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"issuer":"` + metadata.URL + `","authorization_endpoint":"` + h.server.URL + `/authorize","token_endpoint":"` +
			h.server.URL + `/token","response_types_supported":["code"],"authorization_response_iss_parameter_supported":true}`))
	}))
	h.t.Cleanup(metadata.Close)
	var p api.Provider
	p.Issuer = metadata.URL
	_, err := h.PutProvider(h.ctx, "discovered", p)
	h.must(err)
	_, err = h.PutClient(h.ctx, "found", api.ClientSpec{Provider: "discovered", ClientID: "id"})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "found", api.ConnectionSpec{Client: "found"})
	h.must(err)
	return metadata.URL
}

func TestADiscoveredServerIsUsedWithItsIssuer(t *testing.T) {
	h := newHarness(t)
	issuer := h.discovered()
	_, sent := h.begin("found")
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}, "iss": {issuer}}, h.cookie)
	h.must(err)
	h.wantState("found", api.StateActive)
	if id := h.server.last().Get("client_id"); id != "id" {
		t.Fatalf("RFC 6749 section 3.2.1: a public client names itself, sent %q", id)
	}
}

func TestA08_OfTwoFlowsForOneConnectionTheLastSuccessWins(t *testing.T) {
	h := newHarness(t)
	_, first := h.begin("mail")
	_, second := h.begin("mail")
	for _, sent := range []url.Values{second, first} {
		_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}}, h.cookie)
		h.must(err)
	}
	h.wantToken("mail", "at-2")
}

func TestA09_AFlowSurvivesARestart(t *testing.T) {
	h := newHarness(t)
	_, sent := h.begin("mail")
	h.Broker = h.open()
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}}, h.cookie)
	h.must(err)
	h.wantToken("mail", "at-1")
}

func TestA10_ARefusalAtTheProviderLeavesTheConnectionAsItIs(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	flow, sent := h.begin("mail")
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "error": {"access_denied"}}, h.cookie)
	wantCode(t, err, api.CodeNeedsAuthorization)
	h.wantState("mail", api.StateActive)
	h.wantToken("mail", "at-1")
	ended, err := h.Flow(h.ctx, flow)
	h.must(err)
	if ended.Status != api.FlowFailed || ended.Cause.Code != "access_denied" {
		t.Fatalf("flow %+v", ended)
	}
}

func TestA16_AFlowReturnsToAllowedOriginsOnly(t *testing.T) {
	h := newHarness(t)
	h.config.ReturnOrigins = []string{"https://app.example.com"}
	b := h.open()
	for to, allowed := range map[string]bool{
		"https://app.example.com/done":           true,
		"http://127.0.0.1:8539/":                 true,
		"https://app.example.com.evil.example/":  false,
		"https://user@app.example.com/":          false,
		"//app.example.com/":                     false,
		"javascript:alert(1)":                    false,
		"https://app.example.com:444/other-port": false,
	} {
		_, err := b.Begin(h.ctx, "mail", api.AuthorizeRequest{ReturnTo: to})
		if (err == nil) != allowed {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestAClientCredentialsConnectionHasNothingToAuthorize(t *testing.T) {
	h := newHarness(t)
	_, err := h.Begin(h.ctx, "robot", api.AuthorizeRequest{})
	wantCode(t, err, api.CodeInvalid)
}

func TestAFlowThatNobodyFinishesSaysSo(t *testing.T) {
	h := newHarness(t)
	flow, _ := h.begin("mail")
	h.clock.advance(11 * time.Minute)
	ended, err := h.Flow(h.ctx, flow)
	h.must(err)
	if ended.Status != api.FlowFailed || ended.Cause.Code != "expired" {
		t.Fatalf("flow %+v", ended)
	}
	h.clock.advance(25 * time.Hour)
	h.must(h.Tidy(h.ctx))
	_, err = h.Flow(h.ctx, flow)
	wantCode(t, err, api.CodeNotFound)
}
