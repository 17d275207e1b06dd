package arrangement

import (
	"context"
	"maps"
	"net/url"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// ArrangeConsent fills in a connection for an administrator who is to allow the
// client in an organisation, which may not be known yet.
func (d *Desk) ArrangeConsent(ctx context.Context, name string) (Arrangement, error) {
	a, err := d.described(ctx, name)
	if err != nil {
		return a, err
	}
	if a.Described.AdminConsent == nil {
		return a, fault.New(api.CodeInvalid, "the provider %q has no consent of an administrator for a whole organisation", a.Described.Name).
			WithHint("its administrators allow the client on a page of their own; or set admin_consent_endpoint in its description")
	}
	return a.With(over(catalog.Anyone(a.Described), a.Connection.Captured))
}

// Organisation is the one that the settings name; "": any.
func (a Arrangement) Organisation() string { return catalog.Organisation(a.Described, a.values()) }

// AdminConsentURL is where an administrator allows what the connection asks for.
func (d *Desk) AdminConsentURL(a Arrangement, state string) (string, error) {
	params := url.Values{"client_id": {a.Client.ClientID}, "redirect_uri": {d.RedirectURI}, "state": {state}}
	if scopes := a.Scopes(); len(scopes) > 0 {
		params.Set("scope", oauth.JoinScope(scopes, a.Separator()))
	}
	location, err := withQuery(a.Provider.Provider.AdminConsentEndpoint, params)
	return location, unbuildable(err)
}

// Redirected fills the arrangement in again, with the variables that came with
// the browser. Of those captured before, only the organisation that consented
// holds for a new grant.
func (a Arrangement) Redirected(captured map[string]string) (Arrangement, error) {
	return a.With(over(captured, catalog.Consented(a.Described, a.Connection.Captured)))
}

// ForSignIn is the same client asking a person only who they are.
func (a Arrangement) ForSignIn() Arrangement {
	a.Grant = oauth.GrantAuthorizationCode
	a.Connection.Spec.Scopes = []string{"openid"}
	a.Connection.Spec.Claims, a.Connection.Spec.AuthorizationDetails, a.Connection.Spec.Resources = nil, nil, nil
	a.Provider.Provider.Scopes = &api.ScopeRules{Separator: a.Separator()}
	return a
}

// over lays values over others.
func over(below, above map[string]string) map[string]string {
	if len(above) == 0 {
		return below
	}
	all := make(map[string]string, len(below)+len(above))
	maps.Copy(all, below)
	maps.Copy(all, above)
	return all
}
