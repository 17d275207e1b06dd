package arrangement

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

// Grants by their names in settings. The long name of the RFC is understood too.
const (
	GrantDevice    oauth.GrantType = "device_code"
	GrantJWTBearer oauth.GrantType = "jwt_bearer"
)

// ShortGrant gives a grant its name in settings.
func ShortGrant(grant string) oauth.GrantType {
	switch grant {
	case string(oauth.GrantJWTBearer):
		return GrantJWTBearer
	case "urn:ietf:params:oauth:grant-type:device_code":
		return GrantDevice
	default:
		return oauth.GrantType(grant)
	}
}

// ByItself reports whether a grant needs no person: the client alone obtains
// and Renews the token, and no refresh token is expected.
func ByItself(grant oauth.GrantType) bool {
	return grant == oauth.GrantClientCredentials || grant == GrantJWTBearer
}

// OwnGrant is the token request of a grant that the client makes by itself.
func (d *Desk) OwnGrant(a Arrangement, server oauth.Server) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Endpoint: server.TokenEndpoint}
	if a.Grant == GrantJWTBearer {
		request.Grant = oauth.GrantJWTBearer
		credential, err := d.OpenCredential(a.Client)
		if err != nil {
			return request, err
		}
		request.Params, err = d.authCase(a, server).BearerParams(credential, a.Scopes(), a.Separator())
		// The assertion speaks for itself; the client is named where the server wants it (RFC 7523 section 3.1).
		request.Auth = oauth.ClientAuth{ClientID: a.Client.ClientID, Method: oauth.AuthNone}
		return request, err
	}
	request.Grant = oauth.GrantClientCredentials
	request.Params = oauth.ClientCredentialsParams(a.Scopes(), a.Separator())
	return request, nil
}

// GrantOf is the grant a connection uses (RFC 6749 section 1.3).
func GrantOf(spec api.ConnectionSpec, provider api.Provider) oauth.GrantType {
	switch {
	case spec.Grant != "":
		return ShortGrant(spec.Grant)
	case provider.Grant != "":
		return ShortGrant(provider.Grant)
	default:
		return oauth.GrantAuthorizationCode
	}
}
