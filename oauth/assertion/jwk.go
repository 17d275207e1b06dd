package assertion

import (
	"crypto/ecdsa"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// jsonKey is the part of the JSON that tells what it is.
type jsonKey struct {
	Kty  string          `json:"kty"`
	D    json.RawMessage `json:"d"`
	P    json.RawMessage `json:"p"`
	Keys json.RawMessage `json:"keys"`

	PrivateKey   string `json:"private_key"`
	PrivateKeyID string `json:"private_key_id"`
}

func parseJSONKey(text []byte) (Key, error) {
	var shape jsonKey
	if json.Unmarshal(text, &shape) != nil {
		return Key{}, unusable("the key is neither PEM nor one well-formed JSON object")
	}
	switch {
	case shape.PrivateKey != "":
		key, err := parsePEM([]byte(shape.PrivateKey))
		if err != nil {
			return Key{}, err
		}
		if shape.PrivateKeyID != "" {
			key.id = shape.PrivateKeyID
		}
		return key, nil
	case shape.Keys != nil:
		return Key{}, unusable("this is a set of keys; give the one private JWK out of it")
	case shape.Kty == "oct":
		return Key{}, unusable("the JWK is a shared secret; set it as the client secret and use client_secret_jwt")
	case shape.Kty == "":
		return Key{}, unusable("the JSON is no JWK: it has no kty; give a private key in PEM or as a JWK")
	case shape.D == nil:
		return Key{}, unusable(remedyPublic)
	case shape.Kty == "RSA" && shape.P == nil:
		return Key{}, unusable("the JWK of the RSA key lacks the primes p and q; export it with them, or as PEM")
	}
	return parseJWK(text)
}

func parseJWK(text []byte) (Key, error) {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil { // its text may quote the input
		return Key{}, unusable("the JWK cannot be used: a member is damaged, its certificate is another key's, or its kind is none of RSA, EC (P-256, P-384, P-521) and Ed25519")
	}
	material, err := checkMaterial(jwk.Key)
	if err != nil {
		return Key{}, err
	}
	if !coherent(material) {
		return Key{}, unusable("the private and the public half of the JWK do not belong together; export it again")
	}
	if jwk.Use != "" && jwk.Use != "sig" {
		return Key{}, unusable("the JWK is for the use %s, not for signatures; give one with use sig", shown(jwk.Use))
	}
	key := Key{material: material, id: jwk.KeyID, alg: Alg(jwk.Algorithm), chain: jwk.Certificates}
	if key.alg != "" && !slices.Contains(algsOf(material), key.alg) {
		return Key{}, unusable("the JWK says alg %s, and %s cannot sign with that; take alg out or correct it", shown(jwk.Algorithm), key.kind())
	}
	return key, nil
}

// coherent compares the public half of an EC key with the one the private half
// makes: a JWK states both, and here alone the library takes them as they stand.
func coherent(material any) bool {
	key, ok := material.(*ecdsa.PrivateKey)
	if !ok {
		return true
	}
	d, err := key.Bytes()
	if err != nil {
		return false
	}
	again, err := ecdsa.ParseRawPrivateKey(key.Curve, d)
	return err == nil && again.PublicKey.Equal(&key.PublicKey)
}
