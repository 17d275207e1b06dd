package authorize

import (
	"cmp"
	"context"
	"crypto/hmac"
	"errors"
	"net/url"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/quirk"
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
func (f *Flows) Complete(ctx context.Context, params url.Values, cookie func(flow string) string) (Completion, error) {
	states := params["state"]
	if len(states) != 1 || states[0] == "" {
		return Completion{}, fault.New(api.CodeInvalid, "the provider's answer does not say which authorization it belongs to").
			WithHint("begin a new one: valetkey connect NAME")
	}
	flow, err := f.desk.Store.FlowByState(ctx, hash(states[0]))
	if errors.Is(err, ledger.ErrNotFound) {
		return Completion{}, unknownFlow(err)
	}
	if err != nil {
		return Completion{}, err
	}
	verifier, err := f.desk.Keyring.Open(flow.Verifier, ledger.FlowPlace(flow.ID, "verifier"))
	if err != nil {
		return Completion{}, err
	}
	if !hmac.Equal([]byte(cookie(flow.ID)), []byte(binding(verifier))) {
		// The flow stays open for the browser that began it.
		return Completion{}, fault.New(api.CodeForbidden, "this authorization was begun in another browser").
			WithHint("open the address that valetkey printed in this browser, and finish there")
	}
	if flow.Status == api.FlowDone {
		return Completion{Flow: f.flowView(flow), ReturnTo: flow.ReturnTo}, nil // a reload of the callback
	}
	if err := f.openFlow(flow); err != nil {
		return Completion{}, err
	}
	if err := f.desk.Store.TakeFlow(ctx, flow.ID, f.desk.Now()); err != nil {
		if errors.Is(err, ledger.ErrStale) {
			flow.TakenAt = f.desk.Now()
			return Completion{}, f.openFlow(flow)
		}
		return Completion{}, err
	}
	// From here on the browser may leave: what the provider gave must be kept.
	return f.redeem(context.WithoutCancel(ctx), flow, params, verifier.Reveal())
}

// redeem judges the answer, sends the code and ends the flow either way.
func (f *Flows) redeem(ctx context.Context, flow ledger.Flow, params url.Values, verifier string) (Completion, error) {
	next, err := f.judge(ctx, flow, params, verifier)
	if err == nil {
		flow.Status = api.FlowDone
		err = f.desk.Store.FinishFlow(ctx, flow.ID, flow.Status, nil)
		return Completion{Flow: f.flowView(flow), ReturnTo: cmp.Or(next, flow.ReturnTo)}, err
	}
	shown := fault.As(err)
	cause := &api.Cause{Code: causeCode(err), Title: shown.Message, Remedy: shown.Hint}
	if finishErr := f.desk.Store.FinishFlow(ctx, flow.ID, api.FlowFailed, cause); finishErr != nil {
		return Completion{}, finishErr
	}
	f.desk.Note(ctx, f.desk.Event(flow.Connection, ledger.EventDenied, map[string]string{"code": cause.Code, "title": cause.Title}))
	return Completion{}, err
}

// judge does what the flow is for. next is where the browser goes on, if the
// person has more to do.
func (f *Flows) judge(ctx context.Context, flow ledger.Flow, params url.Values, verifier string) (next string, err error) {
	e, err := f.errandOf(flow)
	switch {
	case err != nil:
		return "", err
	case e.Kind == errandConsent:
		return f.consented(ctx, flow, e, params)
	case e.Kind == errandProof:
		return "", f.proven(ctx, flow, e, params, verifier)
	default:
		return "", f.judgeAndSave(ctx, flow, e.Told, params, verifier)
	}
}

func (f *Flows) judgeAndSave(ctx context.Context, flow ledger.Flow, told map[string]string, params url.Values, verifier string) error {
	a, err := f.desk.ArrangeWith(ctx, flow.Connection, told)
	if err != nil {
		return err
	}
	names := catalog.CodeNames(a.Described)
	if a.Grant == arrangement.GrantImplicit {
		names = []string{oauth.NoCode}
	}
	response, err := oauth.ParseAuthorizationResponse(params, names...)
	if err != nil {
		return refusedAnswer(err, flow.Connection)
	}
	captured, callbackErr := catalog.FromCallback(a.Described, response.Params)
	if callbackErr == nil {
		callbackErr = notAnother(a.Connection, captured)
	}
	if a, err = a.Redirected(captured); err != nil {
		return err
	}
	server, err := f.desk.Server(ctx, a)
	if err != nil {
		return err
	}
	// What was recorded when the flow began holds, whatever the description says by now.
	server.Issuer = flow.Issuer
	if !catalog.TokenEndpointTold(a.Described) {
		server.TokenEndpoint = flow.TokenEndpoint
	}
	if err := response.Verify(params.Get("state"), server); err != nil {
		return refusedAnswer(err, flow.Connection)
	}
	if response.Error != "" {
		return f.denied(a, response)
	}
	if err := f.verifySigned(a, params); err != nil {
		return err
	}
	if callbackErr != nil {
		return callbackErr
	}
	token, err := f.firstToken(ctx, a, server, params, oauth.CodeParams(response.Code, flow.RedirectURI, verifier))
	if err != nil {
		return f.codeRefused(ctx, a, err)
	}
	from := origin{server: server, flow: flow.ID}
	if a.AsksForIDToken() {
		from.nonce = arrangement.Nonce(verifier)
	}
	return f.saveAuthorized(ctx, a, from, token)
}

// verifySigned holds the answer to the provider's signature, where its
// description says that there is one.
func (f *Flows) verifySigned(a arrangement.Arrangement, params url.Values) error {
	rules := a.Described.AuthorizationResponse
	if rules == nil || rules.Verify == "" {
		return nil
	}
	credential, err := f.desk.OpenCredential(a.Client)
	if err != nil {
		return err
	}
	secrets := make([]string, len(credential.Secrets))
	for i, secret := range credential.Secrets {
		secrets[i] = secret.Reveal()
	}
	return quirk.VerifyCallback(rules.Verify, params, secrets)
}

// refusedAnswer is for an answer that must not be trusted: mixed up, doubled or
// incomplete. What it says is not shown (RFC 9207 section 2.4).
func refusedAnswer(err error, connection string) error {
	return fault.Wrap(err, api.CodeForbidden, "the answer that came back was refused: %s", oauth.Words(err)).
		WithHint("nothing was changed; begin a new authorization: valetkey connect %s", connection)
}

// firstToken is what the answer stands for: a code is redeemed; with the grant
// implicit the token is there.
func (f *Flows) firstToken(ctx context.Context, a arrangement.Arrangement, server oauth.Server, answer, code url.Values) (oauth.Token, error) {
	if a.Grant != arrangement.GrantImplicit {
		return f.redeemCode(ctx, a, server, code)
	}
	if err := f.desk.Leave(a.Grant); err != nil {
		return oauth.Token{}, err
	}
	var rules oauth.ResponseRules
	if described := a.Provider.Provider.TokenResponse; described != nil {
		rules = *described
	}
	return implicitToken(answer, f.desk.Now(), rules)
}

func (f *Flows) redeemCode(ctx context.Context, a arrangement.Arrangement, server oauth.Server, params url.Values) (oauth.Token, error) {
	if catalog.ConsentOnly(a.Described) {
		return f.desk.RequestToken(ctx, a, ledger.TokenSet{})
	}
	if a.Provider.Provider.CodeChallengeMethod == oauth.MethodNone {
		params.Del("code_verifier")
	}
	return f.desk.Exchange(ctx, a, server, oauth.TokenRequest{
		Endpoint: server.TokenEndpoint,
		Grant:    oauth.GrantAuthorizationCode,
		Params:   params,
	}, secret.Text{})
}

// origin is who gave a token, and in answer to which request. The zero origin
// is nobody known.
type origin struct {
	server oauth.Server
	nonce  string
	flow   string // that was begun for it; "": none
}

// saveAuthorized saves the first token set of a grant. A renewal of the grant
// before it may save at the same time: then the new grant goes on top.
func (f *Flows) saveAuthorized(ctx context.Context, a arrangement.Arrangement, from origin, token oauth.Token) error {
	who, err := f.desk.Identify(ctx, a, from.server, token, from.nonce)
	if err != nil {
		return err
	}
	if f.Accept != nil && from.flow != "" {
		if err := f.Accept(ctx, from.flow, who); err != nil {
			return err
		}
	}
	owner, err := account.Pin(a.Connection.Name, a.Connection.Owner(), who)
	if err != nil {
		return err
	}
	save := ledger.TokenSave{Change: ledger.StateChange{State: api.StateActive}, Account: owner, Keep: arrangement.KeepGenerations}
	f.desk.Gather(ctx, a, token, &save)
	for {
		current, err := f.desk.CurrentTokenSet(ctx, a.Connection.Name)
		if err != nil {
			return err
		}
		set, err := f.desk.SealToken(a, token, ledger.TokenSet{Connection: a.Connection.Name, Generation: current.Generation})
		if err != nil {
			return err
		}
		save.Set, save.DueAt, save.Event = set, f.desk.DueAt(a, set), f.desk.Event(a.Connection.Name, ledger.EventAuthorized, arrangement.TokenDetail(token, set))
		err = f.desk.Store.SaveTokenSet(ctx, save)
		if errors.Is(err, ledger.ErrStale) {
			continue
		}
		f.desk.Forget(a.Connection.Name)
		if err == nil {
			f.desk.KeepFile(ctx, a, set)
			f.SaveSets(ctx, a, token)
		}
		return err
	}
}
