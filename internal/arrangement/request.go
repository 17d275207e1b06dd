package arrangement

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/quirk"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

func (d *Desk) quirks() quirk.Exchange { return d.quirksBy(d.HTTP) }

func (d *Desk) quirksBy(way Doer) quirk.Exchange { return quirk.Exchange{HTTP: way, Now: d.Now} }

// Exchange makes one token request as the provider's description has it, and
// the further ones it asks for. access is the token that is renewed, if any.
// The request's client authentication is made here unless it is there. What
// the request uses up is sent again only after the server said that it does
// not know the client, and then with another secret only (RFC 6749 section 5.2).
func (d *Desk) Exchange(ctx context.Context, a Arrangement, server oauth.Server, request oauth.TokenRequest, access secret.Text) (oauth.Token, error) {
	token, err := d.knock(ctx, a, server, request, access)
	if err == nil {
		token = d.ended(ctx, a, server, token)
	}
	return token, err
}

// knock finds the way by which the server knows the client, and asks.
func (d *Desk) knock(ctx context.Context, a Arrangement, server oauth.Server, request oauth.TokenRequest, access secret.Text) (oauth.Token, error) {
	request.Params = withClaims(withResources(request.Params, a.Resources()), a.Claims)
	door, err := d.door(ctx, a, server)
	if err != nil {
		return oauth.Token{}, err
	}
	if request.Auth.Method != "" {
		session, err := door.bare(request.Auth)
		if err != nil {
			return oauth.Token{}, err
		}
		token, err := door.token(ctx, session, request, access)
		if door.prover.wantsAgain(err) {
			err = againWithNonce{err}
		}
		return token, err
	}
	if !door.sure && request.Grant != oauth.GrantClientCredentials {
		if err := door.find(ctx, request); err != nil {
			return oauth.Token{}, err
		}
	}
	return door.exchange(ctx, request, access)
}

// exchange sends a token request by each way until the server knows the client.
func (d *door) exchange(ctx context.Context, request oauth.TokenRequest, access secret.Text) (token oauth.Token, err error) {
	var further error
	err = d.through(ctx, func(session Session) error {
		var err error
		request.Auth = session.Auth
		token, err = d.token(ctx, session, request, access)
		if err != nil && !token.Received.IsZero() {
			further = err // the client was known: a further request failed
			return nil
		}
		return err
	})
	return token, cmp.Or(err, further)
}

// token makes one token request.
func (d *door) token(ctx context.Context, session Session, request oauth.TokenRequest, access secret.Text) (oauth.Token, error) {
	ask := d.asking(d.a, request, access)
	ask.Bound = d.prover.proves()
	token, err := quirk.Exchange{HTTP: session.HTTP, Now: d.Now}.Token(ctx, ask)
	if err != nil {
		return token, err
	}
	return d.prover.checked(token, request.Grant)
}

func (d *Desk) asking(a Arrangement, request oauth.TokenRequest, access secret.Text) quirk.Ask {
	return quirk.Ask{
		Provider:    a.Provider,
		Request:     request,
		RedirectURI: d.RedirectURI,
		AccessToken: access.Reveal(),
		TokenSet:    a.Connection.Spec.TokenSet,
		Renewal:     request.Grant == oauth.GrantRefreshToken,
	}
}

// LegRules completes the rules of a request that is no token request.
func (d *Desk) LegRules(a Arrangement, leg string, auth oauth.ClientAuth, access string) (oauth.RequestRules, error) {
	own := a.Provider.Provider.AuthorizationRequest
	if leg == catalog.LegRevocation {
		own = a.Provider.Provider.RevocationRequest
	}
	known := catalog.Instant(d.Now())
	maps.Copy(known, map[string]string{
		catalog.InClientID:     a.Client.ClientID,
		catalog.InClientSecret: auth.ClientSecret,
		catalog.InRedirectURI:  d.RedirectURI,
		catalog.InAccessToken:  access,
	})
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
	captured, cause := d.quirksBy(d.forToken(ctx, a, token)).Gather(ctx, quirk.Arrival{
		Provider:   a.Provider,
		Values:     a.values(),
		Token:      token,
		Renewed:    save.Event.Kind == ledger.EventRefreshed && a.Connection.Generation > 0,
		Connection: a.Connection.Name,
	})
	save.Captured = withDetails(captured, token)
	if cause != nil {
		save.Change = ledger.StateChange{State: api.StateNeedsConfiguration, Cause: cause}
	}
}

// ByItself reports whether no person is needed for the next token.
func (a Arrangement) ByItself() bool {
	return ByItself(a.Grant, a.Connection.Spec) || catalog.ConsentOnly(a.Described)
}

// Renews says whether the grant renews itself.
func (a Arrangement) Renews(hasRefreshToken bool) bool {
	return ByItself(a.Grant, a.Connection.Spec) || catalog.Renews(a.Described, hasRefreshToken)
}

// OpenTokens opens both tokens of a set; each may be empty. A kept login is no
// refresh token.
func (d *Desk) OpenTokens(set ledger.TokenSet) (access, refresh secret.Text, err error) {
	if access, err = d.Keyring.Open(set.AccessToken, ledger.TokenPlace(set.Connection, set.Generation, "access_token")); err != nil {
		return access, refresh, err
	}
	refresh, err = d.Keyring.Open(set.RefreshToken, ledger.TokenPlace(set.Connection, set.Generation, "refresh_token"))
	if isLogin(refresh) {
		refresh = secret.Text{}
	}
	return access, refresh, err
}

// RenewalRequest is the request that Renews a set, by what the provider Renews
// with.
func (d *Desk) RenewalRequest(a Arrangement, refresh secret.Text, current ledger.TokenSet) (oauth.TokenRequest, error) {
	request := oauth.TokenRequest{Grant: oauth.GrantRefreshToken}
	switch {
	case !a.Renews(!refresh.IsZero()):
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
	access, refresh, err := d.OpenTokens(current)
	if err != nil {
		return oauth.Token{}, err
	}
	if a.ByItself() && !a.refreshesFirst(refresh) {
		return d.ownToken(ctx, a, server, api.GrantInput{})
	}
	if given, ok, err := d.openLogin(current); ok || err != nil {
		if err != nil {
			return oauth.Token{}, err
		}
		return d.ownToken(ctx, a, server, given)
	}
	request, err := d.RenewalRequest(a, refresh, current)
	if err != nil {
		return oauth.Token{}, err
	}
	request.Endpoint = server.RefreshURL()
	return d.Exchange(ctx, a, server, request, access)
}

// refreshesFirst is for a grant of the client that the description renews with
// the refresh token that came with it.
func (a Arrangement) refreshesFirst(refresh secret.Text) bool {
	r := a.Described.Refresh
	return a.Grant == GrantCustom && !refresh.IsZero() && r != nil && r.Strategy == api.RefreshByRefreshToken
}

// ownToken obtains a token by a grant that takes no browser.
func (d *Desk) ownToken(ctx context.Context, a Arrangement, server oauth.Server, given api.GrantInput) (oauth.Token, error) {
	request, err := d.OwnGrant(ctx, a, server, given)
	if err != nil {
		return oauth.Token{}, err
	}
	token, err := d.Exchange(ctx, a, server, request, secret.Text{})
	if again := (againWithNonce{}); errors.As(err, &again) {
		if request, err = d.OwnGrant(ctx, a, server, given); err != nil {
			return oauth.Token{}, err
		}
		token, err = d.Exchange(ctx, a, server, request, secret.Text{})
	}
	return token, err
}

// againWithNonce is the refusal of a proof without the server's nonce: the
// request is made anew, since no assertion is shown twice (RFC 7523 section 3).
type againWithNonce struct{ error }

// Unwrap gives the server's answer.
func (e againWithNonce) Unwrap() error { return e.error }

// Redeem obtains the token for what a person or program brought. What was
// brought is kept only where nothing else renews the token.
func (d *Desk) Redeem(ctx context.Context, a Arrangement, given api.GrantInput) (oauth.Token, error) {
	server, err := d.Server(ctx, a)
	if err != nil {
		return oauth.Token{}, err
	}
	token, err := d.ownToken(ctx, a, server, given)
	if err != nil || a.Grant != oauth.GrantPassword {
		return token, err
	}
	return KeepLogin(token, given)
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

// grantedDetails is the variable under which a connection shows what it was
// granted of the authorization_details it asked for (RFC 9396 section 7).
const grantedDetails = "authorization_details"

func withDetails(captured map[string]string, token oauth.Token) map[string]string {
	details, granted := token.Fields[grantedDetails]
	if !granted {
		return captured
	}
	text, err := json.Marshal(details)
	if err != nil {
		return captured
	}
	all := maps.Clone(captured)
	if all == nil {
		all = make(map[string]string)
	}
	all[grantedDetails] = string(text)
	return all
}

// withResources names whom the token is for (RFC 8707 section 2.2).
func withResources(params url.Values, resources []string) url.Values {
	if len(resources) == 0 || params.Has("resource") {
		return params
	}
	named := maps.Clone(params)
	if named == nil {
		named = url.Values{}
	}
	named["resource"] = resources
	return named
}
