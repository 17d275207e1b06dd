package idtoken

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

const maxToken = 64 << 10 // with a group list of a large directory it has 20 KiB

// Verifier holds what an ID token is judged by.
type Verifier struct {
	// Issuer is the issuer identifier of the metadata, compared code point by
	// code point.
	Issuer string
	// TenantTemplate lets {tenantid} in Issuer stand for the token's own tid,
	// as multi-tenant servers publish it. Restrict whom that lets in by
	// Tenants, or by what Account.TenantID is allowed to do.
	TenantTemplate bool
	Tenants        []string // allowed tid; empty allows all
	ClientID       string
	// Audiences are trusted besides ClientID. A token for anybody else too is
	// refused.
	Audiences []string
	Algs      []Alg // the allow-list, from Metadata; empty means RS256 only
	Keys      KeySet
	// Nonce is what the authorization request sent; empty when it sent none,
	// and on a refresh.
	Nonce string
	// AccessToken came with the ID token; at_hash is compared when both are
	// there.
	AccessToken string
	MaxAge      time.Duration // the max_age that was requested; 0 for none
	ACR         []string      // the essential acr values that were requested
	Now         time.Time
	Leeway      time.Duration // clocks may be this far apart; a minute is usual
}

// Verify checks every rule of OpenID Connect Core §3.1.3.7, the signature with
// the issuer's keys last. The error is an *UnknownKeyError when a fresh
// key set may help, else an *oauth.Error.
func (v Verifier) Verify(token string) (Claims, error) {
	t, err := parseToken(token)
	if err != nil {
		return Claims{}, err
	}
	allowed := v.Algs
	if len(allowed) == 0 {
		allowed = []Alg{RS256}
	}
	if !slices.Contains(allowed, t.alg) || !slices.Contains(known(), t.alg) {
		return Claims{}, misfit(RuleAlgorithm, "the ID token is signed with "+shown(string(t.alg))+", which the issuer's metadata does not announce or which cannot be verified")
	}
	// Before the signature, so that only a token which is otherwise good can
	// make a caller fetch keys.
	if err := v.check(t); err != nil {
		return Claims{}, err
	}
	signer, err := v.signer(token, t)
	if err != nil {
		return Claims{}, err
	}
	if signer.issuer != "" && inTenant(signer.issuer, t.claims.TenantID) != t.claims.Issuer {
		return Claims{}, misfit(RuleKey, "the key that signed the ID token belongs to another issuer (RFC 8725 §3.8)")
	}
	return t.claims, nil
}

// UnverifiedFromTokenEndpoint checks every rule but the signature. It is only
// for an ID token that this process itself received from the token endpoint,
// in answer to its own request, over TLS whose certificate it verified: there
// TLS stands for the signature (OpenID Connect Core §3.1.3.7 item 6). Callers
// MUST NOT use it on a token that came in any other way: from a browser, a
// caller, a store or a log. The error is an *oauth.Error.
func (v Verifier) UnverifiedFromTokenEndpoint(token string) (Claims, error) {
	t, err := parseToken(token)
	if err != nil {
		return Claims{}, err
	}
	if err := v.check(t); err != nil {
		return Claims{}, err
	}
	return t.claims, nil
}

// signer finds the key that made the signature.
func (v Verifier) signer(token string, t parsedToken) (publicKey, error) {
	named, keys := v.Keys.candidates(t.kid, t.alg)
	if len(keys) == 0 && named {
		return publicKey{}, misfit(RuleKey, "the key that the ID token names is not one for "+string(t.alg))
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.alg)})
	if err != nil {
		return publicKey{}, invalid(RuleFormat, "the ID token cannot be read")
	}
	for _, k := range keys {
		if _, err := jws.Verify(k.key); err == nil {
			return k, nil
		}
	}
	if named {
		return publicKey{}, invalid(RuleSignature, "the signature of the ID token is wrong")
	}
	return publicKey{}, &UnknownKeyError{KeyID: keyID(t.kid)}
}

func keyID(kid string) string {
	if kid == "" {
		return ""
	}
	return shown(kid)
}

// parsedToken is a token taken apart; nothing of it is verified.
type parsedToken struct {
	alg    Alg
	kid    string
	claims Claims
}

// header is what of the JOSE header is used. jwk, jku, x5u and x5c are not:
// a token does not choose the key it is verified with.
type header struct {
	Alg  string          `json:"alg"`
	Kid  string          `json:"kid"`
	Typ  string          `json:"typ"`
	Crit json.RawMessage `json:"crit"`
	B64  json.RawMessage `json:"b64"`
}

func parseToken(token string) (parsedToken, error) {
	if len(token) > maxToken {
		return parsedToken{}, invalid(RuleFormat, "the ID token is larger than 64 KiB")
	}
	parts := strings.Split(token, ".")
	if len(parts) == 5 {
		return parsedToken{}, misfit(RuleFormat, "the ID token is encrypted; register the client without id_token_encrypted_response_alg")
	}
	if len(parts) != 3 {
		return parsedToken{}, invalid(RuleFormat, "the ID token does not have three parts")
	}
	head, errHead := decode(parts[0])
	payload, errPayload := decode(parts[1])
	_, errSignature := decode(parts[2])
	// The decoder skips line breaks; with them a token would have many forms.
	if errors.Join(errHead, errPayload, errSignature) != nil || strings.ContainsAny(token, "\r\n") {
		return parsedToken{}, invalid(RuleFormat, "a part of the ID token is not base64url")
	}
	var h header
	if json.Unmarshal(head, &h) != nil {
		return parsedToken{}, invalid(RuleFormat, "the header of the ID token is not one JSON object")
	}
	switch {
	case h.Alg == "" || strings.EqualFold(h.Alg, "none"):
		return parsedToken{}, misfit(RuleAlgorithm, "the ID token is not signed (RFC 8725 §3.2)")
	case h.Crit != nil || h.B64 != nil:
		return parsedToken{}, invalid(RuleFormat, "the header of the ID token demands an extension that is not known")
	case !idTokenType(h.Typ):
		return parsedToken{}, invalid(RuleType, "the token is a JWT of the type "+shown(h.Typ)+", not an ID token")
	}
	claims, err := parseClaims(payload)
	return parsedToken{alg: Alg(h.Alg), kid: h.Kid, claims: claims}, err
}

// decode is strict: one text for one value, so no second form of a token.
func decode(s string) ([]byte, error) { return base64.RawURLEncoding.Strict().DecodeString(s) }

// idTokenType refuses the JWTs that say they are something else, such as
// access tokens (at+jwt), logout tokens and security events (RFC 8725 §3.11,
// §3.12). An ID token has no type of its own.
func idTokenType(typ string) bool {
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	return !strings.HasSuffix(typ, "+jwt") || typ == "id_token+jwt"
}
