package catalog

import (
	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

// ConsentOnly is for servers that send no code back: what a person allowed,
// the client then does in its own name.
func ConsentOnly(p api.Provider) bool {
	return p.AuthorizationResponse != nil && p.AuthorizationResponse.ConsentOnly
}

// CodeNames are what the provider calls the code in its answer; none: code.
func CodeNames(p api.Provider) []string {
	switch {
	case ConsentOnly(p):
		return []string{oauth.NoCode}
	case p.AuthorizationResponse != nil:
		return p.AuthorizationResponse.Code
	default:
		return nil
	}
}

// Renews says whether a person's grant renews itself, going by its refresh
// token and by what the provider renews with.
func Renews(p api.Provider, hasRefreshToken bool) bool {
	switch {
	case ConsentOnly(p):
		return true
	case p.Refresh == nil:
		return hasRefreshToken
	}
	switch p.Refresh.Strategy {
	case api.RefreshNever:
		return false
	case api.RefreshByAccessToken:
		return true
	default:
		return hasRefreshToken
	}
}

// Patient says that the provider refuses to renew a token that is still good.
func Patient(p api.Provider) bool { return p.Refresh != nil && p.Refresh.NotBeforeExpiry }

// CallsWithIDToken says that the API takes the ID token in the place of the
// access token: that is what is kept as one.
func CallsWithIDToken(p api.Provider) bool {
	return p.API != nil && p.API.Token != nil && p.API.Token.Source == api.TokenSourceIDToken
}
