package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Key is what a client signs with: a private key, with or without a
// certificate, or a client secret. The zero Key signs nothing. It redacts
// itself wherever it is printed.
type Key struct {
	material any // *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey or []byte
	id       string
	alg      Alg // what a JWK says it is for; empty: any of its kind
	chain    []*x509.Certificate
}

// SecretKey makes a key of a client secret, for client_secret_jwt
// (OpenID Connect Core §9). Its bytes are the key (§10.1).
func SecretKey(clientSecret string) Key { return Key{material: []byte(clientSecret)} }

// ID is the kid of the key; empty when it has none.
func (k Key) ID() string { return k.id }

// WithID gives the same key under another kid.
func (k Key) WithID(kid string) Key {
	k.id = kid
	return k
}

// Algs lists what the key can sign with, its default first. It is empty for
// the zero Key.
func (k Key) Algs() []Alg {
	all := algsOf(k.material)
	if k.alg == "" {
		return all
	}
	return slices.DeleteFunc(all, func(a Alg) bool { return a != k.alg })
}

// CertificateExpires tells when the leaf certificate ends; ok is false when
// the key has no certificate.
func (k Key) CertificateExpires() (at time.Time, ok bool) {
	if len(k.chain) == 0 {
		return time.Time{}, false
	}
	return k.chain[0].NotAfter, true
}

// Public is the public half; nil for a secret and for the zero Key.
func (k Key) Public() crypto.PublicKey {
	if signer, ok := k.material.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}

// PublicJWK is the public half as a JWK (RFC 7517 §4), to be registered with
// an authorization server or published in a JWK set. It fails for a secret.
func (k Key) PublicJWK() ([]byte, error) {
	public := k.Public()
	if public == nil {
		return nil, unusable("a client secret has no public half to register")
	}
	algs := k.Algs()
	use := jose.JSONWebKey{Key: public, KeyID: k.id, Use: "sig", Certificates: k.chain}
	if len(algs) == 1 {
		use.Algorithm = string(algs[0])
	}
	out, err := json.Marshal(use)
	if err != nil {
		return nil, unusable("the key cannot be written as a JWK")
	}
	return out, nil
}

// Thumbprint is the base64url SHA-256 thumbprint of the public key
// (RFC 7638), the usual kid where none was given. It is empty for a secret.
func (k Key) Thumbprint() string {
	public := k.Public()
	if public == nil {
		return ""
	}
	jwk := jose.JSONWebKey{Key: public}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return encode(sum)
}

// pick settles the algorithm: the wanted one if the key can, else the key's
// default.
func (k Key) pick(wanted Alg) (Alg, error) {
	can := k.Algs()
	switch {
	case len(can) == 0:
		return "", unusable("the client has no key to sign its assertion with; give it a private key in PEM or as a JWK")
	case wanted == "":
		wanted = can[0]
	case !slices.Contains(can, wanted):
		return "", unusable("%s cannot sign with %s; it can with %s", k.kind(), shown(string(wanted)), join(can))
	}
	if secret, ok := k.material.([]byte); ok && len(secret) < wanted.secretSize() {
		return "", unusable("the client secret has %d bytes, and %s needs %d (RFC 7518 §3.2); use client_secret_basic, or have a longer secret issued",
			len(secret), wanted, wanted.secretSize())
	}
	return wanted, nil
}

func join(algs []Alg) string {
	words := make([]string, len(algs))
	for i, a := range algs {
		words[i] = string(a)
	}
	return strings.Join(words, ", ")
}

// shown quotes what a description says, which may be anything, in short.
func shown(s string) string { return strconv.Quote(s[:min(len(s), 64)]) }

func (k Key) kind() string {
	switch m := k.material.(type) {
	case []byte:
		return "a client secret"
	case *rsa.PrivateKey:
		return fmt.Sprintf("an RSA key of %d bits", m.N.BitLen())
	case *ecdsa.PrivateKey:
		return "an EC key on " + m.Curve.Params().Name
	case ed25519.PrivateKey:
		return "an Ed25519 key"
	}
	return "no key"
}

// String tells the kind of key, none of it.
func (k Key) String() string {
	s := k.kind()
	if k.id != "" {
		s += ", kid " + shown(k.id)
	}
	if at, ok := k.CertificateExpires(); ok {
		s += ", certificate until " + at.UTC().Format(time.DateOnly)
	}
	return s
}

// GoString is String: %#v must not show more.
func (k Key) GoString() string { return "assertion.Key{" + k.String() + "}" }

// Format redacts for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// LogValue redacts in log/slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON redacts: a Key cannot be stored by accident.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }
