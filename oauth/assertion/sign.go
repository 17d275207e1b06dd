package assertion

import (
	"encoding/json"
	"io"
	"maps"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/valetkey/valetkey/oauth"
)

const (
	defaultLifetime = 4 * time.Minute
	maxLifetime     = time.Hour
	jtiBytes        = 16
)

// TypeClientAuthentication is the typ that the revision of RFC 7523 gives to
// JWTs that authenticate a client, against their use as anything else
// (RFC 8725 §3.11). Header.Type takes it where a server knows it.
const TypeClientAuthentication = "client-authentication+jwt"

// Header says what stands in the JOSE header besides alg.
type Header struct {
	// Type is typ; default JWT. Not TypeClientAuthentication: many servers
	// in use still refuse every type but JWT.
	Type    string
	KeyID   string // kid; default the key's own, left out when there is none
	X5T     bool   // SHA-1 thumbprint of the certificate, RFC 7515 §4.1.7
	X5TS256 bool   // SHA-256 thumbprint, §4.1.8
	X5C     bool   // the certificate chain itself, §4.1.6
}

// statement is an assertion of either kind before it is signed.
type statement struct {
	alg      Alg
	header   Header
	claims   map[string]any
	override map[string]any
	lifetime time.Duration
	backdate time.Duration
}

// sign adds times and jti, lets the overrides win, and signs.
func (s statement) sign(key Key, now time.Time, random io.Reader) (string, error) {
	alg, err := key.pick(s.alg)
	if err != nil {
		return "", err
	}
	claims, err := s.complete(now, random)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil { // the text may quote a claim
		return "", malformed("a claim of the assertion cannot be written as JSON")
	}
	header, err := key.certificateHeader(s.header, now)
	if err != nil {
		return "", err
	}
	options := (&jose.SignerOptions{}).WithType(jose.ContentType(or(s.header.Type, "JWT")))
	if kid := or(s.header.KeyID, key.id); kid != "" {
		options.WithHeader("kid", kid)
	}
	for name, value := range header {
		options.WithHeader(jose.HeaderKey(name), value)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key.material}, options)
	if err != nil {
		return "", unusable("%s cannot sign with %s", key.kind(), alg)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", unusable("%s failed to sign with %s", key.kind(), alg)
	}
	jwt, err := jws.CompactSerialize()
	if err != nil {
		return "", unusable("what %s signed with %s cannot be written", key.kind(), alg)
	}
	return jwt, nil
}

func (s statement) complete(now time.Time, random io.Reader) (map[string]any, error) {
	lifetime := s.lifetime
	if lifetime == 0 {
		lifetime = defaultLifetime
	}
	if lifetime < time.Second || lifetime > maxLifetime {
		return nil, malformed("the assertion is to live %s; 1 s to 1 h can be set", lifetime)
	}
	if s.backdate < 0 || s.backdate >= lifetime {
		return nil, malformed("the assertion is to be dated back by %s of its %s; it would not be valid", s.backdate, lifetime)
	}
	id := make([]byte, jtiBytes)
	if _, err := io.ReadFull(random, id); err != nil {
		return nil, &oauth.Error{Code: oauth.CodeInvalidRequest, Description: "no randomness for the assertion's jti", Action: oauth.ActionRetry}
	}
	issued := now.Add(-s.backdate).Unix()
	claims := map[string]any{
		"jti": encode(id),
		"iat": issued,
		"nbf": issued,
		"exp": issued + int64(lifetime/time.Second),
	}
	maps.Copy(claims, s.claims)
	maps.Copy(claims, s.override)
	for name, value := range claims {
		if value == nil || value == "" {
			delete(claims, name)
		}
	}
	return claims, s.check(claims)
}

// check holds the assertion to RFC 7521 §5.2 after the overrides.
func (s statement) check(claims map[string]any) error {
	for _, name := range []string{"iss", "sub", "aud", "exp"} {
		_, taken := s.override[name]
		if taken && name == "sub" {
			continue // a description may leave the subject out, by name
		}
		if claims[name] == nil {
			return malformed("the assertion has no %s (RFC 7521 §5.2); set it, or the claim %s of the description", meaning(name), name)
		}
	}
	return nil
}

func meaning(claim string) string {
	return map[string]string{"iss": "issuer", "sub": "subject", "aud": "audience", "exp": "expiry"}[claim]
}

func or(value, standard string) string {
	if value != "" {
		return value
	}
	return standard
}
