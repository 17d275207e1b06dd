package assertion

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"strings"

	"github.com/valetkey/valetkey/oauth"
)

// Alg is a signature algorithm by its JOSE name (RFC 7518 §3.1, RFC 8037).
type Alg string

// The algorithms an assertion can be signed with. "none" is not among them.
const (
	RS256 Alg = "RS256"
	RS384 Alg = "RS384"
	RS512 Alg = "RS512"
	PS256 Alg = "PS256"
	PS384 Alg = "PS384"
	PS512 Alg = "PS512"
	ES256 Alg = "ES256"
	ES384 Alg = "ES384"
	ES512 Alg = "ES512"
	EdDSA Alg = "EdDSA"
	HS256 Alg = "HS256"
	HS384 Alg = "HS384"
	HS512 Alg = "HS512"
)

// Method is the client authentication method that an assertion signed with
// the algorithm stands for.
func (a Alg) Method() oauth.AuthMethod {
	if strings.HasPrefix(string(a), "HS") {
		return oauth.AuthSecretJWT
	}
	return oauth.AuthPrivateKeyJWT
}

// secretSize is how many bytes a secret must have at least: as many as the
// hash gives (RFC 7518 §3.2).
func (a Alg) secretSize() int {
	switch a {
	case HS384:
		return 48
	case HS512:
		return 64
	}
	return 32
}

// algsOf lists what a key can sign with, the default first.
func algsOf(material any) []Alg {
	switch k := material.(type) {
	case []byte:
		return []Alg{HS256, HS384, HS512}
	case *rsa.PrivateKey:
		return []Alg{RS256, RS384, RS512, PS256, PS384, PS512}
	case ed25519.PrivateKey:
		return []Alg{EdDSA}
	case *ecdsa.PrivateKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return []Alg{ES256}
		case 384:
			return []Alg{ES384}
		case 521:
			return []Alg{ES512}
		}
	}
	return nil
}
