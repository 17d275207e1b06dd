package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// These tests walk the flow by hand, without the code under test, so that a
// failure elsewhere in this package is not the rig's.

const rigRedirect = "http://127.0.0.1:1/oauth/callback"

// handFlow is one authorization request written out by hand.
type handFlow struct {
	verifier string
	state    string
	url      string
}

func beginByHand(as authServer, client registration) handFlow {
	flow := handFlow{verifier: rand.Text() + rand.Text(), state: rand.Text()}
	sum := sha256.Sum256([]byte(flow.verifier))
	flow.url = as.Issuer + "/auth?" + url.Values{
		"response_type":         {"code"},
		"client_id":             {client.ID},
		"redirect_uri":          {rigRedirect},
		"scope":                 {"openid offline_access mail.read"},
		"prompt":                {"consent"},
		"state":                 {flow.state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}.Encode()
	return flow
}

// callbackParams reads the parameters the authorization server sent back.
func callbackParams(t *testing.T, at page) url.Values {
	t.Helper()
	if !strings.HasPrefix(at.URL, rigRedirect+"?") {
		t.Fatalf("the visit ended at %s (status %d), not at the redirect URI:\n%s", at.URL, at.Status, at.Body)
	}
	target, err := url.Parse(at.URL)
	if err != nil {
		t.Fatal(err)
	}
	return target.Query()
}

// tokenReply is the token endpoint's answer, good or bad.
type tokenReply struct {
	Status       int    `json:"-"`
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int    `json:"expires_in"`
	Error        string `json:"error"`
}

func tokenByHand(t *testing.T, as authServer, client registration, params url.Values) tokenReply {
	t.Helper()
	switch client.AuthMethod {
	case "client_secret_post":
		params.Set("client_secret", client.Secret)
		params.Set("client_id", client.ID)
	case "none":
		params.Set("client_id", client.ID)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, as.Issuer+"/token", strings.NewReader(params.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client.AuthMethod == "client_secret_basic" {
		req.SetBasicAuth(url.QueryEscape(client.ID), url.QueryEscape(client.Secret))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	reply := tokenReply{Status: res.StatusCode}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		t.Fatalf("token endpoint's answer (status %d): %v", res.StatusCode, err)
	}
	return reply
}

// callAPI asks the protected API and returns status, challenge and body.
func callAPI(t *testing.T, as authServer, token string) (status int, challenge, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, as.APIURL+"/mail?top=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("WWW-Authenticate"), string(raw)
}

func redeemByHand(t *testing.T, as authServer, client registration) tokenReply {
	t.Helper()
	flow := beginByHand(as, client)
	b := newBrowser(t, "ada")
	b.stopAt = rigRedirect
	got := callbackParams(t, b.authorize(t, flow.url))
	if got.Get("state") != flow.state {
		t.Errorf("state came back as %q, want %q", got.Get("state"), flow.state)
	}
	if got.Get("iss") != as.Issuer {
		t.Errorf("iss = %q, want %q (RFC 9207)", got.Get("iss"), as.Issuer)
	}
	return tokenByHand(t, as, client, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {got.Get("code")},
		"redirect_uri":  {rigRedirect},
		"code_verifier": {flow.verifier},
	})
}

func refreshByHand(t *testing.T, as authServer, client registration, refreshToken string) tokenReply {
	t.Helper()
	return tokenByHand(t, as, client, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refreshToken},
	})
}

func TestPracticeOfTheRig(t *testing.T) {
	as := startAuthServer(t, authServerOptions{})
	for _, id := range []string{"basic-client", "post-client", "public-client"} {
		t.Run(id, func(t *testing.T) {
			client := as.Clients[id]
			first := redeemByHand(t, as, client)
			if first.Status != http.StatusOK || first.RefreshToken == "" || first.ExpiresIn != 3600 {
				t.Fatalf("the code gave status %d, error %q, expires_in %d, refresh token given: %v",
					first.Status, first.Error, first.ExpiresIn, first.RefreshToken != "")
			}
			status, _, body := callAPI(t, as, first.AccessToken)
			if status != http.StatusOK || !strings.Contains(body, `"subject":"ada"`) || !strings.Contains(body, `"query":{"top":"2"}`) {
				t.Fatalf("the API answered %d %s", status, body)
			}
			second := refreshByHand(t, as, client, first.RefreshToken)
			if second.Status != http.StatusOK || second.RefreshToken == first.RefreshToken {
				t.Fatalf("the refresh gave status %d, error %q, and a new refresh token: %v",
					second.Status, second.Error, second.RefreshToken != first.RefreshToken)
			}
			if reused := refreshByHand(t, as, client, first.RefreshToken); reused.Error != "invalid_grant" {
				t.Errorf("an old refresh token gave %d %q, want invalid_grant", reused.Status, reused.Error)
			}
			if after := refreshByHand(t, as, client, second.RefreshToken); after.Error != "invalid_grant" {
				t.Errorf("reuse left the grant standing: %d %q", after.Status, after.Error)
			}
		})
	}
	seen := as.tokenRequests(t).Requests
	if code, refresh := seen["authorization_code"], seen["refresh_token"]; code.OK != 3 || refresh.OK != 3 || refresh.Refused != 6 {
		t.Errorf("token requests counted: %+v", seen)
	}
}

func TestDenialComesBackAsAccessDenied(t *testing.T) {
	as := startAuthServer(t, authServerOptions{})
	flow := beginByHand(as, as.Clients["basic-client"])
	b := newBrowser(t, "ada")
	b.deny, b.stopAt = true, rigRedirect
	got := callbackParams(t, b.authorize(t, flow.url))
	if got.Get("error") != "access_denied" || got.Get("code") != "" || got.Get("state") != flow.state {
		t.Errorf("the redirect carries %v", got)
	}
}

func TestTheAPIRefusesTokensThatNoLongerCount(t *testing.T) {
	as := startAuthServer(t, authServerOptions{})
	client := as.Clients["basic-client"]

	if status, challenge, _ := callAPI(t, as, ""); status != http.StatusUnauthorized || strings.Contains(challenge, "error=") {
		t.Errorf("without a token: %d %q, want 401 and a bare challenge", status, challenge)
	}

	tokens := redeemByHand(t, as, client)
	if n := as.expireAccessTokens(t); n == 0 {
		t.Fatal("there was no access token to expire")
	}
	if status, challenge, _ := callAPI(t, as, tokens.AccessToken); status != http.StatusUnauthorized || !strings.Contains(challenge, `error="invalid_token"`) {
		t.Errorf("with an expired token: %d %q", status, challenge)
	}

	renewed := refreshByHand(t, as, client, tokens.RefreshToken)
	if status, _, body := callAPI(t, as, renewed.AccessToken); status != http.StatusOK {
		t.Fatalf("with the renewed token: %d %s", status, body)
	}
	if n := as.revokeGrants(t); n == 0 {
		t.Fatal("there was no grant to revoke")
	}
	if status, _, _ := callAPI(t, as, renewed.AccessToken); status != http.StatusUnauthorized {
		t.Errorf("after the grant was revoked the API still answers %d", status)
	}
	if gone := refreshByHand(t, as, client, renewed.RefreshToken); gone.Error != "invalid_grant" {
		t.Errorf("after the grant was revoked a refresh gave %d %q", gone.Status, gone.Error)
	}
}

func TestTheServiceClientGetsATokenWithoutAUser(t *testing.T) {
	as := startAuthServer(t, authServerOptions{accessTokenTTL: 7 * time.Second})
	reply := tokenByHand(t, as, as.Clients["service-client"], url.Values{
		"grant_type": {"client_credentials"},
		"scope":      {"mail.send"},
	})
	if reply.ExpiresIn != 7 || reply.RefreshToken != "" {
		t.Fatalf("the service's token: status %d, error %q, expires_in %d", reply.Status, reply.Error, reply.ExpiresIn)
	}
	if status, _, body := callAPI(t, as, reply.AccessToken); status != http.StatusOK || !strings.Contains(body, `"scope":"mail.send"`) {
		t.Errorf("the API answered %d %s", status, body)
	}
}
