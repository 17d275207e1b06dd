package clientauth

import (
	"net/url"
	"time"

	"github.com/valetkey/valetkey/oauth/assertion"
)

// RequestObject signs an authorization request with the client's key
// (RFC 9101). The rules of its client assertions hold for algorithm and header.
func (c Case) RequestObject(credential Credential, params url.Values) (string, error) {
	key, err := c.key(credential, "a signed authorization request")
	if err != nil {
		return "", err
	}
	rules := rulesOf(c.Provider.ClientAssertion)
	head, err := c.header(rules.Header)
	if err != nil {
		return "", err
	}
	return assertion.RequestObject{
		ClientID: c.ClientID,
		Audience: c.Server.Issuer,
		Params:   params,
		Alg:      assertion.Alg(rules.Alg),
		Header:   head,
		Lifetime: time.Duration(rules.Lifetime),
	}.Sign(key, c.Now, c.Rand)
}
