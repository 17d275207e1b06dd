package broker

import (
	"context"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

func (b *Broker) quirks() quirk.Exchange { return quirk.Exchange{HTTP: b.HTTP, Now: b.Now} }

// exchange makes one token request as the provider's description has it, and
// the further ones it asks for. access is the token that is renewed, if any.
func (b *Broker) exchange(ctx context.Context, a arrangement, request oauth.TokenRequest, access secret.Text) (oauth.Token, error) {
	return b.quirks().Token(ctx, quirk.Ask{
		Provider:    a.provider,
		Request:     request,
		RedirectURI: b.RedirectURI(),
		AccessToken: access.Reveal(),
		Renewal:     request.Grant == oauth.GrantRefreshToken,
	})
}

// legRules completes the rules of a request that is no token request.
func (b *Broker) legRules(a arrangement, leg string, auth oauth.ClientAuth, access string) (oauth.RequestRules, error) {
	own := a.provider.Provider.AuthorizationRequest
	if leg == catalog.LegRevocation {
		own = a.provider.Provider.RevocationRequest
	}
	known := map[string]string{
		catalog.InClientID:     a.client.ClientID,
		catalog.InClientSecret: auth.ClientSecret,
		catalog.InRedirectURI:  b.RedirectURI(),
		catalog.InAccessToken:  access,
	}
	rules, err := a.provider.Rules(leg, value(own), known)
	if err != nil || leg == catalog.LegAuthorization || rules.Auth != "" {
		return rules, err
	}
	authorization, err := a.provider.Authentication(known)
	if authorization != "" {
		rules.Headers["Authorization"] = authorization
	}
	return rules, err
}

// with fills the arrangement in again, with other captured variables.
func (a arrangement) with(captured map[string]string) (arrangement, error) {
	a.connection.Captured = captured
	resolved, err := catalog.Resolve(a.described, a.values())
	a.provider = resolved
	return a, err
}

func (a arrangement) values() catalog.Values {
	return catalog.Values{Captured: a.connection.Captured, Client: a.client.Variables, Connection: a.connection.Spec.Variables}
}

// gather completes a save with the variables that came with the token. A
// connection that lacks one has its token, and waits for a setting.
func (b *Broker) gather(ctx context.Context, a arrangement, token oauth.Token, save *ledger.TokenSave) {
	captured, cause := b.quirks().Gather(ctx, quirk.Arrival{
		Provider:   a.provider,
		Values:     a.values(),
		Token:      token,
		Renewed:    save.Event.Kind == ledger.EventRefreshed && a.connection.Generation > 0,
		Connection: a.connection.Name,
	})
	save.Captured = captured
	if cause != nil {
		save.Change = ledger.StateChange{State: api.StateNeedsConfiguration, Cause: cause}
	}
}

// byItself reports whether no person is needed for the next token.
func (a arrangement) byItself() bool { return byItself(a.grant) || catalog.ConsentOnly(a.described) }

// renews says whether a grant renews itself.
func renews(hasRefreshToken bool, grant oauth.GrantType, p api.Provider) bool {
	return byItself(grant) || catalog.Renews(p, hasRefreshToken)
}

// openTokens opens both tokens of a set; each may be empty.
func (b *Broker) openTokens(set ledger.TokenSet) (access, refresh secret.Text, err error) {
	if access, err = b.Keyring.Open(set.AccessToken, ledger.TokenPlace(set.Connection, set.Generation, "access_token")); err != nil {
		return access, refresh, err
	}
	refresh, err = b.Keyring.Open(set.RefreshToken, ledger.TokenPlace(set.Connection, set.Generation, "refresh_token"))
	return access, refresh, err
}

// renewalRequest is the request that renews a set, by what the provider renews
// with.
func (b *Broker) renewalRequest(a arrangement, refresh secret.Text, current ledger.TokenSet) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Grant: oauth.GrantRefreshToken}
	switch {
	case !renews(!refresh.IsZero(), a.grant, a.described):
		return request, errNoRefreshToken
	case a.described.Refresh != nil && a.described.Refresh.Strategy == api.RefreshByAccessToken:
		if current.Generation == 0 || reached(current.ExpiresAt, b.Now()) {
			return request, errNoRefreshToken // a token that has ended swaps for nothing
		}
	default:
		request.Params = oauth.RefreshParams(refresh.Reveal(), nil, a.separator())
	}
	return request, nil
}
