package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/device"
)

// deviceFlow is what is kept, sealed, of an authorization by device code
// (RFC 8628 section 3.2). It stands where other flows keep their URL.
type deviceFlow struct {
	DeviceCode string        `json:"device_code"`
	Interval   time.Duration `json:"interval"`
	UserCode   string        `json:"user_code"`
	URI        string        `json:"uri"`
	Complete   string        `json:"complete,omitempty"`
}

// polls remembers when each device flow may ask again. It is forgotten at a
// restart: then a flow asks at its next look, at the interval it began with.
type polls struct {
	mu    sync.Mutex
	known map[string]*poll
}

type poll struct {
	mu    sync.Mutex // one request at a time
	state device.Poll
	at    time.Time // not before
}

func (p *polls) of(flow string, begin device.Poll) *poll {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = make(map[string]*poll)
	}
	found, ok := p.known[flow]
	if !ok {
		found = &poll{state: begin}
		p.known[flow] = found
	}
	return found
}

func (p *polls) forget(flow string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.known, flow)
}

// beginDevice starts an authorization for a machine without a browser: the
// person opens an address anywhere and types a code (RFC 8628 section 3.1).
func (f *Flows) beginDevice(ctx context.Context, a arrangement.Arrangement, server oauth.Server, besides api.StepUp) (api.Authorization, error) {
	if server.DeviceAuthorizationEndpoint == "" {
		return api.Authorization{}, fault.New(api.CodeNeedsConfiguration, "the provider %q has no device authorization endpoint", a.Provider.Provider.Name).
			WithHint("leave --device away, or set device_authorization_endpoint if the provider has one")
	}
	codes, err := f.askForCodes(ctx, a, server, besides)
	if err != nil {
		return api.Authorization{}, err
	}
	flow, err := f.newDeviceFlow(a, server, codes)
	if err != nil {
		return api.Authorization{}, err
	}
	if err := f.desk.Store.CreateFlow(ctx, flow); err != nil {
		return api.Authorization{}, err
	}
	begin, step := device.NewPoll(codes, f.desk.Now())
	f.polls.of(flow.ID, begin).at = step.At
	return api.Authorization{
		Flow:                    flow.ID,
		UserCode:                codes.UserCode,
		VerificationURI:         codes.VerificationURI,
		VerificationURIComplete: codes.VerificationURIComplete,
		ExpiresAt:               flow.ExpiresAt.UTC(),
	}, nil
}

// askForCodes sends the device authorization request. What an API wants besides
// goes along as in a browser (RFC 9470 section 4): a server that does not know
// it here ignores it (RFC 6749 section 3.2).
func (f *Flows) askForCodes(ctx context.Context, a arrangement.Arrangement, server oauth.Server, step api.StepUp) (device.Authorization, error) {
	scopes, extra, err := a.Asked(step)
	if err != nil {
		return device.Authorization{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, arrangement.TokenTimeout)
	defer cancel()
	var codes device.Authorization
	answered := false
	err = f.desk.Authenticated(ctx, a, server, func(session arrangement.Session) error {
		request := device.Request{
			Endpoint:  server.DeviceAuthorizationEndpoint,
			Auth:      session.Auth,
			Scopes:    scopes,
			Separator: a.Separator(),
			Params:    extra,
		}
		message, err := request.HTTP(ctx)
		if err != nil {
			return fault.Wrap(err, api.CodeNeedsConfiguration, "no device authorization can be asked for: %s", oauth.Words(err))
		}
		response, err := session.HTTP.Do(message)
		if err != nil {
			return arrangement.Unreachable(err, "the provider "+a.Provider.Provider.Name)
		}
		defer response.Body.Close()
		answered = true
		codes, err = request.Judge(response, f.desk.Now(), oauth.ResponseRules{})
		return err
	})
	if err != nil && answered {
		return codes, f.codeRefused(ctx, a, err)
	}
	return codes, err
}

func (f *Flows) newDeviceFlow(a arrangement.Arrangement, server oauth.Server, codes device.Authorization) (ledger.Flow, error) {
	id, err := oauth.NewState(f.desk.Rand)
	if err != nil {
		return ledger.Flow{}, err
	}
	document, err := json.Marshal(deviceFlow{
		DeviceCode: codes.DeviceCode, Interval: codes.Interval,
		UserCode: codes.UserCode, URI: codes.VerificationURI, Complete: codes.VerificationURIComplete,
	})
	if err != nil {
		return ledger.Flow{}, err
	}
	sealed, err := f.desk.Keyring.Seal(secret.NewText(string(document)), ledger.FlowPlace(id, "device"))
	if err != nil {
		return ledger.Flow{}, err
	}
	return ledger.Flow{
		ID:               id,
		Connection:       a.Connection.Name,
		StateHash:        hash(id), // no state travels; the column is unique
		AuthorizationURL: sealed,
		Issuer:           server.Issuer,
		TokenEndpoint:    server.TokenEndpoint,
		Status:           api.FlowPending,
		CreatedAt:        f.desk.Now(),
		ExpiresAt:        codes.ExpiresAt,
	}, nil
}

// openDevice reads what is kept of an authorization by device code.
func (f *Flows) openDevice(flow ledger.Flow) (kept deviceFlow, err error) {
	text, err := f.desk.Keyring.Open(flow.AuthorizationURL, ledger.FlowPlace(flow.ID, "device"))
	if err != nil {
		return kept, err
	}
	return kept, json.Unmarshal([]byte(text.Reveal()), &kept)
}

// pollDevice asks the provider whether the person has approved, when it is
// time to (RFC 8628 section 3.5), and returns the flow as it is then. Whoever
// looks at the flow drives it: nothing is polled that nobody waits for.
func (f *Flows) pollDevice(ctx context.Context, flow ledger.Flow) (ledger.Flow, error) {
	kept, err := f.openDevice(flow)
	if err != nil {
		return flow, err
	}
	p := f.polls.of(flow.ID, device.Poll{Interval: kept.Interval, ExpiresAt: flow.ExpiresAt})
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.desk.Now().Before(p.at) {
		return flow, nil
	}
	// A token must be kept though whoever looked has left.
	ctx = context.WithoutCancel(ctx)
	a, err := f.desk.Arrange(ctx, flow.Connection)
	if err != nil {
		return flow, err
	}
	token, outcome := f.askForToken(ctx, a, flow, kept.DeviceCode)
	next, step := p.state.Next(outcome, f.desk.Now())
	p.state, p.at = next, step.At
	if !step.Final() {
		return flow, nil
	}
	f.polls.forget(flow.ID)
	return f.endDevice(ctx, a, flow, token, step)
}

func (f *Flows) askForToken(ctx context.Context, a arrangement.Arrangement, flow ledger.Flow, code string) (oauth.Token, error) {
	server, err := f.desk.Server(ctx, a)
	if err != nil {
		return oauth.Token{}, err
	}
	server.TokenEndpoint = flow.TokenEndpoint
	return f.desk.Exchange(ctx, a, server, oauth.TokenRequest{
		Endpoint: server.TokenEndpoint,
		Grant:    device.Grant,
		Params:   device.Params(code),
	}, secret.Text{})
}

// endDevice saves the grant, or says why there is none.
func (f *Flows) endDevice(ctx context.Context, a arrangement.Arrangement, flow ledger.Flow, token oauth.Token, step device.Step) (ledger.Flow, error) {
	if err := f.desk.Store.TakeFlow(ctx, flow.ID, f.desk.Now()); err != nil {
		if errors.Is(err, ledger.ErrStale) {
			return f.desk.Store.Flow(ctx, flow.ID) // another process was faster
		}
		return flow, err
	}
	var refusal error
	if step.Verdict == device.Granted {
		from := origin{server: oauth.Server{Issuer: flow.Issuer}, flow: flow.ID}
		refusal = f.saveAuthorized(ctx, a, from, token)
		if refusal == nil {
			flow.Status = api.FlowDone
			return flow, f.desk.Store.FinishFlow(ctx, flow.ID, flow.Status, nil)
		}
		if !fault.Is(refusal, api.CodeForbidden) && !fault.Is(refusal, api.CodeConflict) {
			return flow, refusal
		}
	}
	flow.Status = api.FlowFailed
	flow.Cause = &api.Cause{Code: string(step.Verdict), Title: "the authorization was not approved in time", Remedy: "valetkey connect " + flow.Connection + " --device"}
	if refusal != nil { // another account than the one it belongs to
		shown := fault.As(refusal)
		flow.Cause = &api.Cause{Code: causeCode(refusal), Title: shown.Message, Remedy: shown.Hint}
	} else if step.Err != nil && step.Verdict != device.Expired {
		flow.Cause = f.desk.Cause(a, step.Err)
		if step.Err.ClientWide() {
			if err := f.desk.ParkClient(ctx, a.Client.Name, flow.Cause); err != nil {
				f.desk.Log.Error("the client is refused, and that is not written", slog.String("client", a.Client.Name), slog.Any("error", err))
			}
		}
	}
	f.desk.Note(ctx, f.desk.Event(flow.Connection, ledger.EventDenied, map[string]string{"code": flow.Cause.Code, "title": flow.Cause.Title}))
	return flow, f.desk.Store.FinishFlow(ctx, flow.ID, flow.Status, flow.Cause)
}
