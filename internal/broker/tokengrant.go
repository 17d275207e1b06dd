package broker

import (
	"context"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
)

// Grants by their names in settings. The long name of the RFC is understood too.
const (
	grantDevice    oauth.GrantType = "device_code"
	grantJWTBearer oauth.GrantType = "jwt_bearer"
)

// shortGrant gives a grant its name in settings.
func shortGrant(grant string) oauth.GrantType {
	switch grant {
	case string(oauth.GrantJWTBearer):
		return grantJWTBearer
	case "urn:ietf:params:oauth:grant-type:device_code":
		return grantDevice
	default:
		return oauth.GrantType(grant)
	}
}

// byItself reports whether a grant needs no person: the client alone obtains
// and renews the token, and no refresh token is expected.
func byItself(grant oauth.GrantType) bool {
	return grant == oauth.GrantClientCredentials || grant == grantJWTBearer
}

// ownGrant is the token request of a grant that the client makes by itself.
func (b *Broker) ownGrant(ctx context.Context, a arrangement, server oauth.Server) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Endpoint: server.TokenEndpoint}
	var err error
	if a.grant == grantJWTBearer {
		request.Grant = oauth.GrantJWTBearer
		request.Params, err = b.bearerParams(a, server)
		// The assertion speaks for itself; the client is named where the server wants it (RFC 7523 section 3.1).
		request.Auth = oauth.ClientAuth{ClientID: a.client.ClientID, Method: oauth.AuthNone}
		return request, err
	}
	request.Grant = oauth.GrantClientCredentials
	request.Params = oauth.ClientCredentialsParams(a.scopes(), a.separator())
	request.Auth, err = b.clientAuth(ctx, a, server)
	return request, err
}

// bearerParams signs the JWT that is the grant (RFC 7523 section 2.1): a
// service account speaks for itself or, with a claim sub, for somebody.
func (b *Broker) bearerParams(a arrangement, server oauth.Server) (url.Values, error) {
	credential, err := b.openCredential(a.client)
	if err != nil {
		return nil, err
	}
	if credential.PrivateKey == "" {
		return nil, fault.New(api.CodeNeedsConfiguration, "the client %q has no private key, and the grant jwt_bearer needs one", a.client.Name).
			WithHint("valetkey client update %s --private-key-file FILE", a.client.Name)
	}
	key, err := assertion.ParseKey([]byte(credential.PrivateKey))
	if err != nil {
		return nil, err
	}
	rules := assertionRules(a.provider.Provider.Assertion)
	grant := assertion.Grant{
		Issuer:    a.client.ClientID,
		Separator: a.separator(),
		Alg:       assertion.Alg(rules.Alg),
		Header:    assertionHeader(rules.Header),
		Lifetime:  time.Duration(rules.Lifetime),
	}
	if grant.Audience, err = a.audience(rules, server); err != nil {
		return nil, err
	}
	if grant.Claims, err = a.claims(rules); err != nil {
		return nil, err
	}
	scopes := a.scopes()
	if rules.Scope == "claim" {
		grant.Scopes, scopes = scopes, nil
	}
	jwt, err := grant.Sign(key, b.Now(), b.Rand)
	if err != nil {
		return nil, err
	}
	return assertion.BearerParams(jwt, scopes, a.separator())
}
