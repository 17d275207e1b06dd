package broker

import "github.com/valetkey/valetkey/oauth"

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
func (b *Broker) ownGrant(a arrangement, server oauth.Server) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Endpoint: server.TokenEndpoint}
	if a.grant == grantJWTBearer {
		request.Grant = oauth.GrantJWTBearer
		credential, err := b.openCredential(a.client)
		if err != nil {
			return request, err
		}
		request.Params, err = b.authCase(a, server).BearerParams(credential, a.scopes(), a.separator())
		// The assertion speaks for itself; the client is named where the server wants it (RFC 7523 section 3.1).
		request.Auth = oauth.ClientAuth{ClientID: a.client.ClientID, Method: oauth.AuthNone}
		return request, err
	}
	request.Grant = oauth.GrantClientCredentials
	request.Params = oauth.ClientCredentialsParams(a.scopes(), a.separator())
	auth, err := b.clientAuth(a, server)
	request.Auth = auth
	return request, err
}
