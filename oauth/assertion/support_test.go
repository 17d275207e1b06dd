package assertion

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth"
)

const (
	clientID = "6731de76-14a6-49ae-97bc-6eba6914391e"
	audience = "https://as.example/tenant"
)

func now() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

// counting is randomness that is never the same twice, and known.
type counting struct{ n byte }

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		c.n++
		p[i] = c.n
	}
	return len(p), nil
}

// rsaKey is made once: it is the slow one.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ecKey(curve elliptic.Curve) *ecdsa.PrivateKey {
	return must(ecdsa.GenerateKey(curve, rand.Reader))
}

func edKey() ed25519.PrivateKey {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return must(private, err)
}

func pemOf(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func pkcs8(private any) []byte {
	return pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(private)))
}

func certificate(private crypto.Signer, name string, until time.Time) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name},
		NotBefore: now().Add(-time.Hour), NotAfter: until,
	}
	return pemOf("CERTIFICATE", must(x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)))
}

func parsed(t *testing.T, text []byte) Key {
	t.Helper()
	key, err := ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// opened verifies a JWT with the key's public half (or its secret) and gives
// header and claims.
func opened(t *testing.T, jwt string, key Key, alg Alg) (header, claims map[string]any) {
	t.Helper()
	jws, err := jose.ParseSignedCompact(jwt, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		t.Fatal(err)
	}
	var verifier any = key.Public()
	if secret, ok := key.material.([]byte); ok {
		verifier = secret
	}
	payload, err := jws.Verify(verifier)
	if err != nil {
		t.Fatal(err)
	}
	raw := must(jose.ParseSignedCompact(jwt, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)}))
	if !bytes.Equal(raw.UnsafePayloadWithoutVerification(), payload) {
		t.Fatal("two payloads")
	}
	first, _, _ := strings.Cut(jwt, ".")
	return object(t, must(decode(first))), object(t, payload)
}

func object(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

// failing asserts an *oauth.Error with the code whose words hold the part.
func failing(t *testing.T, err error, code, part string) {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *oauth.Error with %q", err, part)
	}
	if e.Code != code || !strings.Contains(e.Description, part) {
		t.Errorf("got %s %q, want %s with %q", e.Code, e.Description, code, part)
	}
}

func assertion() ClientAssertion { return ClientAssertion{ClientID: clientID, Audience: audience} }

func signed(t *testing.T, a ClientAssertion, key Key) string {
	t.Helper()
	jwt, err := a.Sign(key, now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
