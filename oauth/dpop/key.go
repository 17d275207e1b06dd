package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/oauth"
)

// TokenType is the token_type of an access token that is bound to a key
// (RFC 9449 §5), and the scheme it is sent with (§7.1).
const TokenType = "DPoP"

const rsaBits = 3072

// Key is what tokens are bound to. It signs with one algorithm. The zero Key
// signs nothing. It redacts itself wherever it is printed.
type Key struct {
	material crypto.Signer
	alg      jose.SignatureAlgorithm
}

// algs lists what a key can be made for, the first choice first.
func algs() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.ES384, jose.ES512, jose.PS256, jose.RS256}
}

// Generate makes a key for a server's dpop_signing_alg_values_supported
// (RFC 9449 §5.1): ES256 where the server takes it or does not say. The error
// is an *oauth.Error.
func Generate(random io.Reader, supported []string) (Key, error) {
	for _, alg := range algs() {
		if len(supported) > 0 && !slices.Contains(supported, string(alg)) {
			continue
		}
		material, err := material(random, alg)
		if err != nil {
			return Key{}, &oauth.Error{Code: oauth.CodeInvalidRequest, Description: "no key for proofs of possession can be made", Action: oauth.ActionRetry}
		}
		return Key{material: material, alg: alg}, nil
	}
	return Key{}, unusable("the server takes proofs signed with " + shown(supported) + " only, and none of that can be made here")
}

func material(random io.Reader, alg jose.SignatureAlgorithm) (crypto.Signer, error) {
	switch alg {
	case jose.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case jose.ES384:
		return ecdsa.GenerateKey(elliptic.P384(), random)
	case jose.ES512:
		return ecdsa.GenerateKey(elliptic.P521(), random)
	case jose.EdDSA:
		_, private, err := ed25519.GenerateKey(random)
		return private, err
	}
	return rsa.GenerateKey(random, rsaBits)
}

// Parse reads a key as [Key.Text] wrote it.
func Parse(text []byte) (Key, error) {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil { // its text may quote the input
		return Key{}, unusable("the key for proofs of possession cannot be read")
	}
	material, ok := jwk.Key.(crypto.Signer)
	alg := jose.SignatureAlgorithm(jwk.Algorithm)
	if !ok || !slices.Contains(algs(), alg) {
		return Key{}, unusable("the key for proofs of possession is none that can sign them")
	}
	return Key{material: material, alg: alg}, nil
}

// Text is the private key as a JWK (RFC 7517), to be sealed.
func (k Key) Text() ([]byte, error) {
	text, err := jose.JSONWebKey{Key: k.material, Algorithm: string(k.alg)}.MarshalJSON()
	if err != nil {
		return nil, unusable("the key for proofs of possession cannot be written")
	}
	return text, nil
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.material == nil }

// Alg is the algorithm by its JOSE name.
func (k Key) Alg() string { return string(k.alg) }

// Thumbprint is the base64url SHA-256 thumbprint of the public key (RFC 7638):
// the dpop_jkt of an authorization request (RFC 9449 §10), the jkt of a token
// (§6).
func (k Key) Thumbprint() string {
	if k.IsZero() {
		return ""
	}
	sum, err := (&jose.JSONWebKey{Key: k.material.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func unusable(description string) *oauth.Error {
	return &oauth.Error{Code: oauth.CodeInvalidClientKey, Description: description, Action: oauth.ActionConfigure}
}

// shown is what a server says, in short and fit to be shown.
func shown(names []string) string {
	text := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return -1
		}
		return r
	}, strings.Join(names, ", "))
	return text[:min(len(text), 128)]
}

// String tells the algorithm, nothing of the key.
func (k Key) String() string {
	if k.IsZero() {
		return "no key"
	}
	return "a key for " + string(k.alg) + ", thumbprint " + k.Thumbprint()
}

// GoString is String: %#v must not show more.
func (k Key) GoString() string { return "dpop.Key{" + k.String() + "}" }

// Format redacts for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// LogValue redacts in log/slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON redacts: only Text gives the key.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }
