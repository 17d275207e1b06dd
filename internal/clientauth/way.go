package clientauth

import (
	"slices"

	"github.com/valetkey/valetkey/oauth"
)

// Way is one method with one of the client's secrets.
type Way struct {
	Method oauth.AuthMethod
	Secret int // its place among the credential's secrets
}

// Ways lists how the client may authenticate, the likeliest first. sure says
// that the method is known and only the secret may be another.
func (c Case) Ways(credential Credential) (ways []Way, sure bool) {
	method, sure := c.method(credential)
	methods := []oauth.AuthMethod{method}
	if !sure {
		methods = []oauth.AuthMethod{oauth.AuthBasic, oauth.AuthPost}
	}
	for _, secret := range c.secrets(credential, method) {
		for _, method := range methods {
			ways = append(ways, Way{method, secret})
		}
	}
	return ways, sure
}

// secrets are the places of the secrets to try, the one in use first.
func (c Case) secrets(credential Credential, method oauth.AuthMethod) []int {
	order := []int{0}
	if Certified(method) || method == oauth.AuthPrivateKeyJWT {
		return order
	}
	if used := c.Learned.Secret; used > 0 && used < len(credential.Secrets) {
		order = []int{used}
	}
	for i := range credential.Secrets {
		if !slices.Contains(order, i) {
			order = append(order, i)
		}
	}
	return order
}

// Certified reports whether a method is the client's certificate (RFC 8705
// section 2).
func Certified(method oauth.AuthMethod) bool {
	return method == oauth.AuthTLS || method == oauth.AuthSelfSignedTLS
}

// Shows reports whether the client shows its certificate in requests to the
// authorization server.
func (c Case) Shows(credential Credential) bool {
	method, _ := c.method(credential)
	return c.Provider.BoundTokens || Certified(method)
}

// method is what the client says, else the provider, else what fits the
// credential there is and what the server advertises or was seen to take.
func (c Case) method(credential Credential) (method oauth.AuthMethod, sure bool) {
	keyOnly := credential.HasKey() && len(credential.Secrets) == 0
	switch described := oauth.AuthMethod(c.Provider.TokenEndpointAuthMethod); {
	case c.Method != "":
		return oauth.AuthMethod(c.Method), true
	case c.OwnWay:
		return oauth.AuthNone, true
	case credential.Sources.ClientAssertion != nil:
		return oauth.AuthPrivateKeyJWT, true
	case keyOnly && Certified(described):
		return described, true
	case keyOnly:
		return c.byKey(), true
	case described != "":
		return described, true
	case len(credential.Secrets) == 0:
		return oauth.AuthNone, true
	case c.Learned.Method != "":
		return oauth.AuthMethod(c.Learned.Method), true
	}
	method = c.Server.PreferredAuth(true)
	return method, slices.Contains(c.Server.AuthMethods, method)
}

// byKey is what a client with nothing but a key does: it signs, unless the
// server takes its certificate only.
func (c Case) byKey() oauth.AuthMethod {
	takes := c.Server.AuthMethods
	for _, method := range []oauth.AuthMethod{oauth.AuthTLS, oauth.AuthSelfSignedTLS} {
		if slices.Contains(takes, method) && !slices.Contains(takes, oauth.AuthPrivateKeyJWT) {
			return method
		}
	}
	return oauth.AuthPrivateKeyJWT
}
