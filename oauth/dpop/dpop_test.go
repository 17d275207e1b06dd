package dpop_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/dpop"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func generate(t *testing.T, algs ...string) dpop.Key {
	t.Helper()
	key, err := dpop.Generate(rand.Reader, algs)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// open verifies a proof with the key inside it, as a server does.
func open(t *testing.T, proof string) (header, claims map[string]any, signer *jose.JSONWebKey) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(proof, []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.EdDSA, jose.PS256, jose.RS256})
	if err != nil {
		t.Fatal(err)
	}
	signer = jws.Signatures[0].Protected.JSONWebKey
	payload, err := jws.Verify(signer)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(proof, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(json.Unmarshal(raw, &header), json.Unmarshal(payload, &claims)); err != nil {
		t.Fatal(err)
	}
	return header, claims, signer
}

func sign(t *testing.T, key dpop.Key, proof dpop.Proof) string {
	t.Helper()
	text, err := proof.Sign(key, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRFC9449_4_2_a_AProofNamesItsRequestAndShowsThePublicKeyAlone(t *testing.T) {
	for _, alg := range []string{"ES256", "ES384", "ES512", "EdDSA", "PS256", "RS256"} {
		t.Run(alg, func(t *testing.T) {
			key := generate(t, alg)
			header, claims, signer := open(t, sign(t, key, dpop.Proof{Method: "POST", URL: parse(t, "https://as.example/token?a=b#c")}))
			if header["typ"] != "dpop+jwt" || header["alg"] != alg || !signer.IsPublic() || header["kid"] != nil {
				t.Errorf("the header is %v", header)
			}
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
				if header["jwk"].(map[string]any)[private] != nil {
					t.Errorf("the key shows %s", private)
				}
			}
			if claims["htm"] != "POST" || claims["htu"] != "https://as.example/token" || claims["iat"] != float64(now.Unix()) || claims["jti"] == "" {
				t.Errorf("the claims are %v", claims)
			}
			if claims["ath"] != nil || claims["nonce"] != nil {
				t.Errorf("claims that nothing calls for: %v", claims)
			}
			sum, err := signer.Thumbprint(crypto.SHA256)
			if want := base64.RawURLEncoding.EncodeToString(sum); err != nil || key.Thumbprint() != want {
				t.Errorf("the thumbprint is %s, want %s", key.Thumbprint(), want)
			}
		})
	}
}

func TestRFC9449_4_2_b_WithAnAccessTokenAProofHoldsItsHash(t *testing.T) {
	_, claims, _ := open(t, sign(t, generate(t), dpop.Proof{Method: "GET", URL: parse(t, "https://api.example/x"), AccessToken: "at-1"}))
	sum := sha256.Sum256([]byte("at-1"))
	if want := base64.RawURLEncoding.EncodeToString(sum[:]); claims["ath"] != want {
		t.Fatalf("ath is %v, want %s", claims["ath"], want)
	}
}

func TestRFC9449_4_2_c_AKnownNonceIsInTheProof(t *testing.T) {
	_, claims, _ := open(t, sign(t, generate(t), dpop.Proof{Method: "GET", URL: parse(t, "https://api.example/x"), Nonce: "n-1"}))
	if claims["nonce"] != "n-1" {
		t.Fatalf("nonce is %v", claims["nonce"])
	}
}

func TestRFC9449_7_3_TwoProofsOfOneRequestDiffer(t *testing.T) {
	key, proof := generate(t), dpop.Proof{Method: "GET", URL: parse(t, "https://api.example/x")}
	_, first, _ := open(t, sign(t, key, proof))
	_, second, _ := open(t, sign(t, key, proof))
	if first["jti"] == second["jti"] {
		t.Fatal("one jti twice")
	}
}

func TestRFC9449_5_1_AKeyIsMadeForWhatTheServerTakes(t *testing.T) {
	for _, test := range []struct {
		supported []string
		want      string
	}{
		{nil, "ES256"},
		{[]string{"RS256", "ES256"}, "ES256"},
		{[]string{"RS256", "EdDSA"}, "EdDSA"},
		{[]string{"ES512"}, "ES512"},
	} {
		if got := generate(t, test.supported...).Alg(); got != test.want {
			t.Errorf("%v: %s, want %s", test.supported, got, test.want)
		}
	}
}

func TestRFC9449_11_6_NoSymmetricAlgorithmSigns(t *testing.T) {
	for _, supported := range [][]string{{"HS256"}, {"none"}, {"XX\r\n"}} {
		_, err := dpop.Generate(rand.Reader, supported)
		var refused *oauth.Error
		if !errors.As(err, &refused) || refused.Action != oauth.ActionConfigure || strings.ContainsAny(refused.Description, "\r\n") {
			t.Errorf("%v: %v", supported, err)
		}
	}
	if _, err := dpop.Parse([]byte(`{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}`)); err == nil {
		t.Error("a shared secret was read as a key")
	}
}

func TestAKeyIsReadAsItWasWritten(t *testing.T) {
	for _, alg := range []string{"ES256", "EdDSA", "RS256"} {
		key := generate(t, alg)
		text, err := key.Text()
		if err != nil {
			t.Fatal(err)
		}
		again, err := dpop.Parse(text)
		if err != nil || again.Thumbprint() != key.Thumbprint() || again.Alg() != alg {
			t.Errorf("%s: %v %v", alg, again, err)
		}
	}
}

func TestWhatIsNoKeyIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, text := range []string{``, `canary`, `{"kty":"EC","crv":"P-256","x":"canary","y":"canary","alg":"ES256"}`} {
		if _, err := dpop.Parse([]byte(text)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", text, err)
		}
	}
	public := generate(t)
	_, _, signer := open(t, sign(t, public, dpop.Proof{Method: "GET", URL: parse(t, "https://api.example")}))
	signer.Algorithm = "ES256"
	text, _ := signer.MarshalJSON()
	if _, err := dpop.Parse(text); err == nil {
		t.Error("a public key was read as one that signs")
	}
}

func TestWithoutKeyOrRandomnessThereIsNoProof(t *testing.T) {
	proof := dpop.Proof{Method: "GET", URL: parse(t, "https://api.example/x")}
	if _, err := proof.Sign(dpop.Key{}, now, rand.Reader); err == nil {
		t.Error("signed without a key")
	}
	if _, err := proof.Sign(generate(t), now, iotest.ErrReader(errors.New("none"))); err == nil {
		t.Error("signed without randomness")
	}
}

func TestNothingOfAKeyIsPrinted(t *testing.T) {
	key := generate(t)
	text, _ := key.Text()
	var jwk map[string]string
	if err := json.Unmarshal(text, &jwk); err != nil {
		t.Fatal(err)
	}
	shown, _ := json.Marshal(key)
	for _, print := range []string{fmt.Sprint(key), fmt.Sprintf("%#v", key), fmt.Sprintf("%x", key), string(shown), key.LogValue().String()} {
		if strings.Contains(print, jwk["d"]) || !strings.Contains(print, "ES256") {
			t.Error(print)
		}
	}
	if got := (dpop.Key{}).String(); got != "no key" {
		t.Error(got)
	}
}

func TestRFC9449_9_NoncesAreKeptPerOriginAndTheLatestCounts(t *testing.T) {
	var nonces dpop.Nonces
	nonces.Adopt(parse(t, "https://api.example/a"), http.Header{"Dpop-Nonce": {"n-1"}})
	nonces.Adopt(parse(t, "https://API.example/b"), http.Header{"Dpop-Nonce": {"n-2"}})
	nonces.Adopt(parse(t, "https://api.example/c"), http.Header{})
	for address, want := range map[string]string{
		"https://api.example/x": "n-2", "https://api.example:8443/x": "", "http://api.example/x": "", "https://as.example": "",
	} {
		if got := nonces.Of(parse(t, address)); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestRFC9449_8_1_WhatIsNoNonceIsLeftAlone(t *testing.T) {
	var nonces dpop.Nonces
	api := parse(t, "https://api.example/")
	for _, values := range [][]string{{""}, {"a b"}, {`a"b`}, {"ä"}, {"one", "two"}, {strings.Repeat("n", 2000)}} {
		nonces.Adopt(api, http.Header{"Dpop-Nonce": values})
		if got := nonces.Of(api); got != "" {
			t.Errorf("%q was taken as %q", values, got)
		}
	}
}

func TestNoncesTakeABoundedRoom(t *testing.T) {
	var nonces dpop.Nonces
	for i := range 5000 {
		nonces.Adopt(parse(t, fmt.Sprintf("https://api-%d.example", i)), http.Header{"Dpop-Nonce": {"n"}})
	}
	known := 0
	for i := range 5000 {
		if nonces.Of(parse(t, fmt.Sprintf("https://api-%d.example", i))) != "" {
			known++
		}
	}
	if known != 4096 {
		t.Errorf("%d nonces are known", known)
	}
}

func TestRFC9449_9_AnAPIAsksForItsNonce(t *testing.T) {
	for _, test := range []struct {
		status    int
		challenge string
		nonce     string
		want      bool
	}{
		{401, `DPoP error="use_dpop_nonce", error_description="in the proof"`, "n", true},
		{401, `Bearer realm="x", dpop error=use_dpop_nonce`, "n", true},
		{401, `DPoP error="use_dpop_nonce"`, "", false},
		{401, `DPoP error="invalid_token"`, "n", false},
		{401, `Bearer error="use_dpop_nonce"`, "n", false},
		{400, `DPoP error="use_dpop_nonce"`, "n", false},
	} {
		h := http.Header{"Www-Authenticate": {test.challenge}}
		if test.nonce != "" {
			h.Set("DPoP-Nonce", test.nonce)
		}
		if got := dpop.Asked(test.status, h); got != test.want {
			t.Errorf("%d %s: %v", test.status, test.challenge, got)
		}
	}
}
