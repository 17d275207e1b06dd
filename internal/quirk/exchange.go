package quirk

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/assertion"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// Timeout bounds one token request. It is generous: giving up on a provider
// that has already rotated the token loses the grant.
const Timeout = 30 * time.Second

// What follows a token request is bounded more tightly: the new token is not
// saved before it is done, and the lease of a renewal lives twice [Timeout].
const (
	stepsTimeout  = 15 * time.Second
	gatherTimeout = 10 * time.Second
)

// Doer sends a request. It must not follow redirects.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Exchange talks to authorization servers.
type Exchange struct {
	HTTP Doer
	Now  func() time.Time
}

// Ask is one token request with all that its description may refer to. The
// rules of the request are taken from the description.
type Ask struct {
	Provider    catalog.Resolved
	Request     oauth.TokenRequest
	RedirectURI string
	AccessToken string // the one that is renewed; "" for none
	TokenSet    string // which token of the answer is wanted; "": the first
	Renewal     bool   // of a grant that is there
	Bound       bool   // a proof of possession goes along: the token may be bound to its key (RFC 9449)
}

// Token makes the request and the further ones of the description. The error
// is an *oauth.Error, or a fault of the description; beside an error the token
// holds what a failed further request must not lose.
func (x Exchange) Token(ctx context.Context, ask Ask) (oauth.Token, error) {
	request, rules := ask.Request, ask.responseRules()
	if request.Grant == assertion.GrantTokenExchange {
		// What is issued need not be an access token (RFC 8693 section 2.2.1).
		rules.TokenTypes = append(slices.Clone(rules.TokenTypes), "N_A")
	}
	if ask.Bound {
		rules.TokenTypes = append(slices.Clone(rules.TokenTypes), dpop.TokenType)
	}
	var err error
	if request.Rules, err = ask.rules(x.Now()); err != nil {
		return oauth.Token{}, err
	}
	token, err := x.send(ctx, request, rules)
	if narrower, ok := ask.withoutScope(request, err); ok {
		token, err = x.send(ctx, narrower, rules)
	}
	if err != nil {
		return oauth.Token{}, err
	}
	return x.finish(ctx, ask, token)
}

// withoutScope is a renewal once more without its scope, which the server
// refused: then what was granted is renewed as it is (RFC 6749 section 6). A
// refusal by that name has used nothing up.
func (ask Ask) withoutScope(request oauth.TokenRequest, err error) (oauth.TokenRequest, bool) {
	var refused *oauth.Error
	if !ask.Renewal || !errors.As(err, &refused) || refused.Code != "invalid_scope" {
		return request, false
	}
	name := cmp.Or(request.Rules.Rename["scope"], "scope")
	if request.Params.Get("scope") == "" && request.Rules.Params[name] == "" {
		return request, false
	}
	request.Params, request.Rules.Params = maps.Clone(request.Params), maps.Clone(request.Rules.Params)
	request.Params.Del("scope")
	delete(request.Rules.Params, name)
	return request, true
}

// Replay judges an answer that was kept, and makes the further requests of the
// description.
func (x Exchange) Replay(ctx context.Context, ask Ask, answer oauth.Response) (oauth.Token, error) {
	token, err := answer.Token(ask.responseRules())
	if err != nil {
		return oauth.Token{}, err
	}
	return x.finish(ctx, ask, token)
}

// finish makes the further requests that follow a token response.
func (x Exchange) finish(ctx context.Context, ask Ask, token oauth.Token) (oauth.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, stepsTimeout)
	defer cancel()
	for i, step := range ask.Provider.Provider.Exchange {
		if ask.Renewal && !step.OnRefresh {
			continue
		}
		next, err := x.step(ctx, ask, catalog.Step(i), step, token)
		if err != nil {
			// APIs do not take what we have, but what renews it may be new.
			token.ExpiresAt, token.ExpiryKnown = token.Received, true
			return token, err
		}
		token = next
	}
	if catalog.CallsWithIDToken(ask.Provider.Provider) && token.IDToken != "" {
		token.AccessToken = token.IDToken
	}
	return token, nil
}

// step makes one further request and lays its answer over the one before.
func (x Exchange) step(ctx context.Context, ask Ask, key string, step api.ExchangeStep, before oauth.Token) (oauth.Token, error) {
	known := ask.known(x.Now())
	known[catalog.InAccessToken], known[catalog.InRefreshToken] = before.AccessToken, before.RefreshToken
	rules, err := ask.Provider.Rules(key, step.RequestRules, known)
	if err != nil {
		return before, err
	}
	response := oauth.ResponseRules{}
	if step.Response != nil {
		response = *step.Response
	}
	response.Asked.Redact = []string{before.AccessToken, before.RefreshToken}
	// The description says what of the client is sent; nothing is by itself.
	after, err := x.send(ctx, oauth.TokenRequest{
		Auth:  oauth.ClientAuth{Method: oauth.AuthNone, ClientSecret: ask.Request.Auth.ClientSecret},
		Rules: rules,
	}, response)
	if err != nil {
		return before, err
	}
	fields := maps.Clone(before.Fields)
	if fields == nil {
		fields = make(map[string]any)
	}
	maps.Copy(fields, after.Fields)
	after = after.Inherit(before, "id_token")
	after.Fields, after.Sets = fields, before.Sets
	return after, nil
}

// send makes one request and judges its answer.
func (x Exchange) send(ctx context.Context, request oauth.TokenRequest, rules oauth.ResponseRules) (oauth.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	})
	message, err := request.HTTP(ctx)
	if err != nil {
		return oauth.Token{}, err
	}
	response, err := x.HTTP.Do(message)
	if err != nil {
		return oauth.Token{}, oauth.ClassifyTransport(err, sent.Load())
	}
	defer response.Body.Close()
	return request.Judge(response, x.Now(), rules)
}
