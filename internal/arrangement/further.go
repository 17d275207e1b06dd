package arrangement

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// FurtherToken asks for a token for another resource out of the same grant
// (RFC 8707 section 2.2): by the name of an additional token, or by the
// resource's URI.
func (d *Desk) FurtherToken(ctx context.Context, a Arrangement, current ledger.TokenSet, resource string) (oauth.Token, error) {
	extra, err := a.furtherParams(resource)
	if err != nil {
		return oauth.Token{}, err
	}
	server, err := d.Server(ctx, a)
	if err != nil {
		return oauth.Token{}, err
	}
	access, refresh, err := d.OpenTokens(current)
	if err != nil {
		return oauth.Token{}, err
	}
	var request oauth.TokenRequest
	switch {
	case a.ByItself() && !a.refreshesFirst(refresh):
		request, err = d.OwnGrant(ctx, a, server, api.GrantInput{})
	case refresh.IsZero():
		err = errNoRefreshToken
	default:
		request = oauth.TokenRequest{Endpoint: server.RefreshURL(), Grant: oauth.GrantRefreshToken, Params: oauth.RefreshParams(refresh.Reveal(), nil, "")}
	}
	if err != nil {
		return oauth.Token{}, err
	}
	maps.Copy(request.Params, extra)
	return d.Exchange(ctx, a, server, request, access)
}

func (a Arrangement) furtherParams(resource string) (url.Values, error) {
	described, named := a.Provider.Provider.AdditionalTokens[resource]
	if !named {
		if u, err := url.Parse(resource); err != nil || !u.IsAbs() || strings.Contains(resource, "#") {
			known := "none"
			if names := slices.Sorted(maps.Keys(a.Provider.Provider.AdditionalTokens)); len(names) > 0 {
				known = strings.Join(names, ", ")
			}
			return nil, fault.New(api.CodeInvalid, "%q is neither an additional token of the provider nor the URI of a resource", resource).
				WithHint("its additional tokens: %s; a URI is absolute and has no fragment", known)
		}
		return url.Values{"resource": {resource}}, nil
	}
	params := url.Values{}
	for name, template := range described.Params {
		value, err := catalog.ExpandText(template, a.Provider.Variables)
		if err != nil {
			return nil, err
		}
		params.Set(name, value)
	}
	return params, nil
}
