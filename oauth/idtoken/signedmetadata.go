package idtoken

import (
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// SignedMetadata verifies a JWT of an issuer's metadata with that issuer's keys
// and gives its claims (RFC 8414 §2.1). Ours is false, without an error, for a
// JWT of which nothing can be said: of another issuer, or signed with a key that
// is not in the set. It is ignored then, as one does who does not support it. The
// error is an *oauth.Error: the issuer's name is on it, and it is not the
// issuer's.
func SignedMetadata(token, issuer string, keys KeySet) (claims []byte, ours bool, err error) {
	h, ok := issuedBy(token, issuer)
	if !ok {
		return nil, false, nil
	}
	kid, candidates := keys.candidates(h.Kid, Alg(h.Alg))
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Alg)})
	if err != nil {
		return nil, false, nil
	}
	for _, key := range candidates {
		if text, err := jws.Verify(key.key); err == nil {
			return text, true, nil
		}
	}
	if kid && len(candidates) > 0 {
		return nil, false, invalid(RuleSignature, "the signature of the issuer's signed_metadata is wrong")
	}
	return nil, false, nil
}

// issuedBy reads the header of a JWT that says it is the issuer's and asks for
// nothing unknown.
func issuedBy(token, issuer string) (h header, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxKeySet {
		return h, false
	}
	head, errHead := decode(parts[0])
	payload, errPayload := decode(parts[1])
	var named struct {
		Issuer string `json:"iss"`
	}
	if errHead != nil || errPayload != nil || json.Unmarshal(head, &h) != nil || json.Unmarshal(payload, &named) != nil {
		return h, false
	}
	return h, named.Issuer == issuer && h.Crit == nil && h.B64 == nil && slices.Contains(known(), Alg(h.Alg))
}
