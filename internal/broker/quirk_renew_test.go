package broker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

const swapped = plainEndpoints + `
code_challenge_method: none
refresh_endpoint: '@/swap'
refresh: {strategy: access_token, skew: 10m}
refresh_request: {method: GET, encoding: query, grant_type: swap_token, params: {old: '{access_token}'}, omit: [client_id, client_secret]}
token_endpoint_auth_method: client_secret_post
`

func TestAnAccessTokenIsSwappedWhileItLives(t *testing.T) {
	o := newOdd(t, swapped)
	o.odd.says("/token", `200 {"access_token":"at-1","expires_in":3600}`)
	o.authorize("odd")
	if !o.state("odd").Renewable {
		t.Fatal("it does not renew itself")
	}
	o.odd.says("/swap", `200 {"access_token":"at-2","expires_in":3600}`)
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	sent := o.wantSent("/swap", 1, map[string]string{"grant_type": "swap_token", "old": "at-1", "client_secret": "", "refresh_token": ""})
	if sent.method != "GET" {
		t.Fatalf("by %s", sent.method)
	}
	o.wantToken("odd", "at-2")
	o.clock.advance(2 * time.Hour)
	_, err = o.Token(o.ctx, "odd", 0)
	wantCode(t, err, api.CodeNeedsAuthorization)
	o.wantSent("/swap", 1, nil)
}

func TestAGrantThatIsNeverRenewedAsksForAPerson(t *testing.T) {
	o := newOdd(t, plainEndpoints+"refresh: {strategy: none}\n")
	o.authorize("odd")
	if o.state("odd").Renewable {
		t.Fatal("it says that it renews itself")
	}
	o.clock.advance(2 * time.Hour)
	_, err := o.Token(o.ctx, "odd", 0)
	wantCode(t, err, api.CodeNeedsAuthorization)
	o.wantSent("/token", 1, nil)
}

func TestTheProvidersOwnWordsForADeadGrantEndIt(t *testing.T) {
	for description, want := range map[string]api.State{
		"": api.StateNeedsConfiguration,
		"refresh: {dead_grant: {status: [400], error: [session_gone]}}\n": api.StateNeedsAuthorization,
	} {
		o := newOdd(t, plainEndpoints+description)
		o.authorize("odd")
		o.odd.says("/token", `400 {"error":"session_gone"}`)
		_, err := o.Refresh(o.ctx, "odd")
		if err == nil {
			t.Fatal("renewed")
		}
		o.wantState("odd", want)
	}
}

func TestATokenThatIsStillGoodIsNotRenewedWhereTheProviderRefuses(t *testing.T) {
	o := newOdd(t, plainEndpoints+"refresh: {not_before_expiry: true}\n")
	o.authorize("odd")
	o.odd.says("/token", `200 {"access_token":"at-2","expires_in":3600}`)
	o.clock.advance(time.Hour - time.Second)
	token, err := o.Token(o.ctx, "odd", time.Minute)
	o.must(err)
	if token.AccessToken != "at-1" {
		t.Fatalf("got %s a second before the end", token.AccessToken)
	}
	o.clock.advance(time.Second)
	o.wantToken("odd", "at-2")
}

func TestARefreshThatRepeatsNoTokenKeepsIt(t *testing.T) {
	o := newOdd(t, plainEndpoints+"refresh_response: {keep: [access_token], default_expires_in: 600}\n")
	o.authorize("odd")
	o.odd.says("/token", `200 {"result":"ok"}`)
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	o.wantToken("odd", "at-1")
	if got := o.state("odd").ExpiresAt.Sub(o.clock.Now()); got != 10*time.Minute {
		t.Fatalf("it now lives %v", got)
	}
}

const login = plainEndpoints + `
variables: {rest: {from: token_response, pointer: /restUrl, must_match: 'HOST/[a-z]+', on_refresh: true}}
exchange:
  - url: '@/login'
    encoding: query
    on_refresh: true
    params: {access_token: '{access_token}', key: '{client_id}'}
    response: {access_token: /SessionToken, default_expires_in: 600}
api: {base_url: '{rest}'}
`

func TestAFurtherRequestTurnsTheTokenIntoTheOneThatTheAPITakes(t *testing.T) {
	o := newOdd(t, login)
	o.odd.says("/login", `200 {"SessionToken":"session-1","restUrl":"`+o.odd.URL+`/rest"}`)
	o.authorize("odd")
	o.wantToken("odd", "session-1")
	o.wantBase("@/rest")
	o.wantSent("/login", 1, map[string]string{"access_token": "at-1", "key": "id", "client_secret": "", "grant_type": ""})
	o.clock.advance(time.Hour)
	o.odd.says("/token", `200 {"access_token":"at-2","refresh_token":"rt-2"}`)
	o.odd.says("/login", `200 {"SessionToken":"session-2"}`)
	o.wantToken("odd", "session-2")
	o.wantSent("/login", 2, map[string]string{"access_token": "at-2"})
}

func TestARotatedRefreshTokenOutlivesAFurtherRequestThatFails(t *testing.T) {
	o := newOdd(t, login)
	o.odd.says("/login", `200 {"SessionToken":"session-1","restUrl":"`+o.odd.URL+`/rest"}`)
	o.authorize("odd")
	o.odd.says("/token", `200 {"access_token":"at-2","refresh_token":"rt-2"}`)
	o.odd.says("/login", `503 {}`)
	if _, err := o.Refresh(o.ctx, "odd"); err == nil {
		t.Fatal("renewed")
	}
	o.wantState("odd", api.StateDegraded)
	o.odd.says("/login", `200 {"SessionToken":"session-3"}`)
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	o.wantSent("/token", 3, map[string]string{"refresh_token": "rt-2"})
	o.wantToken("odd", "session-3")
	o.wantBase("@/rest")
}

const sites = plainEndpoints + `
variables:
  site: {from: request, label: Site, request: {url: '@/sites', list: /values, value: /id, label: /name}}
api: {base_url: '@/ex/{site}'}
`

func TestTheOneValueThatALookUpFindsIsTaken(t *testing.T) {
	o := newOdd(t, sites)
	o.odd.says("/sites", `200 {"values":[{"id":"s-1","name":"acme"}]}`)
	o.authorize("odd")
	o.wantBase("@/ex/s-1")
	if got := o.odd.at("/sites")[0].authorization; got != "Bearer at-1" {
		t.Fatalf("asked with %q", got)
	}
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	o.wantSent("/sites", 1, nil) // it is known by now
	o.authorize("odd")
	o.wantSent("/sites", 2, nil) // another account may have another
}

func TestOfSeveralValuesAPersonChooses(t *testing.T) {
	o := newOdd(t, sites)
	o.odd.says("/sites", `200 {"values":[{"id":"s-1","name":"acme"},{"id":"s-2","name":"fabrikam"}]}`)
	o.authorize("odd")
	c := o.wantState("odd", api.StateNeedsConfiguration)
	if c.Cause.Code != "choice_needed" || c.Cause.Detail != "s-1 (acme); s-2 (fabrikam)" || !strings.Contains(c.Cause.Remedy, "valetkey connect odd --choose site=VALUE") {
		t.Fatalf("cause %+v", c.Cause)
	}
	o.set(map[string]string{"site": "s-2"})
	o.wantState("odd", api.StateActive)
	o.wantBase("@/ex/s-2")
	o.authorize("odd")
	o.wantBase("@/ex/s-2")
	o.wantSent("/sites", 1, nil) // a choice stays
}

func TestTheFirstOfSeveralIsTakenWhereTheDescriptionSaysSo(t *testing.T) {
	o := newOdd(t, strings.Replace(sites, "label: /name}", "label: /name, choose: first}", 1))
	o.odd.says("/sites", `200 {"values":[{"id":"s-1"},{"id":"s-2"}]}`)
	o.authorize("odd")
	o.wantBase("@/ex/s-1")
}

func TestALookUpThatFailsKeepsTheGrantAndIsTriedAgain(t *testing.T) {
	for name, answer := range map[string]string{
		"refused": "403 {}", "not JSON": "200 <html>", "no list": "200 {}", "empty": `200 {"values":[]}`, "no value": `200 {"values":[{"name":"acme"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOdd(t, sites)
			o.odd.says("/sites", answer)
			o.authorize("odd")
			o.wantState("odd", api.StateNeedsConfiguration)
			o.odd.says("/sites", `200 {"values":[{"id":"s-1"}]}`)
			_, err := o.Refresh(o.ctx, "odd")
			o.must(err)
			o.wantBase("@/ex/s-1")
		})
	}
}

func TestAServiceLooksUpWithItsFirstToken(t *testing.T) {
	o := newOdd(t, sites+"grant: client_credentials\n")
	o.odd.says("/sites", `200 {"values":{"id":"s-1"}}`)
	o.wantToken("odd", "at-1")
	o.wantBase("@/ex/s-1")
}
