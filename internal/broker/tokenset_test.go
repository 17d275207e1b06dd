package broker_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

const twoSets = plainEndpoints + `
revocation_endpoint: '@/revoke'
token_response:
  token_types: [user]
  token_sets: {user: /authed_user}
  error_when: {pointer: /ok, equals: false, error: /error}
refresh: {dead_grant: {error: [token_revoked]}}
`

const bothTokens = `200 {"ok":true,"access_token":"bot-1","refresh_token":"bot-rt-1","token_type":"bot","expires_in":43200,
  "authed_user":{"id":"U1","scope":"chat:write","access_token":"user-1","refresh_token":"user-rt-1","token_type":"user","expires_in":3600}}`

// withSets is a connection whose provider gave two tokens.
func withSets(t *testing.T) *odd {
	t.Helper()
	o := newOdd(t, twoSets)
	o.odd.says("/token", bothTokens)
	o.must(o.answer(url.Values{"code": {"c"}}))
	return o
}

func TestSchemaRow26AFurtherTokenIsAConnectionOfItsOwn(t *testing.T) {
	o := withSets(t)
	o.wantToken("odd", "bot-1")
	o.wantToken("odd.user", "user-1")
	user := o.wantState("odd.user", api.StateActive)
	if user.TokenSet != "user" || user.Client != "odd" || len(user.GrantedScopes) != 1 || !user.Renewable {
		t.Errorf("odd.user is %+v", user)
	}
}

func TestSchemaRow26EachTokenIsRenewedByItsOwnRefreshToken(t *testing.T) {
	o := withSets(t)
	o.odd.says("/token", `200 {"ok":true,"access_token":"user-2","refresh_token":"user-rt-2","token_type":"user","expires_in":3600}`)
	o.clock.advance(2 * time.Hour) // the earliest has ended
	o.wantToken("odd.user", "user-2")
	o.wantToken("odd", "bot-1")
	o.wantSent("/token", 2, map[string]string{"refresh_token": "user-rt-1"})
	o.odd.says("/token", `200 {"ok":true,"access_token":"bot-2","refresh_token":"bot-rt-2","token_type":"bot","expires_in":43200}`)
	o.clock.advance(11 * time.Hour)
	o.wantToken("odd", "bot-2")
	o.wantSent("/token", 3, map[string]string{"refresh_token": "bot-rt-1"})
}

func TestSchemaRow26ARenewalThatBringsAllSavesAll(t *testing.T) {
	o := withSets(t)
	o.odd.says("/token", strings.NewReplacer("bot-1", "bot-2", "user-1", "user-2", "rt-1", "rt-2").Replace(bothTokens))
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	o.wantToken("odd", "bot-2")
	o.wantToken("odd.user", "user-2")
	if user := o.state("odd.user"); user.Generation != 2 {
		t.Errorf("generation %d", user.Generation)
	}
}

func TestSchemaRow26AConnectionMayHoldOneOfTheTokensOnly(t *testing.T) {
	o := newOdd(t, twoSets)
	_, err := o.PutConnection(o.ctx, "odd", api.ConnectionSpec{Client: "odd", GrantRequest: api.GrantRequest{TokenSet: "user"}})
	o.must(err)
	o.odd.says("/token", `200 {"ok":true,"authed_user":{"access_token":"user-1","token_type":"user"}}`)
	o.must(o.answer(url.Values{"code": {"c"}}))
	o.wantToken("odd", "user-1")
	_, err = o.PutConnection(o.ctx, "odd", api.ConnectionSpec{Client: "odd", GrantRequest: api.GrantRequest{TokenSet: "usr"}})
	if found := wantCode(t, err, api.CodeInvalid); !strings.Contains(found.Hint, "it gives user") {
		t.Errorf("hint %q", found.Hint)
	}
	_, err = o.PutConnection(o.ctx, "odd", api.ConnectionSpec{Client: "odd"})
	o.must(err)
	if o.state("odd").Generation != 0 {
		t.Error("the user's token serves as the first")
	}
}

func TestSchemaRow26AnotherConnectionOfThatNameIsLeftAlone(t *testing.T) {
	o := newOdd(t, twoSets)
	_, err := o.PutConnection(o.ctx, "odd.user", api.ConnectionSpec{Client: "odd"})
	o.must(err)
	o.odd.says("/token", bothTokens)
	o.must(o.answer(url.Values{"code": {"c"}}))
	o.wantToken("odd", "bot-1")
	o.wantState("odd.user", api.StateNew)
	events, err := o.Store.Events(o.ctx, "odd", 0, 10)
	o.must(err)
	for _, e := range events {
		if strings.Contains(e.Detail["title"], "token set user was not saved") {
			return
		}
	}
	t.Errorf("nobody is told: %v", events)
}

func TestSchemaRow26RevokingTheFirstRevokesAll(t *testing.T) {
	o := withSets(t)
	o.odd.says("/revoke", "200 {\"ok\":true}")
	_, err := o.Revoke(o.ctx, "odd")
	o.must(err)
	o.wantState("odd", api.StateRevoked)
	o.wantState("odd.user", api.StateRevoked)
	if sent := o.odd.at("/revoke"); len(sent) != 4 || sent[0].Get("token") != "user-rt-1" || sent[2].Get("token") != "bot-rt-1" {
		t.Errorf("revoked %v", sent)
	}
}

func TestSchemaRow28AFailedRevocationInsideA200IsOne(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		state  api.State
	}{
		"ok is false":                 {`200 {"ok":false,"error":"fatal_error"}`, api.StateActive},
		"the token was dead before":   {`200 {"ok":false,"error":"token_revoked"}`, api.StateRevoked},
		"RFC7009-2.2/an empty answer": {`200 `, api.StateRevoked},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOdd(t, twoSets)
			o.must(o.answer(url.Values{"code": {"c"}}))
			o.odd.says("/revoke", test.answer)
			_, err := o.Revoke(o.ctx, "odd")
			if (err == nil) != (test.state == api.StateRevoked) {
				t.Errorf("%v", err)
			}
			o.wantState("odd", test.state)
		})
	}
}

func TestRFC7009_2_1_AServerThatEndsBothTokensAtOnceMayRefuseTheSecond(t *testing.T) {
	for refused, want := range map[string]api.State{"access_token": api.StateRevoked, "refresh_token": api.StateActive} {
		t.Run(refused, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("token_type_hint") == refused {
					w.WriteHeader(http.StatusBadRequest)
					_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
				}
			}))
			t.Cleanup(server.Close)
			o := newOdd(t, plainEndpoints+"revocation_endpoint: '"+server.URL+"'\n")
			o.must(o.answer(url.Values{"code": {"c"}}))
			if _, err := o.Revoke(o.ctx, "odd"); (err == nil) != (want == api.StateRevoked) {
				t.Errorf("%v", err)
			}
			o.wantState("odd", want)
		})
	}
}
