package authorize

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

const (
	// flowLife is how long a person has to log in and consent.
	flowLife = 10 * time.Minute
	// flowMemory is how long an ended flow is remembered, so that its page and
	// a replayed callback can still say what became of it.
	flowMemory = 24 * time.Hour
)

// Start is where a browser goes that opens an authorization URL, and the
// value of the cookie that binds the flow to it.
type Start struct {
	Location   string // at the provider
	Binding    string
	ExpiresAt  time.Time
	Invitation Invitation
}

// Begin starts an authorization by code (RFC 6749 section 4.1.1, RFC 7636).
// The flow is stored before its URL is known to anyone, so it survives a restart.
func (f *Flows) Begin(ctx context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error) {
	if err := f.checkReturn(req.ReturnTo); err != nil {
		return api.Authorization{}, err
	}
	if req.AdminConsent {
		return f.beginConsent(ctx, connection, req)
	}
	a, err := f.desk.Arrange(ctx, connection)
	if err != nil {
		return api.Authorization{}, err
	}
	if a.Unattended() {
		return api.Authorization{}, fault.New(api.CodeInvalid, "the connection %q uses %s: nobody needs to authorize it", connection, a.Grant).
			WithHint("valetkey refresh %s obtains a token", connection)
	}
	if err := f.desk.Leave(a.Grant); err != nil {
		return api.Authorization{}, err
	}
	if a.Supplied() || !req.GrantInput.Empty() {
		return f.beginSupplied(ctx, a, req.GrantInput)
	}
	server, err := f.desk.Server(ctx, a)
	if err != nil {
		return api.Authorization{}, err
	}
	if req.Device || a.Grant == arrangement.GrantDevice {
		return f.beginDevice(ctx, a, server, stepUp(a.Connection.Cause, req.StepUp))
	}
	if server.AuthorizationEndpoint == "" {
		return api.Authorization{}, fault.New(api.CodeNeedsConfiguration, "the provider %q has no authorization endpoint", a.Provider.Provider.Name).
			WithHint("set authorization_endpoint, or an issuer to discover it from")
	}
	flow, err := f.newFlow(ctx, a, server, req, errand{})
	if err != nil {
		return api.Authorization{}, err
	}
	return f.store(ctx, flow)
}

// store keeps a new flow; only then its address is told.
func (f *Flows) store(ctx context.Context, flow ledger.Flow) (api.Authorization, error) {
	if err := f.desk.Store.CreateFlow(ctx, flow); err != nil {
		return api.Authorization{}, err
	}
	return api.Authorization{
		Flow:             flow.ID,
		AuthorizationURL: f.publicURL + "/oauth/start/" + flow.ID,
		RedirectURI:      flow.RedirectURI,
		ExpiresAt:        flow.ExpiresAt.UTC(),
	}, nil
}

// newFlow is an authorization, which may have an errand besides.
func (f *Flows) newFlow(ctx context.Context, a arrangement.Arrangement, server oauth.Server, req api.AuthorizeRequest, e errand) (ledger.Flow, error) {
	t, err := f.newTicket()
	if err != nil {
		return ledger.Flow{}, err
	}
	location, err := f.desk.AuthorizationURL(ctx, a, server, arrangement.Ask{
		State:     t.state,
		Verifier:  t.verifier,
		Prompt:    req.Prompt,
		LoginHint: cmp.Or(req.LoginHint, account.Hint(a.Connection.Owner())),
		StepUp:    stepUp(a.Connection.Cause, req.StepUp),
	})
	if err != nil {
		return ledger.Flow{}, f.codeRefused(ctx, a, err)
	}
	if e.URL, err = withBegun(ctx, location.URL, a, req.LoginHint, e.follows); err != nil {
		return ledger.Flow{}, err
	}
	flow, err := f.sealed(t, a.Connection.Name, e)
	if pushed := location.ExpiresAt; !pushed.IsZero() && pushed.Before(flow.ExpiresAt) {
		flow.ExpiresAt = pushed // the provider forgets what was pushed (RFC 9126 section 2.2)
	}
	flow.Issuer, flow.TokenEndpoint, flow.ReturnTo = server.Issuer, server.TokenEndpoint, req.ReturnTo
	return flow, err
}

// ticket is what makes one flow known: to us, to the provider and to nobody.
type ticket struct{ id, state, verifier string }

func (f *Flows) newTicket() (t ticket, err error) {
	for _, to := range []*string{&t.id, &t.state, &t.verifier} {
		if *to, err = oauth.NewVerifier(f.desk.Rand); err != nil {
			return t, err
		}
	}
	return t, nil
}

// sealed is a flow as it is stored.
func (f *Flows) sealed(t ticket, connection string, e errand) (ledger.Flow, error) {
	verifier, err := f.desk.Keyring.Seal(secret.NewText(t.verifier), ledger.FlowPlace(t.id, "verifier"))
	if err != nil {
		return ledger.Flow{}, err
	}
	location, err := f.sealErrand(t.id, e)
	if err != nil {
		return ledger.Flow{}, err
	}
	now := f.desk.Now()
	return ledger.Flow{
		ID:               t.id,
		Connection:       connection,
		StateHash:        hash(t.state),
		Verifier:         verifier,
		AuthorizationURL: location,
		RedirectURI:      f.desk.RedirectURI,
		Status:           api.FlowPending,
		CreatedAt:        now,
		ExpiresAt:        now.Add(flowLife),
	}, nil
}

// stepUp is what is asked for besides: what the request names and, where it
// does not say otherwise, what the connection's API waits for (RFC 9470 section 4).
func stepUp(cause *api.Cause, asked api.StepUp) api.StepUp {
	if cause == nil || cause.StepUp == nil {
		return asked
	}
	waits := cause.StepUp
	return api.StepUp{
		Scopes:    slices.Concat(asked.Scopes, waits.Scopes),
		Claims:    cmp.Or(asked.Claims, waits.Claims),
		ACRValues: cmp.Or(asked.ACRValues, waits.ACRValues),
		MaxAge:    cmp.Or(asked.MaxAge, waits.MaxAge),
	}
}

// checkReturn keeps the callback from being an open redirector (RFC 9700 section 4.11).
func (f *Flows) checkReturn(to string) error {
	if to == "" {
		return nil
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return fault.New(api.CodeInvalid, "return_to is not an http or https address")
	}
	origin := u.Scheme + "://" + u.Host
	own, _ := url.Parse(f.publicURL)
	if origin == own.Scheme+"://"+own.Host || slices.Contains(f.origins, origin) {
		return nil
	}
	return fault.New(api.CodeInvalid, "return_to leads to %s, which is not allowed", origin).
		WithHint("start the server with --allow-return %s", origin)
}

// Start is called when a browser opens the authorization URL.
func (f *Flows) Start(ctx context.Context, id string) (Start, error) {
	flow, err := f.desk.Store.Flow(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return Start{}, unknownFlow(err)
	}
	if err != nil {
		return Start{}, err
	}
	if flow.ByDevice() {
		return Start{}, unknownFlow(ledger.ErrNotFound)
	}
	if err := f.openFlow(flow); err != nil {
		return Start{}, err
	}
	e, err := f.errandOf(flow)
	if err != nil {
		return Start{}, err
	}
	verifier, err := f.desk.Keyring.Open(flow.Verifier, ledger.FlowPlace(id, "verifier"))
	if err != nil {
		return Start{}, err
	}
	location, by := cutBegun(e.URL)
	return Start{Location: location, Binding: binding(verifier), ExpiresAt: flow.ExpiresAt, Invitation: f.invitation(ctx, flow, by)}, nil
}

// binding is what a browser shows to prove that it opened the authorization
// URL. It is derived from the verifier, which never leaves the server, so the
// state alone, which the provider and its logs see, does not give it away.
func binding(verifier secret.Text) string {
	mac := hmac.New(sha256.New, []byte(verifier.Reveal()))
	mac.Write([]byte("valetkey browser binding"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// openFlow says why a flow can no longer be finished, if so.
func (f *Flows) openFlow(flow ledger.Flow) error {
	switch {
	case flow.Status != api.FlowPending || !flow.TakenAt.IsZero():
		return fault.New(api.CodeConflict, "this authorization was used already").
			WithHint("begin a new one: valetkey connect %s", flow.Connection)
	case !f.desk.Now().Before(flow.ExpiresAt):
		return fault.New(api.CodeConflict, "this authorization expired: it was open for %s", flowLife).
			WithHint("begin a new one: valetkey connect %s", flow.Connection)
	default:
		return nil
	}
}

func unknownFlow(err error) error {
	return fault.Wrap(err, api.CodeNotFound, "this authorization is not known here: it was never begun, or too long ago").
		WithHint("begin a new one: valetkey connect NAME")
}

// Flow returns how far an authorization has come.
func (f *Flows) Flow(ctx context.Context, id string) (api.Flow, error) {
	flow, err := f.desk.Store.Flow(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return api.Flow{}, unknownFlow(err)
	}
	if err != nil {
		return api.Flow{}, err
	}
	if flow.ByDevice() && f.openFlow(flow) == nil {
		if flow, err = f.pollDevice(ctx, flow); err != nil {
			return api.Flow{}, err
		}
	}
	view := f.flowView(flow)
	if view.Kind, err = f.kindOf(flow); err != nil {
		return view, err
	}
	if flow.ByDevice() && view.Status == api.FlowPending {
		kept, err := f.openDevice(flow)
		if err != nil {
			return view, err
		}
		view.UserCode, view.VerificationURI, view.VerificationURIComplete = kept.UserCode, kept.URI, kept.Complete
	}
	return view, nil
}

func (f *Flows) flowView(flow ledger.Flow) api.Flow {
	view := api.Flow{ID: flow.ID, Connection: flow.Connection, Status: flow.Status, Cause: flow.Cause, ExpiresAt: flow.ExpiresAt.UTC()}
	if flow.Status == api.FlowPending && !f.desk.Now().Before(flow.ExpiresAt) {
		// A person who declines may never come back: many servers end on a page of their own.
		view.Status = api.FlowFailed
		view.Cause = &api.Cause{
			Code:   "expired",
			Title:  "Nobody finished the authorization in time",
			Detail: "The browser did not come back within " + strings.TrimSuffix(flowLife.String(), "0s") + ".",
			Remedy: "valetkey connect " + flow.Connection,
		}
	}
	return view
}

// Tidy removes flows that ended long ago. The server calls it now and then.
func (f *Flows) Tidy(ctx context.Context) error {
	return f.desk.Store.DeleteFlows(ctx, f.desk.Now().Add(-flowMemory))
}
