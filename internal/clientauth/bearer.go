package clientauth

import (
	"net/url"
	"time"

	"github.com/valetkey/valetkey/oauth/assertion"
)

// BearerParams signs the JWT that is a grant by itself (RFC 7523 section 2.1)
// and gives the parameters of its token request: a service account speaks for
// itself or, with a claim sub, for somebody.
func (c Case) BearerParams(credential Credential, scopes []string, separator string) (url.Values, error) {
	key, err := c.key(credential, "the grant jwt_bearer")
	if err != nil {
		return nil, err
	}
	rules := rulesOf(c.Provider.Assertion)
	audience, claims, err := c.addressed(rules)
	if err != nil {
		return nil, err
	}
	head, err := c.header(rules.Header)
	if err != nil {
		return nil, err
	}
	grant := assertion.Grant{
		Issuer:    c.ClientID,
		Audience:  audience,
		Separator: separator,
		Alg:       assertion.Alg(rules.Alg),
		Header:    head,
		Lifetime:  time.Duration(rules.Lifetime),
		Claims:    claims,
	}
	if rules.Scope == "claim" {
		grant.Scopes, scopes = scopes, nil
	}
	jwt, err := grant.Sign(key, c.Now, c.Rand)
	if err != nil {
		return nil, err
	}
	return assertion.BearerParams(jwt, scopes, separator)
}
