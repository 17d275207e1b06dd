package sandbox

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"
)

func (r *rig) manage(target, token string, pairs ...string) reply {
	r.t.Helper()
	form := edit(r.tokenForm("", "grant_type", "", "token", token), pairs)
	return r.post(target, form)
}

func (r *rig) introspected(token string) map[string]any {
	r.t.Helper()
	return decode[map[string]any](r.t, r.manage("/introspect", token))
}

func TestRevokingAnAccessTokenEndsItAlone(t *testing.T) {
	r := newRig(t, "")
	got := r.connect()
	if rep := r.manage("/revoke", got.Access); rep.StatusCode != 200 || rep.body != "" {
		t.Errorf("status %d, body %q", rep.StatusCode, rep.body)
	}
	if rep := r.api("GET", "/v1.0/me", got.Access, ""); rep.StatusCode != 401 {
		t.Errorf("the access token still works: %d", rep.StatusCode)
	}
	if rep := r.refresh(got.Refresh); rep.StatusCode != 200 {
		t.Errorf("the refresh token: %d %s", rep.StatusCode, rep.body)
	}
}

func TestRevokingARefreshTokenEndsTheGrant(t *testing.T) {
	r := newRig(t, "")
	got := r.connect()
	r.manage("/revoke", got.Refresh, "token_type_hint", "access_token")
	if rep := r.api("GET", "/v1.0/me", got.Access, ""); rep.StatusCode != 401 {
		t.Errorf("the access token still works: %d", rep.StatusCode)
	}
	wantError(t, r.refresh(got.Refresh), 400, "invalid_grant")
	if n := r.srv.Requests().Revocations; n != 1 {
		t.Errorf("Revocations = %d, want 1", n)
	}
}

func TestRevocationNeedsTheRightClient(t *testing.T) {
	r := newRig(t, "")
	got := r.connect()
	if rep := r.manage("/revoke", got.Refresh, "client_id", "practice-public", "client_secret", ""); rep.StatusCode != 200 {
		t.Errorf("another client's token is answered like an unknown one: %d", rep.StatusCode)
	}
	wantError(t, r.manage("/revoke", got.Refresh, "client_secret", "wrong"), 401, "invalid_client")
	wantError(t, r.manage("/revoke", ""), 400, "invalid_request")
	if rep := r.manage("/revoke", "unknown"); rep.StatusCode != 200 {
		t.Errorf("an unknown token: %d", rep.StatusCode)
	}
	if rep := r.refresh(got.Refresh); rep.StatusCode != 200 {
		t.Errorf("the token must have survived: %d %s", rep.StatusCode, rep.body)
	}
}

func TestIntrospectionTellsOfLiveTokensOnly(t *testing.T) {
	r := newRig(t, "", func(c *Config) { c.RefreshLifetime = 2 * time.Hour })
	got := r.connect()
	issued := float64(r.clock.Now().Unix())
	access, refresh := r.introspected(got.Access), r.introspected(got.Refresh)
	for name, want := range map[string]any{
		"active": true, "client_id": "practice", "username": "maria", "sub": userID, "iss": r.url,
		"scope": "User.Read Mail.Read offline_access", "iat": issued, "exp": issued + 3600, "token_type": "Bearer",
	} {
		if access[name] != want {
			t.Errorf("access token: %s = %v, want %v", name, access[name], want)
		}
	}
	if refresh["active"] != true || refresh["exp"] != issued+7200 || refresh["token_type"] != nil {
		t.Errorf("refresh token: %v", refresh)
	}
	r.clock.advance(time.Hour)
	r.refresh(got.Refresh)
	for name, token := range map[string]string{"expired": got.Access, "rotated": got.Refresh, "unknown": "x"} {
		if answer := r.introspected(token); answer["active"] != false || len(answer) != 1 {
			t.Errorf("%s: %v", name, answer)
		}
	}
}

func TestIntrospectionHidesAnotherClientsToken(t *testing.T) {
	r := newRig(t, "")
	rep := r.manage("/introspect", r.connect().Access, "client_id", "practice-public", "client_secret", "")
	if answer := decode[map[string]any](t, rep); answer["active"] != false {
		t.Errorf("answer = %v", answer)
	}
	app := decode[tokens](t, r.post("/token", r.tokenForm("client_credentials"))).Access
	if answer := r.introspected(app); answer["sub"] != "practice" || answer["username"] != nil {
		t.Errorf("an application token: %v", answer)
	}
}

func TestUserinfoAnswersWhatTheScopesAllow(t *testing.T) {
	r := newRig(t, "")
	for scope, want := range map[string]int{"openid": 1, "openid profile": 3, "openid profile email": 5} {
		claims := decode[map[string]any](t, r.api("GET", "/userinfo", r.connect("scope", scope).Access, ""))
		if len(claims) != want || claims["sub"] != userID {
			t.Errorf("%s: %v", scope, claims)
		}
	}
}

func TestDiscoveryAnswersTheSameDocumentAtBothAddresses(t *testing.T) {
	r := newRig(t, "")
	oauth, oidc := r.get("/.well-known/oauth-authorization-server"), r.get("/.well-known/openid-configuration")
	if oauth.StatusCode != 200 || oauth.body != oidc.body {
		t.Fatalf("%d:\n%s\n%s", oauth.StatusCode, oauth.body, oidc.body)
	}
	doc := decode[map[string]any](t, oauth)
	if doc["issuer"] != r.url || doc["authorization_response_iss_parameter_supported"] != true {
		t.Errorf("document = %v", doc)
	}
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint", "jwks_uri"} {
		address, err := url.Parse(doc[name].(string))
		if err != nil || "http://"+address.Host != r.url {
			t.Errorf("%s = %v", name, doc[name])
			continue
		}
		if rep := r.post(doc[name].(string), url.Values{}); rep.StatusCode == 404 {
			t.Errorf("%s leads nowhere", name)
		}
	}
	cred := r.srv.Credentials()
	if cred.TokenEndpoint != doc["token_endpoint"] || cred.AuthorizationEndpoint != doc["authorization_endpoint"] || cred.Issuer != doc["issuer"] {
		t.Errorf("Credentials disagree: %+v", cred)
	}
}

func TestDiscoveryCanNameAnotherIssuer(t *testing.T) {
	r := newRig(t, "metadata_issuer_wrong=1")
	var first, second struct{ Issuer string }
	for _, into := range []any{&first, &second} {
		if err := json.Unmarshal([]byte(r.get("/.well-known/openid-configuration").body), into); err != nil {
			t.Fatal(err)
		}
	}
	if first.Issuer == r.url || second.Issuer != r.url {
		t.Errorf("issuers %q, then %q", first.Issuer, second.Issuer)
	}
}
