package arrangement

import (
	"context"
	"maps"
	"net/url"
)

type claimsKey struct{}

// WithClaims has the token requests of ctx ask for the claims that an API's
// challenge names (OpenID Connect Core section 5.5).
func WithClaims(ctx context.Context, claims string) context.Context {
	if claims == "" {
		return ctx
	}
	return context.WithValue(ctx, claimsKey{}, claims)
}

// Claims are what the token requests of ctx ask for; "" for none.
func Claims(ctx context.Context) string {
	claims, _ := ctx.Value(claimsKey{}).(string)
	return claims
}

// withClaims adds the parameter, unless the request has its own.
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
