package idtoken

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/valetkey/valetkey/oauth"
)

const (
	maxKeySet  = 1 << 20
	maxKeys    = 64 // more is no rotation; each could cost a signature check
	minRSABits = 2048
	maxRSABits = 8192
)

// KeySet is an issuer's public signing keys (RFC 7517 §5).
type KeySet struct {
	keys []publicKey
}

type publicKey struct {
	id     string
	alg    Alg    // empty: any that fits
	issuer string // an issuer the key is bound to, where the set says so
	key    any
}

// Len is how many usable keys there are.
func (s KeySet) Len() int { return len(s.keys) }

// KeySetRequest builds the GET for a provider's jwks_uri. The error is an
// *oauth.Error.
func KeySetRequest(ctx context.Context, jwksURI string, opts ...oauth.Option) (*http.Request, error) {
	return getRequest(ctx, jwksURI, "application/jwk-set+json, application/json", opts)
}

func getRequest(ctx context.Context, rawURL, accept string, opts []oauth.Option) (*http.Request, error) {
	if err := oauth.CheckEndpoint(rawURL, opts...); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, &oauth.Error{Code: oauth.CodeInvalidEndpoint, Description: "the endpoint cannot be requested", Action: oauth.ActionConfigure}
	}
	req.Header.Set("Accept", accept)
	return req, nil
}

// ReadKeySet judges the answer to a KeySetRequest: status 200, at most 1 MiB,
// then ParseKeySet. It closes the body. The error is an *oauth.Error.
func ReadKeySet(resp *http.Response, now time.Time) (KeySet, error) {
	r, err := oauth.ReadResponse(resp, now)
	if err != nil {
		return KeySet{}, err
	}
	if r.Status != http.StatusOK {
		return KeySet{}, badStatus(r, "no keys at this address")
	}
	return ParseKeySet(r.Body)
}

// ParseKeySet reads a JWK set of at most 1 MiB and 64 keys. Keys that cannot
// verify a signature (of other kinds, for encryption, damaged, RSA below 2048
// bits) are left out, as RFC 7517 §5 asks. A set with a private or shared key
// in it is refused whole: who publishes that has lost it. A set without a
// usable key is an error too. The error is an *oauth.Error.
func ParseKeySet(body []byte) (KeySet, error) {
	if len(body) > maxKeySet {
		return KeySet{}, unusableSet("the key set is larger than 1 MiB")
	}
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(trimBOM(body), &doc) != nil {
		return KeySet{}, unusableSet("the key set is not one JSON object with a list of keys")
	}
	if len(doc.Keys) > maxKeys {
		return KeySet{}, unusableSet("the key set holds more than 64 keys")
	}
	var set KeySet
	for _, raw := range doc.Keys {
		key, ok, err := parseKey(raw)
		if err != nil {
			return KeySet{}, err
		}
		if ok {
			set.keys = append(set.keys, key)
		}
	}
	if len(set.keys) == 0 {
		return KeySet{}, unusableSet("the key set holds no key that can verify a signature")
	}
	return set, nil
}

func parseKey(raw []byte) (key publicKey, ok bool, err error) {
	var more struct {
		Kty    string `json:"kty"`
		Issuer string `json:"issuer"`
		D      any    `json:"d"`
		K      any    `json:"k"`
	}
	if json.Unmarshal(raw, &more) != nil {
		return publicKey{}, false, nil
	}
	if more.D != nil || more.K != nil || more.Kty == "oct" {
		return publicKey{}, false, unusableSet("the key set publishes a private or shared key; nothing signed with it can be trusted, tell the provider")
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(raw) != nil || jwk.Use != "" && jwk.Use != "sig" {
		return publicKey{}, false, nil
	}
	if k, isRSA := jwk.Key.(*rsa.PublicKey); isRSA && (k.N.BitLen() < minRSABits || k.N.BitLen() > maxRSABits) {
		return publicKey{}, false, nil
	}
	return publicKey{id: jwk.KeyID, alg: Alg(jwk.Algorithm), issuer: more.Issuer, key: jwk.Key}, true, nil
}

// fits binds the key to its algorithm (RFC 8725 §3.1): the one it names, of
// its own kind, on its own curve.
func (k publicKey) fits(alg Alg) bool {
	if k.alg != "" && k.alg != alg {
		return false
	}
	switch public := k.key.(type) {
	case *rsa.PublicKey:
		return alg[:2] == "RS" || alg[:2] == "PS"
	case ed25519.PublicKey:
		return alg == EdDSA
	case *ecdsa.PublicKey:
		return map[int]Alg{256: ES256, 384: ES384, 521: ES512}[public.Curve.Params().BitSize] == alg
	}
	return false
}

// candidates are the keys that may have made the signature: those of the kid,
// or, for a token that names none, those that fit (OIDC §10.1).
func (s KeySet) candidates(kid string, alg Alg) (named bool, fit []publicKey) {
	for _, k := range s.keys {
		if kid != "" && k.id != kid {
			continue
		}
		named = named || kid != ""
		if k.fits(alg) {
			fit = append(fit, k)
		}
	}
	return named, fit
}

func unusableSet(description string) *oauth.Error {
	return &oauth.Error{Code: oauth.CodeInvalidResponse, Description: description, Action: oauth.ActionConfigure}
}

func trimBOM(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) }
