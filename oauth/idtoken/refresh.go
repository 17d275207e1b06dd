package idtoken

import (
	"slices"
	"time"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Refreshed judges the ID token that came with a refresh against the one of
// the authorization (OpenID Connect Core §12.2); both were verified before,
// the new one with an empty Verifier.Nonce. It is of the same issuer, subject
// and sign-in, for the same audience and party, and was issued no earlier. A
// nonce may be missing but not differ. The error is an *oauth.Error.
func Refreshed(before, after Claims) error {
	switch {
	case after.Issuer != before.Issuer:
		return invalid(RuleIssuer, "the refreshed ID token is of another issuer")
	case after.Subject != before.Subject:
		return invalid(RuleSubject, "the refreshed ID token is about another account")
	case after.AuthorizedParty != before.AuthorizedParty:
		return invalid(RuleAzp, "the refreshed ID token was issued to another party")
	case after.IssuedAt.Before(before.IssuedAt):
		return invalid(RuleIssuedAt, "the refreshed ID token is older than the one before")
	case !after.AuthTime.IsZero() && !before.AuthTime.IsZero() && !after.AuthTime.Equal(before.AuthTime):
		return invalid(RuleAuthTime, "the refreshed ID token is of another sign-in")
	case after.Nonce != "" && before.Nonce != after.Nonce:
		return invalid(RuleNonce, "the refreshed ID token belongs to another authorization")
	}
	for _, a := range before.Audience {
		if !slices.Contains(after.Audience, a) {
			return invalid(RuleAudience, "the refreshed ID token is no longer for "+shown(a))
		}
	}
	return nil
}
