package broker

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/url"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// Completion is how a callback ended.
type Completion struct {
	Flow     api.Flow
	ReturnTo string // where the browser goes; "" for the flow's own page
}

// Complete finishes the flow that a callback belongs to (RFC 6749 section
// 4.1.2, RFC 9207). cookie gives the binding that the browser shows for a
// flow. The flow is taken before the code is sent anywhere, so a code is used
// at most once. An error that is not about this flow changes nothing.
func (b *Broker) Complete(ctx context.Context, params url.Values, cookie func(flow string) string) (Completion, error) {
	states := params["state"]
	if len(states) != 1 || states[0] == "" {
		return Completion{}, fault.New(api.CodeInvalid, "the provider's answer does not say which authorization it belongs to").
			WithHint("begin a new one: valetkey connect NAME")
	}
	flow, err := b.Store.FlowByState(ctx, hash(states[0]))
	if errors.Is(err, ledger.ErrNotFound) {
		return Completion{}, unknownFlow(err)
	}
	if err != nil {
		return Completion{}, err
	}
	verifier, err := b.Keyring.Open(flow.Verifier, ledger.FlowPlace(flow.ID, "verifier"))
	if err != nil {
		return Completion{}, err
	}
	if !hmac.Equal([]byte(cookie(flow.ID)), []byte(binding(verifier))) {
		// The flow stays open for the browser that began it.
		return Completion{}, fault.New(api.CodeForbidden, "this authorization was begun in another browser").
			WithHint("open the address that valetkey printed in this browser, and finish there")
	}
	if flow.Status == api.FlowDone {
		return Completion{Flow: b.flowView(flow), ReturnTo: flow.ReturnTo}, nil // a reload of the callback
	}
	if err := b.openFlow(flow); err != nil {
		return Completion{}, err
	}
	if err := b.Store.TakeFlow(ctx, flow.ID, b.Now()); err != nil {
		if errors.Is(err, ledger.ErrStale) {
			flow.TakenAt = b.Now()
			return Completion{}, b.openFlow(flow)
		}
		return Completion{}, err
	}
	// From here on the browser may leave: what the provider gave must be kept.
	return b.redeem(context.WithoutCancel(ctx), flow, params, verifier.Reveal())
}

// redeem judges the answer, sends the code and ends the flow either way.
func (b *Broker) redeem(ctx context.Context, flow ledger.Flow, params url.Values, verifier string) (Completion, error) {
	err := b.judgeAndSave(ctx, flow, params, verifier)
	if err == nil {
		flow.Status = api.FlowDone
		err = b.Store.FinishFlow(ctx, flow.ID, flow.Status, nil)
		return Completion{Flow: b.flowView(flow), ReturnTo: flow.ReturnTo}, err
	}
	shown := fault.As(err)
	cause := &api.Cause{Code: causeCode(err), Title: shown.Message, Remedy: shown.Hint}
	if finishErr := b.Store.FinishFlow(ctx, flow.ID, api.FlowFailed, cause); finishErr != nil {
		return Completion{}, finishErr
	}
	b.note(ctx, b.event(flow.Connection, ledger.EventDenied, map[string]string{"code": cause.Code, "title": cause.Title}))
	return Completion{}, err
}

func (b *Broker) judgeAndSave(ctx context.Context, flow ledger.Flow, params url.Values, verifier string) error {
	a, err := b.arrange(ctx, flow.Connection)
	if err != nil {
		return err
	}
	response, err := oauth.ParseAuthorizationResponse(params, catalog.CodeNames(a.described)...)
	if err != nil {
		return refusedAnswer(err, flow.Connection)
	}
	captured, callbackErr := catalog.FromCallback(a.described, response.Params)
	if a, err = a.with(captured); err != nil {
		return err
	}
	server, err := b.server(ctx, a)
	if err != nil {
		return err
	}
	// What was recorded when the flow began holds, whatever the description says by now.
	server.Issuer = flow.Issuer
	if !catalog.TokenEndpointTold(a.described) {
		server.TokenEndpoint = flow.TokenEndpoint
	}
	if err := response.Verify(params.Get("state"), server); err != nil {
		return refusedAnswer(err, flow.Connection)
	}
	if response.Error != "" {
		return b.denied(a, response)
	}
	if callbackErr != nil {
		return callbackErr
	}
	token, err := b.redeemCode(ctx, a, server, oauth.CodeParams(response.Code, flow.RedirectURI, verifier))
	if err != nil {
		return b.codeRefused(ctx, a, err)
	}
	return b.saveAuthorized(ctx, a, flow.Issuer, token)
}

// refusedAnswer is for an answer that must not be trusted: mixed up, doubled or
// incomplete. What it says is not shown (RFC 9207 section 2.4).
func refusedAnswer(err error, connection string) error {
	return fault.Wrap(err, api.CodeForbidden, "the answer that came back was refused: %s", oauth.Words(err)).
		WithHint("nothing was changed; begin a new authorization: valetkey connect %s", connection)
}

func (b *Broker) redeemCode(ctx context.Context, a arrangement, server oauth.Server, params url.Values) (oauth.Token, error) {
	if catalog.ConsentOnly(a.described) {
		return b.requestToken(ctx, a, ledger.TokenSet{})
	}
	auth, err := b.clientAuth(a, server)
	if err != nil {
		return oauth.Token{}, err
	}
	if a.provider.Provider.CodeChallengeMethod == oauth.MethodNone {
		params.Del("code_verifier")
	}
	return b.exchange(ctx, a, oauth.TokenRequest{
		Endpoint: server.TokenEndpoint,
		Auth:     auth,
		Grant:    oauth.GrantAuthorizationCode,
		Params:   params,
	}, secret.Text{})
}

// saveAuthorized saves the first token set of a grant. A renewal of the grant
// before it may save at the same time: then the new grant goes on top.
func (b *Broker) saveAuthorized(ctx context.Context, a arrangement, issuer string, token oauth.Token) error {
	who, err := account.Read(issuer, a.client.ClientID, token, b.Now())
	if err != nil {
		return err
	}
	owner, err := account.Pin(a.connection.Name, a.connection.Owner(), who)
	if err != nil {
		return err
	}
	save := ledger.TokenSave{Change: ledger.StateChange{State: api.StateActive}, Account: owner, Keep: keepGenerations}
	b.gather(ctx, a, token, &save)
	for {
		current, err := b.currentTokenSet(ctx, a.connection.Name)
		if err != nil {
			return err
		}
		set, err := b.sealToken(a, token, ledger.TokenSet{Connection: a.connection.Name, Generation: current.Generation})
		if err != nil {
			return err
		}
		save.Set, save.Event = set, b.event(a.connection.Name, ledger.EventAuthorized, tokenDetail(token, set))
		err = b.Store.SaveTokenSet(ctx, save)
		if errors.Is(err, ledger.ErrStale) {
			continue
		}
		b.snapshots.Drop(a.connection.Name)
		return err
	}
}
