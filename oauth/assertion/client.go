package assertion

import (
	"io"
	"time"
)

// ClientAssertion is a JWT by which a client authenticates (RFC 7521 §4.2,
// RFC 7523 §2.2; OpenID Connect Core §9): private_key_jwt with a private key,
// client_secret_jwt with a SecretKey.
type ClientAssertion struct {
	ClientID string // becomes iss and sub
	// Audience is what the server knows itself by, as one string: its issuer
	// identifier where it follows the revision of RFC 7523, the URL of the
	// token endpoint where it predates it. Which is a provider's data.
	Audience string
	Alg      Alg // default: the key's
	Header   Header
	Lifetime time.Duration // from iat to exp; default 4 min, at most 1 h
	// Backdate moves iat and nbf into the past, for servers whose clock is
	// behind ours. exp moves along.
	Backdate time.Duration
	// Claims are set besides, and win over the standard ones. A nil or empty
	// one takes the claim of that name out.
	Claims map[string]any
}

// Sign mints the JWT, with a new jti from random each time: servers refuse one
// they have seen (RFC 7523 §3). It belongs into oauth.ClientAuth.Assertion of
// one request. The error is an *oauth.Error.
//
// The default lifetime is below five minutes because some servers allow no
// more and measure it by a clock that may be behind ours.
func (a ClientAssertion) Sign(key Key, now time.Time, random io.Reader) (string, error) {
	return statement{
		alg:      a.Alg,
		header:   a.Header,
		claims:   map[string]any{"iss": a.ClientID, "sub": a.ClientID, "aud": a.Audience},
		override: a.Claims,
		lifetime: a.Lifetime,
		backdate: a.Backdate,
	}.sign(key, now, random)
}
