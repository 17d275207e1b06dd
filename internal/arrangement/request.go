package arrangement

import (
	"context"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

func (d *Desk) quirks() quirk.Exchange { return quirk.Exchange{HTTP: d.HTTP, Now: d.Now} }

// Exchange makes one token request as the provider's description has it, and
// the further ones it asks for. access is the token that is renewed, if any.
func (d *Desk) Exchange(ctx context.Context, a Arrangement, request oauth.TokenRequest, access secret.Text) (oauth.Token, error) {
	return d.quirks().Token(ctx, d.asking(a, request, access))
}

func (d *Desk) asking(a Arrangement, request oauth.TokenRequest, access secret.Text) quirk.Ask {
	return quirk.Ask{
		Provider:    a.Provider,
		Request:     request,
		RedirectURI: d.RedirectURI,
		AccessToken: access.Reveal(),
		Renewal:     request.Grant == oauth.GrantRefreshToken,
	}
}

// LegRules completes the rules of a request that is no token request.
func (d *Desk) LegRules(a Arrangement, leg string, auth oauth.ClientAuth, access string) (oauth.RequestRules, error) {
	own := a.Provider.Provider.AuthorizationRequest
	if leg == catalog.LegRevocation {
		own = a.Provider.Provider.RevocationRequest
	}
	known := map[string]string{
		catalog.InClientID:     a.Client.ClientID,
		catalog.InClientSecret: auth.ClientSecret,
		catalog.InRedirectURI:  d.RedirectURI,
		catalog.InAccessToken:  access,
	}
	rules, err := a.Provider.Rules(leg, valueOf(own), known)
	if err != nil || leg == catalog.LegAuthorization || rules.Auth != "" {
		return rules, err
	}
	authorization, err := a.Provider.Authentication(known)
	if authorization != "" {
		rules.Headers["Authorization"] = authorization
	}
	return rules, err
}

// With fills the arrangement in again, with other captured variables.
func (a Arrangement) With(captured map[string]string) (Arrangement, error) {
	a.Connection.Captured = captured
	resolved, err := catalog.Resolve(a.Described, a.values())
	a.Provider = resolved
	return a, err
}

func (a Arrangement) values() catalog.Values {
	return catalog.Values{Captured: a.Connection.Captured, Client: a.Client.Variables, Connection: a.Connection.Spec.Variables}
}

// Gather completes a save with the variables that came with the token. A
// connection that lacks one has its token, and waits for a setting.
func (d *Desk) Gather(ctx context.Context, a Arrangement, token oauth.Token, save *ledger.TokenSave) {
	captured, cause := d.quirks().Gather(ctx, quirk.Arrival{
		Provider:   a.Provider,
		Values:     a.values(),
		Token:      token,
		Renewed:    save.Event.Kind == ledger.EventRefreshed && a.Connection.Generation > 0,
		Connection: a.Connection.Name,
	})
	save.Captured = captured
	if cause != nil {
		save.Change = ledger.StateChange{State: api.StateNeedsConfiguration, Cause: cause}
	}
}

// ByItself reports whether no person is needed for the next token.
func (a Arrangement) ByItself() bool { return ByItself(a.Grant) || catalog.ConsentOnly(a.Described) }

// Renews says whether a grant Renews itself.
func Renews(hasRefreshToken bool, grant oauth.GrantType, p api.Provider) bool {
	return ByItself(grant) || catalog.Renews(p, hasRefreshToken)
}

// OpenTokens opens both tokens of a set; each may be empty.
func (d *Desk) OpenTokens(set ledger.TokenSet) (access, refresh secret.Text, err error) {
	if access, err = d.Keyring.Open(set.AccessToken, ledger.TokenPlace(set.Connection, set.Generation, "access_token")); err != nil {
		return access, refresh, err
	}
	refresh, err = d.Keyring.Open(set.RefreshToken, ledger.TokenPlace(set.Connection, set.Generation, "refresh_token"))
	return access, refresh, err
}

// RenewalRequest is the request that Renews a set, by what the provider Renews
// with.
func (d *Desk) RenewalRequest(a Arrangement, refresh secret.Text, current ledger.TokenSet) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Grant: oauth.GrantRefreshToken}
	switch {
	case !Renews(!refresh.IsZero(), a.Grant, a.Described):
		return request, errNoRefreshToken
	case a.Described.Refresh != nil && a.Described.Refresh.Strategy == api.RefreshByAccessToken:
		if current.Generation == 0 || !current.ExpiresAt.IsZero() && !d.Now().Before(current.ExpiresAt) {
			return request, errNoRefreshToken // a token that has ended swaps for nothing
		}
	default:
		request.Params = oauth.RefreshParams(refresh.Reveal(), nil, a.Separator())
	}
	return request, nil
}

// RequestToken asks the provider for the next token.
func (d *Desk) RequestToken(ctx context.Context, a Arrangement, current ledger.TokenSet) (oauth.Token, error) {
	server, err := d.Server(ctx, a)
	if err != nil {
		return oauth.Token{}, err
	}
	if a.ByItself() {
		request, err := d.OwnGrant(a, server)
		if err != nil {
			return oauth.Token{}, err
		}
		return d.Exchange(ctx, a, request, secret.Text{})
	}
	auth, err := d.ClientAuth(a, server)
	if err != nil {
		return oauth.Token{}, err
	}
	access, refresh, err := d.OpenTokens(current)
	if err != nil {
		return oauth.Token{}, err
	}
	request, err := d.RenewalRequest(a, refresh, current)
	if err != nil {
		return oauth.Token{}, err
	}
	request.Endpoint, request.Auth = server.RefreshURL(), auth
	return d.Exchange(ctx, a, request, access)
}

// Replay judges an answer that was kept because nobody could read it, as the
// description now says. Nothing is sent but the description's further requests.
func (d *Desk) Replay(ctx context.Context, a Arrangement, current ledger.TokenSet, body []byte, received time.Time) (oauth.Token, error) {
	access, _, err := d.OpenTokens(current)
	if err != nil {
		return oauth.Token{}, err
	}
	return d.quirks().Replay(ctx, d.asking(a, oauth.TokenRequest{Grant: oauth.GrantRefreshToken}, access), oauth.Response{
		Status:   http.StatusOK,
		Body:     body,
		Received: received,
	})
}

// valueOf is what a block says; nothing when it is absent.
func valueOf[T any](block *T) T {
	if block == nil {
		return *new(T)
	}
	return *block
}
