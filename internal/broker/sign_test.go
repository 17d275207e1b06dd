package broker_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
)

// hashed is a provider that wants a hash over the secret in the secret's place.
const hashed = plainEndpoints + `
token_endpoint_auth_method: client_secret_post
token_request:
  omit: [client_secret]
  sign: [{name: hash, alg: sha256, of: ['{client_secret}|{code}']}]
refresh_request:
  omit: [client_secret]
  sign: [{name: hash, alg: sha256, of: ['{client_secret}|', '{refresh_token}']}]
`

func TestATokenRequestIsSignedAsTheDescriptionSays(t *testing.T) {
	o := newOdd(t, hashed)
	o.must(o.answer(url.Values{"code": {"the-code"}}))
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	sent := o.odd.at("/token")
	if len(sent) != 2 {
		t.Fatalf("%d requests", len(sent))
	}
	for i, over := range []string{"s3cret|the-code", "s3cret|rt-1"} {
		sum := sha256.Sum256([]byte(over))
		if got := sent[i].Get("hash"); got != hex.EncodeToString(sum[:]) || sent[i].Has("client_secret") || sent[i].Get("client_id") != "id" {
			t.Errorf("request %d is %v", i, sent[i].Values)
		}
	}
}

func TestEveryRequestOfAProviderMayBeSigned(t *testing.T) {
	o := newOdd(t, plainEndpoints+`
token_endpoint_auth_method: client_secret_post
token_request:
  params: {timestamp: '{timestamp}', moment: '{timestamp_ms}'}
  sign: [{name: X-Sign, in: header, of: ['@method', '@path', '@params']}, {name: sign, of: ['@body'], encoding: HEX}]
revocation_request:
  url: '@/revoke'
  sign: [{name: sign, of: ['{access_token}', '{timestamp}']}]
exchange:
  - {url: '@/swap', on_refresh: true, sign: [{name: sign, key: '{client_secret}x', of: ['{access_token}']}]}
`)
	o.odd.says("/swap", `200 {"access_token":"at-2"}`)
	o.odd.says("/revoke", "200 {}")
	o.authorize("odd")
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	_, err = o.Revoke(o.ctx, "odd")
	o.must(err)
	for i, sent := range o.odd.at("/token") { // the renewal inherits signatures, and no params
		now := o.clock.Now()
		if i == 0 && (sent.Get("timestamp") != catalog.Instant(now)["timestamp"] || sent.Get("moment") != catalog.Instant(now)["timestamp_ms"]) {
			t.Errorf("the moment is not sent: %v", sent.Values)
		}
		if got := sent.Get("sign"); len(got) != 64 || got != strings.ToUpper(got) {
			t.Errorf("request %d is signed with %q", i, got)
		}
	}
	for _, path := range []string{"/swap", "/revoke"} {
		all := o.odd.at(path)
		if len(all) == 0 {
			t.Errorf("nothing went to %s", path)
		}
		for _, sent := range all {
			if len(sent.Get("sign")) != 64 {
				t.Errorf("%s: %v", path, sent.Values)
			}
		}
	}
	o.wantState("odd", api.StateRevoked)
}

func TestARevocationOfAnIDTokensConnectionNamesTheRefreshToken(t *testing.T) {
	const text = plainEndpoints + "revocation_endpoint: '@/revoke'\napi: {base_url: '@', token: {source: id_token}}\n"
	for name, test := range map[string]struct {
		refresh string
		sent    int
	}{"with one": {`,"refresh_token":"rt-1"`, 1}, "without one": {"", 0}} {
		o := newOdd(t, text)
		o.odd.says("/token", `200 {"access_token":"at-1","id_token":"the-id-token"`+test.refresh+`}`)
		o.odd.says("/revoke", "200 {}")
		o.authorize("odd")
		revoked, err := o.Revoke(o.ctx, "odd")
		o.must(err)
		if last := o.wantSent("/revoke", test.sent, nil); test.sent > 0 && last.Get("token") != "rt-1" {
			t.Errorf("%s: %v is revoked", name, last.Values)
		}
		if told := !strings.Contains(revoked.Cause.Detail, "end by themselves"); told != (test.sent > 0) {
			t.Errorf("%s: %q", name, revoked.Cause.Detail)
		}
	}
}
