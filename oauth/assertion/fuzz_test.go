package assertion

import (
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/oauth"
)

// FuzzParseKey: what is accepted signs; what is refused is refused in words
// fit to be shown.
func FuzzParseKey(f *testing.F) {
	private := ecKey(elliptic.P256())
	f.Add(pkcs8(private))
	f.Add(append(certificate(private, "x", now()), pkcs8(private)...))
	f.Add(pkcs8(edKey()))
	f.Add(jwkOf(private, nil))
	f.Add(jwkOf(edKey(), map[string]any{"kid": "k\x1b", "alg": "\n"}))
	f.Add(jwkOf(private, map[string]any{"x5c": []string{"MII"}, "x5t": "AA", "x5u": "::"}))
	f.Add([]byte(`{"kty":"RSA","n":"AQ","e":"AQAB","d":"AQ","p":"AQ","q":"AQ"}`))
	f.Add([]byte(`{"private_key":"-----BEGIN PRIVATE KEY-----\n"}`))
	f.Add([]byte("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParseKey(text)
		if err != nil {
			var e *oauth.Error
			if !errors.As(err, &e) || e.Action != oauth.ActionConfigure || strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Fatalf("%#v", err)
			}
			return
		}
		if _, err := assertion().Sign(key, now(), rand.Reader); err != nil {
			t.Fatalf("accepted and cannot sign: %v", err)
		}
		if _, err := key.PublicJWK(); err != nil {
			t.Fatalf("accepted without a public half: %v", err)
		}
	})
}
