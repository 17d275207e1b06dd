package broker_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// provingServer is an authorization server that binds tokens to keys.
type provingServer struct {
	*httptest.Server
	mu        sync.Mutex
	nonce     string // wanted in proofs; "" for none
	tokenType string
	proofs    []map[string]any // claims, with the key under "jwk"
	forms     []url.Values
	wants     func(url.Values, http.Header) string // the error to answer; "" for none
}

func newProvingServer(t *testing.T) *provingServer {
	t.Helper()
	s := &provingServer{tokenType: "DPoP"}
	s.Server = httptest.NewServer(http.HandlerFunc(s.token))
	t.Cleanup(s.Close)
	return s
}

func (s *provingServer) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	claims := proofClaims(r.Header.Get("DPoP"))
	s.proofs, s.forms = append(s.proofs, claims), append(s.forms, r.PostForm)
	if s.nonce != "" {
		w.Header().Set("DPoP-Nonce", s.nonce)
		if claims["nonce"] != s.nonce {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprint(w, `{"error":"use_dpop_nonce"}`)
			return
		}
	}
	if s.wants != nil {
		if code := s.wants(r.PostForm, r.Header); code != "" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `{"error":%q}`, code)
			return
		}
	}
	_, _ = fmt.Fprintf(w, `{"access_token":"at-%d","refresh_token":"rt-%d","token_type":%q,"expires_in":3600}`, len(s.forms), len(s.forms), s.tokenType)
}

// proofClaims reads a proof without verifying it: oauth/dpop's tests do that.
func proofClaims(proof string) map[string]any {
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		return nil
	}
	var header, claims map[string]any
	for i, to := range []*map[string]any{&header, &claims} {
		text, _ := base64.RawURLEncoding.DecodeString(parts[i])
		_ = json.Unmarshal(text, to)
	}
	claims["jwk"] = fmt.Sprint(header["jwk"])
	return claims
}

func (s *provingServer) seen() ([]map[string]any, []url.Values) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proofs, s.forms
}

// bound gives the harness a connection "vault" whose tokens are bound.
func bound(t *testing.T, mode string) (*harness, *provingServer) {
	t.Helper()
	h, s := newHarness(t), newProvingServer(t)
	var p api.Provider
	p.AuthorizationEndpoint, p.TokenEndpoint = s.URL+"/authorize", s.URL+"/token"
	p.TokenEndpointAuthMethod = "none"
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1"}
	p.DPoP = mode
	_, err := h.PutProvider(h.ctx, "vaults", p)
	h.must(err)
	_, err = h.PutClient(h.ctx, "vaults", api.ClientSpec{Provider: "vaults", ClientID: "id"})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "vault", api.ConnectionSpec{Client: "vaults"})
	h.must(err)
	return h, s
}

func TestRFC9449_5_a_EveryTokenRequestIsProved(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	h.authorize("vault")
	_, err := h.Refresh(h.ctx, "vault")
	h.must(err)
	proofs, forms := s.seen()
	if len(forms) != 2 {
		t.Fatalf("%d token requests", len(forms))
	}
	for i, claims := range proofs {
		if claims["htm"] != "POST" || claims["htu"] != s.URL+"/token" || claims["ath"] != nil {
			t.Errorf("request %d was proved as %v", i, claims)
		}
	}
	if proofs[0]["jti"] == proofs[1]["jti"] {
		t.Error("one proof was shown twice")
	}
	token, err := h.Token(h.ctx, "vault", 0)
	h.must(err)
	if token.TokenType != "DPoP" || token.Scheme != "DPoP" || token.Header != "Authorization" {
		t.Errorf("the token is handed out as %s, under %s: %s", token.TokenType, token.Header, token.Scheme)
	}
}

func TestRFC9449_5_b_AGrantKeepsItsKey(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	_, sent := h.begin("vault")
	if sent.Get("dpop_jkt") == "" {
		t.Error("the code is not bound")
	}
	h.authorize("vault")
	other := h.open() // a restart
	_, err := other.Refresh(h.ctx, "vault")
	h.must(err)
	h.must(other.Close(h.ctx))
	proofs, _ := s.seen()
	if proofs[0]["jwk"] != proofs[1]["jwk"] {
		t.Error("the refresh was proved with another key")
	}
	_, again := h.begin("vault")
	if again.Get("dpop_jkt") != sent.Get("dpop_jkt") {
		t.Error("the connection has two keys")
	}
	_, err = h.Revoke(h.ctx, "vault")
	h.must(err)
	_, anew := h.begin("vault")
	if anew.Get("dpop_jkt") == sent.Get("dpop_jkt") {
		t.Error("a grant that was given up left its key")
	}
}

func TestRFC9449_8_ATokenRequestIsSentAgainWithTheNonce(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	s.nonce = "n-1"
	h.authorize("vault")
	proofs, forms := s.seen()
	if len(forms) != 2 || forms[0].Get("code") != forms[1].Get("code") || proofs[1]["nonce"] != "n-1" || proofs[0]["jti"] == proofs[1]["jti"] {
		t.Fatalf("%d requests, the last proved as %v", len(forms), proofs[len(proofs)-1])
	}
	_, err := h.Refresh(h.ctx, "vault")
	h.must(err)
	if proofs, _ := s.seen(); len(proofs) != 3 || proofs[2]["nonce"] != "n-1" {
		t.Errorf("after %d requests the nonce is %v", len(proofs), proofs[len(proofs)-1]["nonce"])
	}
}

func TestRFC9449_5_c_ATokenThatIsNotBoundIsDiscardedAndTheGrantKept(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	h.authorize("vault")
	s.mu.Lock()
	s.tokenType = "Bearer"
	s.mu.Unlock()
	_, err := h.Refresh(h.ctx, "vault")
	found := wantCode(t, err, api.CodeNeedsConfiguration)
	if !strings.Contains(found.Message, "not bound") {
		t.Errorf("the message is %q", found.Message)
	}
	h.wantState("vault", api.StateNeedsConfiguration)
	s.mu.Lock()
	s.tokenType = "DPoP"
	s.mu.Unlock()
	_, err = h.Refresh(h.ctx, "vault")
	h.must(err)
	if _, forms := s.seen(); forms[len(forms)-1].Get("refresh_token") != "rt-2" {
		t.Errorf("renewed with %s: the refresh token beside the discarded one was lost", forms[len(forms)-1].Get("refresh_token"))
	}
	h.wantToken("vault", "at-3")
}

func TestRFC9449_5_c_ACodeWhoseTokenIsNotBoundBringsNoGrant(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	s.tokenType = "Bearer"
	_, sent := h.begin("vault")
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
	wantCode(t, err, api.CodeNeedsConfiguration)
	h.wantState("vault", api.StateNew)
}

func TestWithoutBindingNoProofIsSentAndABoundTokenIsRefused(t *testing.T) {
	for _, mode := range []string{"", api.DPoPAuto, api.DPoPOff} {
		h, s := bound(t, mode)
		_, sent := h.begin("vault")
		if sent.Has("dpop_jkt") {
			t.Errorf("dpop %q: the code is bound", mode)
		}
		_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
		wantCode(t, err, api.CodeNeedsConfiguration)
		if proofs, _ := s.seen(); len(proofs) != 1 || proofs[0] != nil {
			t.Errorf("dpop %q: a proof was sent", mode)
		}
	}
}

func TestAConnectionSaysMoreOfBindingThanItsProvider(t *testing.T) {
	h, s := bound(t, api.DPoPOff)
	var spec api.ConnectionSpec
	spec.Client, spec.DPoP = "vaults", "always"
	_, err := h.PutConnection(h.ctx, "vault", spec)
	wantCode(t, err, api.CodeInvalid)
	spec.DPoP = api.DPoPRequired
	_, err = h.PutConnection(h.ctx, "vault", spec)
	h.must(err)
	h.authorize("vault")
	if proofs, _ := s.seen(); proofs[0] == nil {
		t.Error("no proof was sent")
	}
}

func TestRFC9449_7_1_ACallerGetsProofsForItsOwnRequests(t *testing.T) {
	h, _ := bound(t, api.DPoPRequired)
	h.authorize("vault")
	proof, err := h.Proof(h.ctx, "vault", api.ProofRequest{Method: "GET", URL: "https://api.example.com/v1/me?x=1", Nonce: "n"})
	h.must(err)
	claims := proofClaims(proof.Proof)
	if claims["htm"] != "GET" || claims["htu"] != "https://api.example.com/v1/me" || claims["nonce"] != "n" || claims["ath"] == nil || proof.Generation != 1 {
		t.Errorf("generation %d: %v", proof.Generation, claims)
	}
	if claims["iat"] != float64(h.clock.Now().Unix()) {
		t.Errorf("iat is %v", claims["iat"])
	}
	for _, wrong := range []api.ProofRequest{
		{Method: "GET", URL: "https://evil.example/v1/me"}, {Method: "GET", URL: "http://api.example.com/v1/me"},
		{URL: "https://api.example.com/"}, {Method: "GET", URL: "/v1/me"},
	} {
		_, err := h.Proof(h.ctx, "vault", wrong)
		wantCode(t, err, api.CodeInvalid)
	}
	h.authorize("mail")
	_, err = h.Proof(h.ctx, "mail", api.ProofRequest{Method: "GET", URL: "https://api.example.com/v1/me"})
	wantCode(t, err, api.CodeConflict)
}

func TestABoundTokenIsRenewedAheadOfNeedLikeAnyOther(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	h.authorize("vault")
	h.clock.advance(2 * time.Hour)
	h.wantToken("vault", "at-2")
	if proofs, _ := s.seen(); len(proofs) != 2 || proofs[1] == nil {
		t.Error("the renewal was not proved")
	}
}

func TestRFC7523_3_AnAssertionIsSignedAnewForTheNonce(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	s.nonce = "n-1"
	_, text := newKey(t)
	var p api.Provider
	p.TokenEndpoint, p.Grant, p.DPoP = s.URL+"/token", "jwt_bearer", api.DPoPRequired
	_, err := h.PutProvider(h.ctx, "accounts", p)
	h.must(err)
	_, err = h.PutClient(h.ctx, "machine", api.ClientSpec{Provider: "accounts", ClientID: "id", PrivateKey: &text})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "machine", api.ConnectionSpec{Client: "machine"})
	h.must(err)
	h.wantToken("machine", "at-2")
	proofs, forms := s.seen()
	if len(forms) != 2 || proofs[1]["nonce"] != "n-1" {
		t.Fatalf("%d requests, the last proved with %v", len(forms), proofs)
	}
	first, second := proofClaims(forms[0].Get("assertion")), proofClaims(forms[1].Get("assertion"))
	if first["jti"] == nil || first["jti"] == second["jti"] {
		t.Errorf("the assertion %v is shown twice: %v", first["jti"], second["jti"])
	}
}

func TestRFC9449_8_TheMethodIsFoundAtAServerThatWantsANonce(t *testing.T) {
	h, s := bound(t, api.DPoPRequired)
	s.nonce, s.wants = "n-1", func(form url.Values, header http.Header) string {
		switch {
		case form.Get("client_secret") != "s3cret":
			return "invalid_client"
		case strings.HasPrefix(form.Get("code"), "valetkey-probe"):
			return "invalid_grant"
		}
		return ""
	}
	p := must(h.Provider(h.ctx, "vaults"))
	p.TokenEndpointAuthMethod = ""
	_, err := h.PutProvider(h.ctx, "vaults", p)
	h.must(err)
	text := api.Secret("s3cret")
	_, err = h.PutClient(h.ctx, "vaults", api.ClientSpec{Provider: "vaults", ClientID: "id", ClientSecret: &text})
	h.must(err)
	h.authorize("vault")
	if found := must(h.Client(h.ctx, "vaults")).FoundAuthMethod; found == nil || found.Method != "client_secret_post" {
		t.Errorf("found %+v", found)
	}
	seen := map[any]bool{}
	proofs, forms := s.seen()
	for i, proof := range proofs {
		if seen[proof["jti"]] {
			t.Errorf("request %d shows a proof again", i)
		}
		seen[proof["jti"]] = true
	}
	if len(forms) != 4 { // the nonce, Basic, the body, the code
		t.Errorf("%d requests", len(forms))
	}
}
