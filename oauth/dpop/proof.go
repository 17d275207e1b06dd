package dpop

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/oauth"
)

// Header is the name of the header that carries a proof (RFC 9449 §4.1), as
// net/http writes it.
const Header = "Dpop"

const jtiBytes = 16

// Proof says which request a proof is for (RFC 9449 §4.2). It proves nothing
// for another method, URL or token.
type Proof struct {
	Method      string
	URL         *url.URL // its query and fragment are left out
	AccessToken string   // sent along; "" at the token endpoint
	Nonce       string   // the server's; "" when none is known
}

type claims struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	URI    string `json:"htu"`
	Issued int64  `json:"iat"`
	Hash   string `json:"ath,omitempty"`
	Nonce  string `json:"nonce,omitempty"`
}

// Sign makes the proof. Sign again for every request, the same one sent again
// included (RFC 9449 §7.3): servers refuse a jti they have seen. The error is an
// *oauth.Error.
func (p Proof) Sign(key Key, now time.Time, random io.Reader) (string, error) {
	if key.IsZero() {
		return "", unusable("there is no key to prove possession of")
	}
	id := make([]byte, jtiBytes)
	if _, err := io.ReadFull(random, id); err != nil {
		return "", &oauth.Error{Code: oauth.CodeInvalidRequest, Description: "no randomness for the proof's jti", Action: oauth.ActionRetry}
	}
	said := claims{ID: encode(id), Method: p.Method, URI: target(p.URL), Issued: now.Unix(), Nonce: p.Nonce}
	if p.AccessToken != "" {
		sum := sha256.Sum256([]byte(p.AccessToken))
		said.Hash = encode(sum[:])
	}
	payload, err := json.Marshal(said)
	if err != nil {
		return "", unusable("the proof cannot be written as JSON")
	}
	options := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: key.alg, Key: key.material}, options)
	if err != nil {
		return "", unusable("the key cannot sign with " + string(key.alg))
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", unusable("the key failed to sign with " + string(key.alg))
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		return "", unusable("the proof cannot be written")
	}
	return text, nil
}

// target is htu: what the request goes to, without query and fragment.
func target(u *url.URL) string {
	bare := *u
	bare.RawQuery, bare.ForceQuery, bare.Fragment, bare.RawFragment, bare.User = "", false, "", "", nil
	return bare.String()
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
