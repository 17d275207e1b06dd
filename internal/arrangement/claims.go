package arrangement

import (
	"maps"
	"net/url"
)

// withClaims asks a token request for the claims that an API's challenge names
// (OpenID Connect Core section 5.5), unless it asks for some already.
func withClaims(params url.Values, claims string) url.Values {
	if claims == "" || params.Has("claims") {
		return params
	}
	asked := maps.Clone(params)
	if asked == nil {
		asked = url.Values{}
	}
	asked.Set("claims", claims)
	return asked
}
