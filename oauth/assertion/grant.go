package assertion

import (
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

// The grant types of the parameters built here, besides oauth.GrantJWTBearer.
const (
	GrantTokenExchange oauth.GrantType = "urn:ietf:params:oauth:grant-type:token-exchange" // RFC 8693 §2.1
	GrantSAML2Bearer   oauth.GrantType = "urn:ietf:params:oauth:grant-type:saml2-bearer"   // RFC 7522 §2.1
)

// Grant is a JWT that is a grant by itself (RFC 7523 §2.1): a service account
// speaks, for itself or for a subject.
type Grant struct {
	Issuer   string
	Subject  string // whom the token is to act as; default: the issuer
	Audience string // the token endpoint or the issuer of the server
	// Scopes become the claim scope, for servers that read it there. Others
	// take it as a parameter, see BearerParams.
	Scopes    []string
	Separator string // of scopes; default a space
	Alg       Alg    // default: the key's
	Header    Header
	Lifetime  time.Duration // from iat to exp; default 4 min, at most 1 h
	Backdate  time.Duration // see ClientAssertion
	// Claims win over the standard ones. A nil or empty one takes the claim
	// of that name out: {"sub": nil} is for servers that read a subject as a
	// wish to impersonate.
	Claims map[string]any
}

// Sign mints the JWT, with a new jti from random each time. The error is an
// *oauth.Error.
func (g Grant) Sign(key Key, now time.Time, random io.Reader) (string, error) {
	claims := map[string]any{"iss": g.Issuer, "sub": or(g.Subject, g.Issuer), "aud": g.Audience}
	if len(g.Scopes) > 0 {
		claims["scope"] = oauth.JoinScope(g.Scopes, g.Separator)
	}
	return statement{
		alg:      g.Alg,
		header:   g.Header,
		claims:   claims,
		override: g.Claims,
		lifetime: g.Lifetime,
		backdate: g.Backdate,
	}.sign(key, now, random)
}

// BearerParams presents one JWT as the grant (RFC 7523 §2.1), with
// oauth.GrantJWTBearer. The error is an *oauth.Error.
func BearerParams(jwt string, scopes []string, separator string) (url.Values, error) {
	if !compactJWT(jwt) {
		return nil, malformed("the assertion is not one JWT in its compact form")
	}
	return url.Values{"assertion": {jwt}, "scope": {oauth.JoinScope(scopes, separator)}}, nil
}

// SAMLBearerParams presents one SAML 2.0 assertion as the grant, with
// GrantSAML2Bearer. The assertion is the XML, or the XML in base64url as
// RFC 7522 §2.1 sends it; padding and line breaks are taken out. The error is
// an *oauth.Error.
func SAMLBearerParams(assertion string, scopes []string, separator string) (url.Values, error) {
	assertion = strings.TrimSpace(assertion)
	if strings.HasPrefix(assertion, "<") {
		assertion = encode([]byte(assertion))
	}
	assertion = strings.TrimRight(strings.NewReplacer("\r", "", "\n", "").Replace(assertion), "=")
	if strings.ContainsAny(assertion, "+/") {
		return nil, malformed("the SAML assertion is in plain base64; base64url is needed: write - for + and _ for /")
	}
	decoded, err := base64.RawURLEncoding.DecodeString(assertion)
	if err != nil || !strings.HasPrefix(strings.TrimSpace(string(decoded)), "<") {
		return nil, malformed("the SAML assertion is not XML in base64url")
	}
	return url.Values{"assertion": {assertion}, "scope": {oauth.JoinScope(scopes, separator)}}, nil
}

// compactJWT tells whether s has the shape of a JWS or JWE in compact form.
func compactJWT(s string) bool {
	for _, part := range strings.Split(s, ".") {
		if strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	dots := strings.Count(s, ".")
	return (dots == 2 || dots == 4) && s[0] != '.'
}
