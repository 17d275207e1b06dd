package idtoken

import (
	"strconv"
	"unicode"

	"github.com/valetkey/valetkey/oauth"
)

// CodeInvalidIDToken is the code of every refused ID token; the error's
// Suberror is the Rule that it failed.
const CodeInvalidIDToken = "invalid_id_token"

// The rules of OpenID Connect Core §3.1.3.7 that a token can fail, as Suberror.
const (
	RuleFormat    = "format"    // not one JWS in compact form with JSON inside
	RuleType      = "typ"       // a JWT that is something else (RFC 8725 §3.12)
	RuleAlgorithm = "alg"       // item 7
	RuleKey       = "key"       // no key fits, see UnknownKeyError
	RuleSignature = "signature" // item 6
	RuleIssuer    = "iss"       // item 2
	RuleAudience  = "aud"       // item 3
	RuleAzp       = "azp"       // items 4 and 5
	RuleExpiry    = "exp"       // item 9
	RuleIssuedAt  = "iat"       // item 10, and nbf
	RuleNonce     = "nonce"     // item 11
	RuleACR       = "acr"       // item 12
	RuleAuthTime  = "auth_time" // item 13
	RuleSubject   = "sub"       // §2, §5.3.2
	RuleAtHash    = "at_hash"   // §3.1.3.8
	RuleTenant    = "tid"       // the tenant is not one that was allowed
)

// invalid refuses a token for what a new authorization can mend.
func invalid(rule, description string) *oauth.Error {
	return &oauth.Error{Code: CodeInvalidIDToken, Suberror: rule, Description: description, Action: oauth.ActionReauthorize}
}

// misfit refuses a token for what only a setting can mend.
func misfit(rule, description string) *oauth.Error {
	e := invalid(rule, description)
	e.Action = oauth.ActionConfigure
	return e
}

// UnknownKeyError means that no key of the set fits the token, which keeps
// every other rule. Keys rotate: fetch the set once more and verify again; if that gives this error too, the
// token is bad. Do not fetch more often than once in some minutes for one
// issuer, for anyone can send a token with an unknown kid.
type UnknownKeyError struct {
	KeyID string // the kid asked for, fit to be shown; empty when the token names none
}

// Error says which key is missing.
func (e *UnknownKeyError) Error() string { return e.Unwrap().Error() }

// Unwrap gives the *oauth.Error to end with when fetching did not help.
func (e *UnknownKeyError) Unwrap() error {
	if e.KeyID == "" {
		return misfit(RuleKey, "none of the issuer's keys made the signature of the ID token")
	}
	return misfit(RuleKey, "the ID token is signed with the key "+e.KeyID+", which is not among the issuer's keys")
}

// shown makes received text fit to be part of a message: quoted and short.
func shown(s string) string {
	out := []rune{}
	for _, r := range s {
		if len(out) == 80 {
			return strconv.Quote(string(out)) + "…"
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		out = append(out, r)
	}
	return strconv.Quote(string(out))
}
