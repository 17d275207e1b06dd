package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strings"
)

// The code challenge methods of RFC 7636 §4.3, and "none" for the servers that
// refuse the parameters.
const (
	MethodS256  = "S256"
	MethodPlain = "plain"
	MethodNone  = "none"
)

const randomBytes = 32

// NewVerifier draws a fresh code verifier: 256 bits from random, 43 characters
// (RFC 7636 §4.1, §7.1). It fails only when random does.
func NewVerifier(random io.Reader) (string, error) { return randomText(random) }

// NewState draws a fresh state of 256 bits, twice what guessing needs to be
// hopeless (RFC 6749 §10.10). It fails only when random does.
func NewState(random io.Reader) (string, error) { return randomText(random) }

func randomText(random io.Reader) (string, error) {
	var b [randomBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", &Error{Code: "no_entropy", Description: "the system gave no random bytes", Action: ActionRetry, cause: err}
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// S256Challenge is BASE64URL(SHA256(verifier)) (RFC 7636 §4.2).
func S256Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// CodeChallenge gives the code challenge and the method to send for a verifier.
// method is what the provider's description states; empty means S256, also for
// servers that do not advertise PKCE (RFC 7636 §5). "plain" and "none" are used
// only when stated, never as a fall-back (RFC 7636 §7.2).
func CodeChallenge(method, verifier string) (challenge, sent string, err error) {
	if method == MethodNone {
		return "", "", nil
	}
	if !validVerifier(verifier) {
		return "", "", &Error{Code: CodeInvalidRequest, Description: "the code verifier must be 43 to 128 unreserved characters", Action: ActionBug}
	}
	switch method {
	case "", MethodS256:
		return S256Challenge(verifier), MethodS256, nil
	case MethodPlain:
		return verifier, MethodPlain, nil
	}
	return "", "", misconfigured(CodeInvalidRequest, "the code_challenge_method "+sanitize(method, nil)+" is not known; use S256, plain or none")
}

func validVerifier(v string) bool {
	if len(v) < 43 || len(v) > 128 {
		return false
	}
	return !strings.ContainsFunc(v, func(r rune) bool { return !unreserved(r) })
}

func unreserved(r rune) bool {
	switch {
	case r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return true
	}
	return r == '-' || r == '.' || r == '_' || r == '~'
}
