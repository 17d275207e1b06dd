package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestACodeIsExchangedForTokens(t *testing.T) {
	r := newRig(t, "")
	rep := r.redeem(r.authorize().Get("code"))
	got := decode[tokens](t, rep)
	if got.Access == "" || got.Refresh == "" || got.Type != "Bearer" || got.ExpiresIn != 3600.0 || got.Scope != "User.Read Mail.Read offline_access" {
		t.Errorf("tokens = %+v", got)
	}
	if rep.Header.Get("Cache-Control") != "no-store" || rep.Header.Get("Content-Type") != "application/json" {
		t.Errorf("headers = %v", rep.Header)
	}
}

func TestARefreshTokenComesOnlyWithOfflineAccess(t *testing.T) {
	r := newRig(t, "")
	if got := r.connect("scope", "User.Read"); got.Refresh != "" || got.Access == "" {
		t.Errorf("tokens = %+v", got)
	}
}

func TestACodeIsBoundToItsRequest(t *testing.T) {
	r := newRig(t, "")
	cases := map[string][]string{
		"another redirect URI": {"redirect_uri", callback + "/"},
		"no redirect URI":      {"redirect_uri", ""},
		"another verifier":     {"code_verifier", strings.Repeat("x", 43)},
		"no verifier":          {"code_verifier", ""},
		"short verifier":       {"code_verifier", "abc"},
		"another client":       {"client_id", "practice-public", "client_secret", ""},
		"unknown code":         {"code", "guess"},
	}
	for name, pairs := range cases {
		t.Run(name, func(t *testing.T) {
			wantError(t, r.redeem(r.authorize().Get("code"), pairs...), 400, "invalid_grant")
		})
	}
}

func TestACodeExpires(t *testing.T) {
	r := newRig(t, "")
	code := r.authorize().Get("code")
	r.clock.advance(codeLifetime)
	wantError(t, r.redeem(code), 400, "invalid_grant")
}

func TestPlainPKCEAndNoPKCE(t *testing.T) {
	r := newRig(t, "")
	for name, c := range map[string]struct {
		ask    []string
		redeem []string
		ok     bool
	}{
		"plain":                        {[]string{"code_challenge", verifier, "code_challenge_method", "plain"}, nil, true},
		"plain by default":             {[]string{"code_challenge", verifier, "code_challenge_method", ""}, nil, true},
		"plain, wrong":                 {[]string{"code_challenge", verifier + "x", "code_challenge_method", "plain"}, nil, false},
		"none":                         {[]string{"code_challenge", "", "code_challenge_method", ""}, []string{"code_verifier", ""}, true},
		"verifier without a challenge": {[]string{"code_challenge", "", "code_challenge_method", ""}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			rep := r.redeem(r.authorize(c.ask...).Get("code"), c.redeem...)
			if (rep.StatusCode == 200) != c.ok {
				t.Errorf("status %d: %s", rep.StatusCode, rep.body)
			}
		})
	}
}

func TestACodeUsedTwiceRevokesItsTokens(t *testing.T) {
	r := newRig(t, "")
	code := r.authorize().Get("code")
	got := decode[tokens](t, r.redeem(code))
	wantError(t, r.redeem(code), 400, "invalid_grant")
	if rep := r.api("GET", "/v1.0/me", got.Access, ""); rep.StatusCode != 401 {
		t.Errorf("the access token still works: %d", rep.StatusCode)
	}
	wantError(t, r.refresh(got.Refresh), 400, "invalid_grant")
	if n := r.srv.Requests().CodeReuse; n != 1 {
		t.Errorf("CodeReuse = %d, want 1", n)
	}
}

func TestThePublicClientNeedsNoSecret(t *testing.T) {
	r := newRig(t, "")
	public := []string{"client_id", "practice-public", "client_secret", ""}
	got := decode[tokens](t, r.redeem(r.authorize("client_id", "practice-public").Get("code"), public...))
	if got.Refresh == "" {
		t.Fatalf("tokens = %+v", got)
	}
	if rep := r.refresh(got.Refresh, public...); rep.StatusCode != 200 {
		t.Errorf("refresh: %d %s", rep.StatusCode, rep.body)
	}
	wantError(t, r.post("/token", r.tokenForm("client_credentials", public...)), 400, "unauthorized_client")
	wantError(t, r.refresh(got.Refresh, "client_id", "practice-public"), 401, "invalid_client")
}

func TestClientAuthentication(t *testing.T) {
	const secret = "s3cret with %, : and +"
	r := newRig(t, "", func(c *Config) { c.ClientSecret = secret })
	form := func(pairs ...string) url.Values {
		return edit(r.tokenForm("client_credentials", "client_id", "", "client_secret", ""), pairs)
	}
	cases := map[string]struct {
		form   url.Values
		header string
		status int
		code   string
	}{
		"post":                   {form("client_id", "practice", "client_secret", secret), "", 200, ""},
		"basic, form-encoded":    {form(), basic("practice", url.QueryEscape(secret)), 200, ""},
		"basic with client_id":   {form("client_id", "practice"), basic("practice", url.QueryEscape(secret)), 200, ""},
		"basic, raw":             {form(), basic("practice", secret), 401, "invalid_client"},
		"wrong secret":           {form("client_id", "practice", "client_secret", "x"), "", 401, "invalid_client"},
		"no secret":              {form("client_id", "practice"), "", 401, "invalid_client"},
		"unknown client":         {form("client_id", "stranger", "client_secret", secret), "", 401, "invalid_client"},
		"nobody":                 {form(), "", 401, "invalid_client"},
		"both ways":              {form("client_secret", secret), basic("practice", url.QueryEscape(secret)), 400, "invalid_request"},
		"two clients":            {form("client_id", "practice-public"), basic("practice", url.QueryEscape(secret)), 400, "invalid_request"},
		"another authentication": {form("client_id", "practice", "client_secret", secret), "Bearer x", 401, "invalid_client"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			req := r.request("POST", "/token", c.form.Encode())
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.header != "" {
				req.Header.Set("Authorization", c.header)
			}
			rep := r.do(req)
			wantError(t, rep, c.status, c.code)
			challenged := strings.HasPrefix(rep.Header.Get("WWW-Authenticate"), "Basic ")
			if challenged != (c.status == 401) {
				t.Errorf("status %d with WWW-Authenticate %q", rep.StatusCode, rep.Header.Get("WWW-Authenticate"))
			}
		})
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestMalformedTokenRequests(t *testing.T) {
	r := newRig(t, "")
	wantError(t, r.post("/token", r.tokenForm("")), 400, "invalid_request")
	wantError(t, r.post("/token", r.tokenForm("password")), 400, "unsupported_grant_type")
	wantError(t, r.post("/token", r.tokenForm("authorization_code")), 400, "invalid_request")
	wantError(t, r.post("/token", r.tokenForm("refresh_token")), 400, "invalid_request")
	twice := r.tokenForm("client_credentials")
	twice.Add("scope", ".default")
	twice.Add("scope", ".default")
	wantError(t, r.post("/token", twice), 400, "invalid_request")
	wantError(t, r.api("POST", "/token", "", `{"grant_type":"client_credentials"}`), 400, "invalid_request")
	if rep := r.get("/token"); rep.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET /token: %d", rep.StatusCode)
	}
	wantError(t, r.post("/token", r.tokenForm("client_credentials", "scope", strings.Repeat("x", maxForm))), 400, "invalid_request")
}

func TestARefreshRotates(t *testing.T) {
	r := newRig(t, "")
	first := r.connect()
	second := decode[tokens](t, r.refresh(first.Refresh))
	if second.Refresh == "" || second.Refresh == first.Refresh || second.Access == first.Access {
		t.Errorf("first %+v, second %+v", first, second)
	}
	if rep := r.refresh(second.Refresh); rep.StatusCode != 200 {
		t.Errorf("the new refresh token: %d %s", rep.StatusCode, rep.body)
	}
}

func TestAnOldRefreshTokenRevokesTheWholeGrantAndNoOther(t *testing.T) {
	r := newRig(t, "")
	first, bystander := r.connect(), r.connect()
	second := decode[tokens](t, r.refresh(first.Refresh))
	wantError(t, r.refresh(first.Refresh), 400, "invalid_grant")
	wantError(t, r.refresh(second.Refresh), 400, "invalid_grant")
	if rep := r.api("GET", "/v1.0/me", second.Access, ""); rep.StatusCode != 401 {
		t.Errorf("the access token still works: %d", rep.StatusCode)
	}
	if rep := r.refresh(bystander.Refresh); rep.StatusCode != 200 {
		t.Errorf("another grant of the same user was revoked too: %s", rep.body)
	}
	if n := r.srv.Requests().RefreshReuse; n != 1 {
		t.Errorf("RefreshReuse = %d, want 1", n)
	}
}

func TestRefreshScopeMayNarrowAndNotWiden(t *testing.T) {
	r := newRig(t, "")
	got := decode[tokens](t, r.refresh(r.connect().Refresh, "scope", "User.Read"))
	if got.Scope != "User.Read" {
		t.Errorf("scope = %q", got.Scope)
	}
	if rep := r.api("GET", "/v1.0/me/messages", got.Access, ""); rep.StatusCode != 403 {
		t.Errorf("a narrowed token reads mail: %d", rep.StatusCode)
	}
	wantError(t, r.refresh(got.Refresh, "scope", "Mail.Send"), 400, "invalid_scope")
	if full := decode[tokens](t, r.refresh(got.Refresh)); full.Scope != "User.Read Mail.Read offline_access" {
		t.Errorf("after a refused and a narrowed refresh: %+v", full)
	}
}

func TestARefreshTokenExpiresAndIsBoundToItsClient(t *testing.T) {
	r := newRig(t, "", func(c *Config) { c.RefreshLifetime = time.Hour })
	first := r.connect()
	wantError(t, r.refresh(first.Refresh, "client_id", "practice-public", "client_secret", ""), 400, "invalid_grant")
	r.clock.advance(time.Hour - time.Second)
	second := decode[tokens](t, r.refresh(first.Refresh))
	r.clock.advance(time.Hour)
	wantError(t, r.refresh(second.Refresh), 400, "invalid_grant")
}

func TestClientCredentials(t *testing.T) {
	r := newRig(t, "")
	for _, scope := range []string{"", ".default", "https://graph.example/.default", "User.Read.All"} {
		got := decode[tokens](t, r.post("/token", r.tokenForm("client_credentials", "scope", scope)))
		if got.Access == "" || got.Refresh != "" || got.Scope != "User.Read.All" {
			t.Errorf("scope %q: %+v", scope, got)
		}
	}
	wantError(t, r.post("/token", r.tokenForm("client_credentials", "scope", "Mail.Read")), 400, "invalid_scope")
	if n := r.srv.Requests().TokenRequests["client_credentials"]; n != 5 {
		t.Errorf("TokenRequests = %d, want 5", n)
	}
}

func TestTheIDTokenIsSignedByThePublishedKey(t *testing.T) {
	r := newRig(t, "")
	got := r.connect("scope", "openid email", "nonce", "n-1")
	parts := strings.Split(got.IDToken, ".")
	if len(parts) != 3 {
		t.Fatalf("id_token = %q", got.IDToken)
	}
	type keySet struct {
		Keys []struct{ N, E, Kid, Alg string }
	}
	key := decode[keySet](t, r.get("/jwks")).Keys[0]
	modulus, exponent, signature := unbase64(t, key.N), unbase64(t, key.E), unbase64(t, parts[2])
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature); err != nil {
		t.Errorf("signature: %v", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(unbase64(t, parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	now := float64(r.clock.Now().Unix())
	for name, want := range map[string]any{"iss": r.url, "aud": "practice", "nonce": "n-1", "sub": userID, "email": userMail, "iat": now, "exp": now + 3600, "auth_time": now, "name": nil} {
		if claims[name] != want {
			t.Errorf("claim %s = %v, want %v", name, claims[name], want)
		}
	}
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
