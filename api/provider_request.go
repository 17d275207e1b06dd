package api

import "github.com/valetkey/valetkey/oauth"

// TokenEndpointAuth is a client authentication of a provider's own: what
// stands in the Authorization header. Username and Password are templates
// over the variables and {client_id}, {client_secret}.
type TokenEndpointAuth struct {
	Scheme   string `json:"scheme,omitempty"` // Basic (default): both, joined and encoded (RFC 7617). Any other: the username as it is
	Username string `json:"username"`
	Password string `json:"password,omitempty"`
}

// AuthorizationResponseRules is how a provider's redirect back strays from RFC
// 6749 section 4.1.2.
type AuthorizationResponseRules struct {
	Code StringList `json:"code,omitempty"` // names the code may have; default code
	// ConsentOnly: no code comes back. The token is then obtained by client_credentials.
	ConsentOnly bool `json:"consent_only,omitempty"`
	// Verify names how the redirect is signed: shopify (its hmac, made with the client secret).
	Verify string `json:"verify,omitempty"`
}

// ExchangeStep is a request that turns a token into the one that APIs take.
// Its templates may use {access_token} and {refresh_token} of the answer
// before it, {client_id} and {client_secret}.
type ExchangeStep struct {
	oauth.RequestRules
	OnRefresh bool                 `json:"on_refresh,omitempty"` // also after each renewal
	Response  *oauth.ResponseRules `json:"response,omitempty"`
}

// VerifyShopify is the one value of AuthorizationResponseRules.Verify.
const VerifyShopify = "shopify"

// The values of TokenPlacement.Source.
const (
	TokenSourceAccessToken = "access_token"
	TokenSourceIDToken     = "id_token"
)
