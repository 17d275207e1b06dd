package idtoken

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/oauth"
)

// fit checks that an error can be shown and says what to do.
func fit(t *testing.T, err error) {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) || e.Action == "" || e.Code == "" || strings.ContainsAny(err.Error(), "\r\n\x1b\x00") {
		t.Fatalf("%#v", err)
	}
}

// FuzzVerify: nothing but what was signed is accepted, on the verified path;
// what TLS stands for still keeps the rules.
func FuzzVerify(f *testing.F) {
	signed := map[string]bool{}
	for _, token := range []string{
		good(f, nil), minted(f, RS256, rsaKey(), claimed(nil)), minted(f, EdDSA, edKey(), claimed(nil), "kid", "ed"),
	} {
		signed[token] = true
		f.Add(token)
	}
	for _, token := range []string{
		good(f, claims{"aud": []string{client, "x"}}), raw(`{"alg":"none"}`, `{}`, ""), raw(`{"alg":"HS256","kid":"rsa"}`, `{"iss":"`+issuer+`"}`, "x"),
		raw(`{"alg":"ES256","jwk":{"kty":"EC"}}`, `{"exp":1e400}`, "x"), "..", "a.b.c.d.e",
	} {
		f.Add(token)
	}
	v := verifier(f)
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := v.Verify(token); err != nil {
			fit(t, err)
		} else if !signed[token] {
			t.Fatalf("accepted %q", token)
		}
		c, err := v.UnverifiedFromTokenEndpoint(token)
		if err != nil {
			fit(t, err)
			return
		}
		if c.Issuer != issuer || c.Nonce != v.Nonce || c.Subject == "" || c.Expiry.Before(now().Add(-v.Leeway)) {
			t.Fatalf("accepted %q: %v", token, c)
		}
	})
}

// FuzzParseKeySet: what is accepted can be used, and is bounded.
func FuzzParseKeySet(f *testing.F) {
	f.Add(setText(jwkText(ecKey().Public(), ""), jwkText(rsaKey().Public(), `,"use":"sig","alg":"PS256"`)))
	f.Add(setText(jwkText(edKey().Public(), ""), `{"kty":"RSA","n":"AQ","e":""}`))
	f.Add(setText(`{"kty":"oct","k":"AA"}`, `{"kty":"OKP","crv":"Ed25519","x":"AA"}`, `{"kty":"EC","crv":"P-256","x":"","y":""}`))
	f.Add([]byte(`{"keys":null}`))
	good := string(must(json.Marshal(claimed(nil))))
	f.Fuzz(func(t *testing.T, body []byte) {
		set, err := ParseKeySet(body)
		if err != nil {
			fit(t, err)
			return
		}
		if set.Len() == 0 || set.Len() > maxKeys {
			t.Fatalf("%d keys", set.Len())
		}
		v := Verifier{Issuer: issuer, ClientID: client, Keys: set, Algs: known(), Now: now()}
		for _, alg := range known() {
			if _, err := v.Verify(raw(`{"alg":"`+string(alg)+`"}`, good, "forged")); err == nil {
				t.Fatalf("%s forged", alg)
			} else {
				fit(t, err)
			}
		}
	})
}
