package idtoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth"
)

const (
	issuer  = "https://as.example/tenant"
	client  = "client"
	subject = "248289761001"
)

func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Keys are made once: RSA is slow to make.
var (
	rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey  = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey  = sync.OnceValue(func() ed25519.PrivateKey {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return must(private, err)
	})
)

type claims = map[string]any

// claimed are the claims of a good token, with changes; nil takes one out.
func claimed(change claims) claims {
	c := claims{"iss": issuer, "sub": subject, "aud": client, "exp": now().Add(time.Hour).Unix(), "iat": now().Unix(), "nonce": "n-0S6_WzA2Mj"}
	for name, value := range change {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

// minted signs claims with a private key; header is name, value, ...
func minted(t testing.TB, alg Alg, private any, c claims, header ...string) string {
	t.Helper()
	options := &jose.SignerOptions{}
	for i := 0; i+1 < len(header); i += 2 {
		options.WithHeader(jose.HeaderKey(header[i]), header[i+1])
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: private}, options)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(must(json.Marshal(c)))
	if err != nil {
		t.Fatal(err)
	}
	return must(jws.CompactSerialize())
}

// good is a token signed as the standard verifier expects.
func good(t testing.TB, change claims) string {
	t.Helper()
	return minted(t, ES256, ecKey(), claimed(change), "kid", "ec", "typ", "JWT")
}

// raw puts a token together that no library would make.
func raw(header, payload, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode([]byte(signature))
}

func setOf(t testing.TB, keys ...jose.JSONWebKey) KeySet {
	t.Helper()
	set, err := ParseKeySet(must(json.Marshal(jose.JSONWebKeySet{Keys: keys})))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func allKeys(t testing.TB) KeySet {
	t.Helper()
	return setOf(t,
		jose.JSONWebKey{Key: rsaKey().Public(), KeyID: "rsa", Use: "sig"},
		jose.JSONWebKey{Key: ecKey().Public(), KeyID: "ec", Use: "sig"},
		jose.JSONWebKey{Key: edKey().Public(), KeyID: "ed"},
	)
}

func verifier(t testing.TB) Verifier {
	t.Helper()
	return Verifier{Issuer: issuer, ClientID: client, Algs: known(), Keys: allKeys(t), Nonce: "n-0S6_WzA2Mj", Now: now(), Leeway: time.Minute}
}

// failing asserts that a token was refused by the rule, and what it calls for.
func failing(t *testing.T, err error, rule string, action oauth.Action) {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *oauth.Error about %s", err, rule)
	}
	if e.Code != CodeInvalidIDToken || e.Suberror != rule || e.Action != action {
		t.Fatalf("got %s %s (%v), want %s %s", e.Suberror, e.Action, e, rule, action)
	}
}

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}
