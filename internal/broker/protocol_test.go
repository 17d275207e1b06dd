package broker_test

import (
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// The statements of the RFCs that take a store, a browser or a network to
// show; the others are beside the protocol core in package oauth.

// A code is used at most once, whatever comes of it.
func TestRFC6749_4_1_2_a(t *testing.T) {
	for name, answer := range map[string]string{"accepted": `{"access_token":"a","token_type":"Bearer"}`, "refused": `{"error":"invalid_grant"}`, "unreadable": `<html>`} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.server.says(func(url.Values, int) (int, string) {
				if strings.Contains(answer, "error") {
					return 400, answer
				}
				return 200, answer
			})
			_, sent := h.begin("mail")
			for range 3 {
				_, _ = h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}}, h.cookie)
			}
			if n := h.server.count("authorization_code"); n != 1 {
				t.Fatalf("the code was sent %d times", n)
			}
		})
	}
}

// A refresh asks for no more scope than was granted: it names none.
func TestRFC6749_6_b(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	_, err := h.PutConnection(h.ctx, "mail", api.ConnectionSpec{Client: "app", Scopes: []string{"mail.read", "mail.write"}})
	h.must(err)
	_, err = h.Refresh(h.ctx, "mail")
	h.must(err)
	if form := h.server.last(); form.Has("scope") {
		t.Fatalf("asked for %q", form.Get("scope"))
	}
}

// Tokens are sealed at rest, and go to the server that issued them only.
func TestRFC6749_10_3_and_10_4(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	set, err := h.store.TokenSet(h.ctx, "mail")
	h.must(err)
	if bytes.Contains(set.AccessToken, []byte("at-1")) || bytes.Contains(set.RefreshToken, []byte("rt-1")) || len(set.RefreshToken) == 0 {
		t.Fatal("a token is not sealed")
	}
	var plain api.Provider
	plain.TokenEndpoint = "http://login.example.com/token"
	plain.AuthorizationEndpoint = "https://login.example.com/authorize"
	_, err = h.PutProvider(h.ctx, "plain", plain)
	wantCode(t, err, api.CodeInvalid)

	// A connection that moves to a client elsewhere takes no token along.
	other := newAuthServer(t)
	var p api.Provider
	p.AuthorizationEndpoint, p.TokenEndpoint = other.URL+"/authorize", other.URL+"/token"
	_, err = h.PutProvider(h.ctx, "other", p)
	h.must(err)
	_, err = h.PutClient(h.ctx, "other", api.ClientSpec{Provider: "other", ClientID: "id"})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "mail", api.ConnectionSpec{Client: "other"})
	h.must(err)
	_, err = h.Refresh(h.ctx, "mail")
	wantCode(t, err, api.CodeNeedsAuthorization)
	if len(other.requests) != 0 {
		t.Fatal("the other server was sent something")
	}
}

// The state is random: it holds nothing about the connection or the person.
func TestRFC6749_10_8(t *testing.T) {
	h := newHarness(t)
	_, first := h.begin("mail")
	_, second := h.begin("mail")
	state := first.Get("state")
	if len(state) < 43 || state == second.Get("state") || strings.Contains(state, "mail") {
		t.Fatalf("state %q, then %q", state, second.Get("state"))
	}
}

// A server whose certificate nobody vouches for is sent nothing.
func TestRFC6749_10_9_and_RFC8414_6_1(t *testing.T) {
	h := newHarness(t)
	asked := false
	impostor := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	impostor.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
	impostor.StartTLS()
	defer impostor.Close()
	for name, endpoints := range map[string]api.Endpoints{
		"token":    {TokenEndpoint: impostor.URL + "/token"},
		"metadata": {Issuer: impostor.URL},
	} {
		var p api.Provider
		p.Endpoints = endpoints
		_, err := h.PutProvider(h.ctx, name, p)
		h.must(err)
		clientSecret := api.Secret("s3cret")
		_, err = h.PutClient(h.ctx, name, api.ClientSpec{Provider: name, ClientID: "id", ClientSecret: &clientSecret})
		h.must(err)
		_, err = h.PutConnection(h.ctx, name, api.ConnectionSpec{Client: name, Grant: "client_credentials"})
		h.must(err)
		if _, err = h.Token(h.ctx, name, 0); err == nil || asked {
			t.Fatalf("%s: %v, asked %v", name, err, asked)
		}
	}
}

// The issuer of an answer is compared with the one recorded for its own flow.
func TestRFC9207_4(t *testing.T) {
	h := newHarness(t)
	issuer := h.discovered()
	_, sent := h.begin("found")
	// The description changes while the person is at the provider: what was recorded holds.
	var moved api.Provider
	moved.Issuer = "https://elsewhere.example"
	moved.AuthorizationEndpoint, moved.TokenEndpoint = "https://elsewhere.example/a", "https://elsewhere.example/t"
	_, err := h.PutProvider(h.ctx, "discovered", moved)
	h.must(err)
	_, err = h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}, "iss": {"https://elsewhere.example"}}, h.cookie)
	wantCode(t, err, api.CodeForbidden)
	if len(h.server.requests) != 0 {
		t.Fatalf("the code went out, though the answer was from another issuer than %s", issuer)
	}
}

// The clock of the machine is not trusted to run forwards only: a jump back
// makes no token immortal and starts no storm.
func TestT02_AClockThatJumpsBackCausesNoRefreshLoop(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.clock.advance(-10 * time.Minute)
	for range 5 {
		h.wantToken("mail", "at-1")
	}
	h.clock.advance(80 * time.Minute)
	h.wantToken("mail", "at-2")
	if n := h.server.count("refresh_token"); n != 1 {
		t.Fatalf("%d refreshes", n)
	}
}

// A server that answers in an unusable way leaves the grant as it is.
func TestT11_T17_AnUnusableAnswerEndsNoGrant(t *testing.T) {
	for name, answer := range map[string]struct {
		status int
		body   string
	}{
		"portal":    {200, "<html>please log in</html>"},
		"cut":       {200, `{"access_token":"at`},
		"gateway":   {502, "<html>bad gateway</html>"},
		"no token":  {200, `{"token_type":"Bearer"}`},
		"mac":       {200, `{"access_token":"a","token_type":"mac"}`},
		"line feed": {200, `{"access_token":"a\nb","token_type":"Bearer"}`},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			h.authorize("mail")
			h.server.says(func(url.Values, int) (int, string) { return answer.status, answer.body })
			h.clock.advance(2 * time.Hour)
			if _, err := h.Token(h.ctx, "mail", 0); err == nil {
				t.Fatal("no error")
			}
			if c := h.state("mail"); c.State == api.StateNeedsAuthorization || c.Generation != 1 {
				t.Fatalf("%s, generation %d", c.State, c.Generation)
			}
			h.server.says(rotating)
			_, err := h.Refresh(h.ctx, "mail")
			h.must(err)
			h.wantState("mail", api.StateActive)
		})
	}
}

// An answer cannot bring a secret of the request back into an error.
func TestAServerThatEchoesSecretsCannotMakeUsShowThem(t *testing.T) {
	h := newHarness(t)
	h.authorize("mail")
	h.server.says(func(form url.Values, _ int) (int, string) {
		body, _ := json.Marshal(map[string]string{"error": "invalid_request", "error_description": "got " + form.Encode() + " s3cret"})
		return 400, string(body)
	})
	_, err := h.Refresh(h.ctx, "mail")
	found := wantCode(t, err, api.CodeNeedsConfiguration)
	shown, err := json.Marshal(h.state("mail"))
	h.must(err)
	for _, text := range []string{found.Message, found.Hint, string(shown)} {
		if strings.Contains(text, "rt-1") || strings.Contains(text, "s3cret") {
			t.Fatalf("shown: %s", text)
		}
	}
}
