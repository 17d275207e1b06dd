package broker

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
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
func (b *Broker) beginDevice(ctx context.Context, a arrangement, server oauth.Server) (api.Authorization, error) {
	if server.DeviceAuthorizationEndpoint == "" {
		return api.Authorization{}, fault.New(api.CodeNeedsConfiguration, "the provider %q has no device authorization endpoint", a.provider.Provider.Name).
			WithHint("leave --device away, or set device_authorization_endpoint if the provider has one")
	}
	codes, err := b.askForCodes(ctx, a, server)
	if err != nil {
		return api.Authorization{}, err
	}
	flow, err := b.newDeviceFlow(a, server, codes)
	if err != nil {
		return api.Authorization{}, err
	}
	if err := b.Store.CreateFlow(ctx, flow); err != nil {
		return api.Authorization{}, err
	}
	begin, step := device.NewPoll(codes, b.Now())
	b.polls.of(flow.ID, begin).at = step.At
	return api.Authorization{
		Flow:                    flow.ID,
		UserCode:                codes.UserCode,
		VerificationURI:         codes.VerificationURI,
		VerificationURIComplete: codes.VerificationURIComplete,
		ExpiresAt:               flow.ExpiresAt.UTC(),
	}, nil
}

func (b *Broker) askForCodes(ctx context.Context, a arrangement, server oauth.Server) (device.Authorization, error) {
	ctx, cancel := context.WithTimeout(ctx, TokenTimeout)
	defer cancel()
	auth, err := b.clientAuth(a, server)
	if err != nil {
		return device.Authorization{}, err
	}
	request := device.Request{
		Endpoint:  server.DeviceAuthorizationEndpoint,
		Auth:      auth,
		Scopes:    a.scopes(),
		Separator: a.separator(),
	}
	message, err := request.HTTP(ctx)
	if err != nil {
		return device.Authorization{}, fault.Wrap(err, api.CodeNeedsConfiguration, "no device authorization can be asked for: %s", oauth.Words(err))
	}
	response, err := b.HTTP.Do(message)
	if err != nil {
		return device.Authorization{}, unreachable(err, "the provider "+a.provider.Provider.Name)
	}
	defer response.Body.Close()
	codes, err := request.Judge(response, b.Now(), oauth.ResponseRules{})
	if err != nil {
		return codes, b.codeRefused(ctx, a, err)
	}
	return codes, nil
}

func (b *Broker) newDeviceFlow(a arrangement, server oauth.Server, codes device.Authorization) (ledger.Flow, error) {
	id, err := oauth.NewState(b.Rand)
	if err != nil {
		return ledger.Flow{}, err
	}
	document, err := json.Marshal(deviceFlow{DeviceCode: codes.DeviceCode, Interval: codes.Interval})
	if err != nil {
		return ledger.Flow{}, err
	}
	sealed, err := b.Keyring.Seal(secret.NewText(string(document)), ledger.FlowPlace(id, "device"))
	if err != nil {
		return ledger.Flow{}, err
	}
	return ledger.Flow{
		ID:               id,
		Connection:       a.connection.Name,
		StateHash:        hash(id), // no state travels; the column is unique
		AuthorizationURL: sealed,
		Issuer:           server.Issuer,
		TokenEndpoint:    server.TokenEndpoint,
		Status:           api.FlowPending,
		CreatedAt:        b.Now(),
		ExpiresAt:        codes.ExpiresAt,
	}, nil
}

// pollDevice asks the provider whether the person has approved, when it is
// time to (RFC 8628 section 3.5), and returns the flow as it is then. Whoever
// looks at the flow drives it: nothing is polled that nobody waits for.
func (b *Broker) pollDevice(ctx context.Context, flow ledger.Flow) (ledger.Flow, error) {
	text, err := b.Keyring.Open(flow.AuthorizationURL, ledger.FlowPlace(flow.ID, "device"))
	if err != nil {
		return flow, err
	}
	var kept deviceFlow
	if err := json.Unmarshal([]byte(text.Reveal()), &kept); err != nil {
		return flow, err
	}
	p := b.polls.of(flow.ID, device.Poll{Interval: kept.Interval, ExpiresAt: flow.ExpiresAt})
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.Now().Before(p.at) {
		return flow, nil
	}
	// A token must be kept though whoever looked has left.
	ctx = context.WithoutCancel(ctx)
	a, err := b.arrange(ctx, flow.Connection)
	if err != nil {
		return flow, err
	}
	token, outcome := b.askForToken(ctx, a, flow, kept.DeviceCode)
	next, step := p.state.Next(outcome, b.Now())
	p.state, p.at = next, step.At
	if !step.Final() {
		return flow, nil
	}
	b.polls.forget(flow.ID)
	return b.endDevice(ctx, a, flow, token, step)
}

func (b *Broker) askForToken(ctx context.Context, a arrangement, flow ledger.Flow, code string) (oauth.Token, error) {
	server, err := b.server(ctx, a)
	if err != nil {
		return oauth.Token{}, err
	}
	server.TokenEndpoint = flow.TokenEndpoint
	auth, err := b.clientAuth(a, server)
	if err != nil {
		return oauth.Token{}, err
	}
	return b.exchange(ctx, a, oauth.TokenRequest{
		Endpoint: server.TokenEndpoint,
		Auth:     auth,
		Grant:    device.Grant,
		Params:   device.Params(code),
	}, secret.Text{})
}

// endDevice saves the grant, or says why there is none.
func (b *Broker) endDevice(ctx context.Context, a arrangement, flow ledger.Flow, token oauth.Token, step device.Step) (ledger.Flow, error) {
	if err := b.Store.TakeFlow(ctx, flow.ID, b.Now()); err != nil {
		if errors.Is(err, ledger.ErrStale) {
			return b.Store.Flow(ctx, flow.ID) // another process was faster
		}
		return flow, err
	}
	if step.Verdict == device.Granted {
		if err := b.saveAuthorized(ctx, a, flow.Issuer, token); err != nil {
			return flow, err
		}
		flow.Status = api.FlowDone
		return flow, b.Store.FinishFlow(ctx, flow.ID, flow.Status, nil)
	}
	flow.Status = api.FlowFailed
	flow.Cause = &api.Cause{Code: string(step.Verdict), Title: "the authorization was not approved in time", Remedy: "valetkey connect " + flow.Connection + " --device"}
	if step.Err != nil && step.Verdict != device.Expired {
		flow.Cause = b.cause(a, step.Err)
		if step.Err.ClientWide() {
			if err := b.Store.SetClientCause(ctx, a.client.Name, flow.Cause, b.Now()); err != nil {
				b.Log.Error("the client is refused, and that is not written", slog.String("client", a.client.Name), slog.Any("error", err))
			}
			b.snapshots.Clear()
		}
	}
	b.note(ctx, b.event(flow.Connection, ledger.EventDenied, map[string]string{"code": flow.Cause.Code, "title": flow.Cause.Title}))
	return flow, b.Store.FinishFlow(ctx, flow.ID, flow.Status, flow.Cause)
}
