package idtoken

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
)

const (
	tenantTemplate = "{tenantid}"
	maxSubject     = 255 // OIDC §2
)

// check holds the claims to the rules of §3.1.3.7 that need no key.
func (v Verifier) check(t parsedToken) error {
	c := t.claims
	for _, rule := range []func(Claims) error{
		v.checkIssuer, v.checkSubject, v.checkAudience, v.checkTimes, v.checkNonce, v.checkAuthentication,
	} {
		if err := rule(c); err != nil {
			return err
		}
	}
	return v.checkAtHash(c, t.alg)
}

// checkIssuer is item 2. With TenantTemplate, the issuer is the one of the
// token's own tenant, which must look like a tenant: no path can be smuggled in.
func (v Verifier) checkIssuer(c Claims) error {
	want := v.Issuer
	if v.TenantTemplate && strings.Contains(want, tenantTemplate) {
		if !guid(c.TenantID) {
			return misfit(RuleTenant, "the ID token names no tenant, and the issuer "+shown(v.Issuer)+" needs one")
		}
		want = inTenant(want, c.TenantID)
	}
	if want == "" || c.Issuer != want {
		return misfit(RuleIssuer, "the ID token is of the issuer "+shown(c.Issuer)+", not of "+shown(want))
	}
	if len(v.Tenants) > 0 && !slices.Contains(v.Tenants, c.TenantID) {
		return misfit(RuleTenant, "the account is of the tenant "+shown(c.TenantID)+", which is not one of those allowed")
	}
	return nil
}

func inTenant(issuer, tenant string) string {
	return strings.ReplaceAll(issuer, tenantTemplate, tenant)
}

func guid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(s[i])) {
			return false
		}
	}
	return true
}

func (v Verifier) checkSubject(c Claims) error {
	if c.Subject == "" || len(c.Subject) > maxSubject {
		return invalid(RuleSubject, "the ID token names no subject, or one longer than 255 bytes")
	}
	if _, isEvent := c.members["events"]; isEvent {
		return invalid(RuleType, "the token is a security event, such as a logout token, not an ID token")
	}
	return nil
}

// checkAudience is items 3 to 5.
func (v Verifier) checkAudience(c Claims) error {
	if v.ClientID == "" || !slices.Contains(c.Audience, v.ClientID) {
		return misfit(RuleAudience, "the ID token is not for the client "+shown(v.ClientID)+"; its audience is "+shown(strings.Join(c.Audience, " ")))
	}
	for _, a := range c.Audience {
		if a != v.ClientID && !slices.Contains(v.Audiences, a) {
			return misfit(RuleAudience, "the ID token is also for "+shown(a)+", which is not trusted")
		}
	}
	if c.AuthorizedParty != "" && c.AuthorizedParty != v.ClientID {
		return misfit(RuleAzp, "the ID token was issued to "+shown(c.AuthorizedParty)+", not to the client "+shown(v.ClientID))
	}
	if len(c.Audience) > 1 && c.AuthorizedParty == "" {
		return misfit(RuleAzp, "the ID token is for several and does not say to whom it was issued")
	}
	return nil
}

// checkTimes is items 9 and 10. iat is required (§2).
func (v Verifier) checkTimes(c Claims) error {
	latest := v.Now.Add(v.Leeway)
	switch {
	case c.Expiry.IsZero():
		return invalid(RuleExpiry, "the ID token has no expiry")
	case !v.Now.Add(-v.Leeway).Before(c.Expiry):
		return invalid(RuleExpiry, "the ID token expired at "+stamp(c.Expiry)+"; here it is "+stamp(v.Now))
	case c.IssuedAt.IsZero():
		return invalid(RuleIssuedAt, "the ID token does not say when it was issued")
	case c.IssuedAt.After(latest), c.NotBefore.After(latest):
		return misfit(RuleIssuedAt, "the ID token is from the future, "+stamp(c.IssuedAt)+"; here it is "+stamp(v.Now)+": set this machine's clock by NTP")
	}
	return nil
}

// checkNonce is item 11: what was sent comes back, byte for byte.
func (v Verifier) checkNonce(c Claims) error {
	if v.Nonce != "" && subtle.ConstantTimeCompare([]byte(v.Nonce), []byte(c.Nonce)) != 1 {
		return invalid(RuleNonce, "the ID token belongs to another authorization: its nonce is not the one that was sent")
	}
	return nil
}

// checkAuthentication is items 12 and 13.
func (v Verifier) checkAuthentication(c Claims) error {
	if len(v.ACR) > 0 && !slices.Contains(v.ACR, c.ACR) {
		return invalid(RuleACR, "the sign-in was of the class "+shown(c.ACR)+", which is not one of those requested")
	}
	if v.MaxAge == 0 {
		return nil
	}
	if c.AuthTime.IsZero() || v.Now.Add(-v.Leeway).After(c.AuthTime.Add(v.MaxAge)) {
		return invalid(RuleAuthTime, "the sign-in is older than "+v.MaxAge.String()+", or its time is not told")
	}
	return nil
}

// checkAtHash is §3.1.3.8: the left half of the hash that the algorithm uses.
func (v Verifier) checkAtHash(c Claims, alg Alg) error {
	if v.AccessToken == "" || c.AtHash == "" {
		return nil
	}
	var sum []byte
	switch {
	case alg == EdDSA || strings.HasSuffix(string(alg), "512"): // Ed25519 hashes with SHA-512
		full := sha512.Sum512([]byte(v.AccessToken))
		sum = full[:]
	case strings.HasSuffix(string(alg), "384"):
		full := sha512.Sum384([]byte(v.AccessToken))
		sum = full[:]
	case strings.HasSuffix(string(alg), "256"):
		full := sha256.Sum256([]byte(v.AccessToken))
		sum = full[:]
	default:
		return misfit(RuleAlgorithm, "at_hash of the ID token cannot be checked with "+shown(string(alg)))
	}
	want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if subtle.ConstantTimeCompare([]byte(want), []byte(c.AtHash)) != 1 {
		return invalid(RuleAtHash, "the access token is not the one that the ID token was issued with")
	}
	return nil
}
