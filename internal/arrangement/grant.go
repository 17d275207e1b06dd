package arrangement

import (
	"context"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
	"github.com/valetkey/valetkey/oauth/device"
)

// Grants by their names in settings. The long name of the RFC is understood too.
const (
	GrantDevice        oauth.GrantType = "device_code"
	GrantJWTBearer     oauth.GrantType = "jwt_bearer"
	GrantSAML2Bearer   oauth.GrantType = "saml2_bearer"
	GrantTokenExchange oauth.GrantType = "token_exchange"
	GrantOnBehalfOf    oauth.GrantType = "on_behalf_of"
	GrantImplicit      oauth.GrantType = "implicit"
	// GrantCustom is a provider's own: its name is token_request.grant_type of
	// the description, its parameters are token_request.params.
	GrantCustom oauth.GrantType = "custom"
)

// ShortGrant gives a grant its name in settings.
func ShortGrant(grant string) oauth.GrantType {
	switch oauth.GrantType(grant) {
	case oauth.GrantJWTBearer:
		return GrantJWTBearer
	case assertion.GrantSAML2Bearer:
		return GrantSAML2Bearer
	case assertion.GrantTokenExchange:
		return GrantTokenExchange
	case device.Grant:
		return GrantDevice
	default:
		return oauth.GrantType(grant)
	}
}

// Grants lists the grants a connection can have.
func Grants() []oauth.GrantType {
	return []oauth.GrantType{
		oauth.GrantAuthorizationCode, GrantDevice, oauth.GrantClientCredentials, GrantJWTBearer, GrantSAML2Bearer,
		GrantTokenExchange, GrantOnBehalfOf, GrantCustom, oauth.GrantPassword, GrantImplicit,
	}
}

// Unsafe reports whether a grant needs the operator's leave: it hands a
// password to us, or a token to a browser's address bar (RFC 9700 sections
// 2.1.2, 2.4).
func Unsafe(grant oauth.GrantType) bool {
	return grant == oauth.GrantPassword || grant == GrantImplicit
}

// ByItself reports whether a grant needs no person: the client alone obtains
// and renews the token, and no refresh token is expected.
func ByItself(grant oauth.GrantType, spec api.ConnectionSpec) bool {
	switch grant {
	case oauth.GrantClientCredentials, GrantJWTBearer, GrantCustom:
		return true
	case GrantSAML2Bearer:
		return spec.Assertion != nil
	case GrantTokenExchange, GrantOnBehalfOf:
		return spec.Subject != nil
	default:
		return false
	}
}

// Unattended is [ByItself] of this connection: it begins without a person.
func (a Arrangement) Unattended() bool { return ByItself(a.Grant, a.Connection.Spec) }

// OnCall reports whether each caller shows whom the token is for: the
// connection has no token of its own, unless one was brought to it.
func (a Arrangement) OnCall() bool {
	return (a.Grant == GrantTokenExchange || a.Grant == GrantOnBehalfOf) && a.Connection.Spec.Subject == nil
}

// Supplied reports whether an authorization is finished with what the request
// to begin it brings along.
func (a Arrangement) Supplied() bool {
	return a.OnCall() || a.Grant == oauth.GrantPassword || a.Grant == GrantSAML2Bearer && a.Connection.Spec.Assertion == nil
}

// OwnGrant is the token request of a grant that takes no browser. given is
// what a person or program brought; empty where the connection's settings say
// where it comes from.
func (d *Desk) OwnGrant(ctx context.Context, a Arrangement, server oauth.Server, given api.GrantInput) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Endpoint: server.TokenEndpoint, Grant: a.Grant}
	if err := d.Leave(a.Grant); err != nil {
		return request, err
	}
	var err error
	switch a.Grant {
	case GrantJWTBearer:
		request.Grant = oauth.GrantJWTBearer
		request.Params, err = d.bearerParams(ctx, a, server, given)
		// The assertion speaks for itself; the client is named where the server wants it (RFC 7523 section 3.1).
		request.Auth = oauth.ClientAuth{ClientID: a.Client.ClientID, Method: oauth.AuthNone}
	case GrantSAML2Bearer:
		request.Grant = assertion.GrantSAML2Bearer
		request.Params, err = d.samlParams(ctx, a, given)
	case GrantTokenExchange:
		request.Grant = assertion.GrantTokenExchange
		request.Params, err = d.exchangeParams(ctx, a, given)
	case GrantOnBehalfOf:
		request.Grant = oauth.GrantJWTBearer
		request.Params, err = d.behalfParams(ctx, a, given)
	case GrantCustom:
		request.Params = oauth.ClientCredentialsParams(a.Scopes(), a.Separator())
	case oauth.GrantPassword:
		request.Params = oauth.PasswordParams(given.Username, string(given.Password), a.Scopes(), a.Separator())
	default: // also where a person only consents
		request.Grant = oauth.GrantClientCredentials
		request.Params = oauth.ClientCredentialsParams(a.Scopes(), a.Separator())
	}
	if err != nil {
		return request, unbuildableGrant(err)
	}
	for name, value := range a.Connection.Spec.GrantParams {
		request.Params.Set(name, value)
	}
	return request, nil
}

// Leave says why a grant may not be used; nil when it may.
func (d *Desk) Leave(grant oauth.GrantType) error {
	if !Unsafe(grant) || slices.Contains(d.AllowGrants, string(grant)) {
		return nil
	}
	return fault.New(api.CodeForbidden, "the grant %s is not allowed on this server: OAuth's security practice advises against it (RFC 9700)", grant).
		WithHint("use authorization_code if the provider has it; else start the server with --allow-grants %s or VALETKEY_ALLOW_GRANTS", grant)
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
