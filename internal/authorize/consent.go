package authorize

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

// errand is what a flow is for besides an authorization by code. It is kept,
// sealed, where other flows keep the address alone.
type errand struct {
	URL  string `json:"url"`
	Kind string `json:"kind,omitempty"`
	// Told are variables that came with a browser. They are the connection's
	// when the flow is done.
	Told map[string]string `json:"told,omitempty"`
	Then bool              `json:"then,omitempty"` // after a consent: an authorization by the same person
	Hint string            `json:"hint,omitempty"` // and by which account

	follows bool // another flow, in the same browser, which alone is told its address
}

// The kinds of an errand; "": an authorization.
const (
	errandConsent = "admin_consent" // an administrator allows the client in an organisation
	errandProof   = "proof"         // they sign in, which proves the organisation
)

func (f *Flows) sealErrand(flow string, e errand) (secret.Sealed, error) {
	text := e.URL
	if e.Kind != "" || e.Told != nil {
		document, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		text = string(document)
	}
	return f.desk.Keyring.Seal(secret.NewText(text), ledger.FlowPlace(flow, "authorization_url"))
}

func (f *Flows) errandOf(flow ledger.Flow) (e errand, err error) {
	text, err := f.desk.Keyring.Open(flow.AuthorizationURL, ledger.FlowPlace(flow.ID, "authorization_url"))
	if err != nil {
		return e, err
	}
	if plain := text.Reveal(); !strings.HasPrefix(plain, "{") {
		return errand{URL: plain}, nil
	}
	return e, json.Unmarshal([]byte(text.Reveal()), &e)
}

// kindOf is what people are told of a flow's errand.
func (f *Flows) kindOf(flow ledger.Flow) (string, error) {
	if flow.ByDevice() {
		return "", nil
	}
	e, err := f.errandOf(flow)
	return e.Kind, err
}

// beginConsent starts the visit of an administrator, at the page where the
// client is allowed in their organisation.
func (f *Flows) beginConsent(ctx context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error) {
	a, err := f.desk.ArrangeConsent(ctx, connection)
	if err != nil {
		return api.Authorization{}, err
	}
	if req.ThenAuthorize && a.Unattended() {
		return api.Authorization{}, fault.New(api.CodeInvalid, "the connection %q uses %s: nobody needs to authorize it after the consent", connection, a.Grant).
			WithHint("leave then_authorize away: its first token is asked for by itself")
	}
	t, err := f.newTicket()
	if err != nil {
		return api.Authorization{}, err
	}
	location, err := f.desk.AdminConsentURL(a, t.state)
	if err != nil {
		return api.Authorization{}, err
	}
	if location, err = withBegun(ctx, location, a, req.LoginHint, false); err != nil {
		return api.Authorization{}, err
	}
	flow, err := f.sealed(t, connection, errand{URL: location, Kind: errandConsent, Then: req.ThenAuthorize, Hint: req.LoginHint})
	if err != nil {
		return api.Authorization{}, err
	}
	flow.ReturnTo = req.ReturnTo
	return f.store(ctx, flow)
}

// consented judges what came back from the consent page. An answer that holds
// an error may say all the same that consent was given, so the error goes first.
func (f *Flows) consented(ctx context.Context, flow ledger.Flow, e errand, params url.Values) (next string, err error) {
	a, err := f.desk.ArrangeConsent(ctx, flow.Connection)
	if err != nil {
		return "", err
	}
	response, err := oauth.ParseAuthorizationResponse(params, oauth.NoCode)
	if err != nil {
		return "", refusedAnswer(err, flow.Connection)
	}
	if response.Error != "" {
		return "", f.notConsented(a, response)
	}
	told, err := catalog.FromConsent(a.Described, response.Params)
	if err != nil {
		return "", err
	}
	if told, err = f.expected(ctx, a, told); err != nil {
		return "", err
	}
	switch proof := a.Described.AdminConsent.Claim != "" && told != nil; {
	case !a.ByItself() && e.Then:
		return f.goOn(ctx, flow, errand{Told: told, Hint: e.Hint}, false)
	case a.ByItself() && proof:
		return f.goOn(ctx, flow, errand{Kind: errandProof, Told: told}, true)
	default: // where a person authorizes later, that person's sign-in proves it
		return "", f.keepConsent(ctx, flow, told)
	}
}

// expected holds the organisation of an answer to the one that the settings
// name, or that the connection's tokens are of. Where the settings name it,
// nothing is taken from the answer: nil.
func (f *Flows) expected(ctx context.Context, a arrangement.Arrangement, told map[string]string) (map[string]string, error) {
	variable := a.Described.AdminConsent.Variable
	want, kept := a.Organisation(), false
	if want == "" && a.Connection.Generation > 0 {
		c, err := f.desk.Store.Connection(ctx, a.Connection.Name) // without what stands in for it
		if err != nil {
			return nil, err
		}
		want, kept = c.Captured[variable], true
	}
	if catalog.Names(a.Described, want) && !strings.EqualFold(want, told[variable]) {
		return nil, fault.New(api.CodeForbidden, "this is for the organisation %s, and an administrator of %s consented", want, told[variable]).
			WithHint("sign out at the provider, and sign in as an administrator of %s; or make a connection of its own for the other organisation", want)
	}
	if want != "" && !kept {
		return nil, nil
	}
	return told, nil
}

// notConsented is for a consent that the provider answered with an error.
func (f *Flows) notConsented(a arrangement.Arrangement, response oauth.AuthorizationResponse) error {
	refused, err := refusal(response)
	if err != nil {
		return err
	}
	cause := f.desk.Cause(a, refused)
	switch known := strings.Join(append(refused.ErrorCodes, refused.Code), " "); {
	case strings.Contains(known, "9009") || refused.Code == "consent_required":
		cause.Title, cause.Remedy = "only an administrator of the organisation can consent", "open the link again and sign in as an administrator, or send it to one"
	case strings.Contains(known, "65004") || refused.Code == "access_denied" || refused.Code == "permission_denied":
		cause.Title, cause.Remedy = "the administrator declined, or went back", "open the link again and accept; nothing was changed"
	}
	_, code := arrangement.Consequence(refused)
	message := cause.Title // whoever reads it may not know the connection by its name
	if refused.Description != "" {
		message += " (" + strings.TrimSuffix(refused.Description, ".") + ")"
	}
	return fault.Wrap(refused, code, "%s", message).WithHint("%s", cause.Remedy)
}

// goOn begins the flow that follows a consent, in the same browser.
func (f *Flows) goOn(ctx context.Context, flow ledger.Flow, e errand, signIn bool) (next string, err error) {
	a, err := f.desk.ArrangeWith(ctx, flow.Connection, e.Told)
	if err != nil {
		return "", err
	}
	if signIn {
		a = a.ForSignIn()
	}
	server, err := f.desk.Server(ctx, a)
	if err != nil {
		return "", err
	}
	e.follows = true
	following, err := f.newFlow(ctx, a, server, api.AuthorizeRequest{LoginHint: e.Hint, ReturnTo: flow.ReturnTo}, e)
	if err != nil {
		return "", err
	}
	started, err := f.store(ctx, following)
	if err != nil {
		return "", err
	}
	return started.AuthorizationURL, f.hears(ctx, flow.ID, started.Flow)
}

// hears tells whoever follows the flow what comes of it.
func (f *Flows) hears(ctx context.Context, flow, next string) error {
	if f.Consented == nil {
		return nil
	}
	return f.Consented(ctx, flow, next)
}

// proven holds the organisation that a consent named to the one in which its
// administrator signed in: a browser could write any name.
func (f *Flows) proven(ctx context.Context, flow ledger.Flow, e errand, params url.Values, verifier string) error {
	a, err := f.desk.ArrangeWith(ctx, flow.Connection, e.Told)
	if err != nil {
		return err
	}
	a = a.ForSignIn()
	response, err := oauth.ParseAuthorizationResponse(params, catalog.CodeNames(a.Described)...)
	if err != nil {
		return refusedAnswer(err, flow.Connection)
	}
	server, err := f.desk.Server(ctx, a)
	if err != nil {
		return err
	}
	server.Issuer, server.TokenEndpoint = flow.Issuer, flow.TokenEndpoint
	if err := response.Verify(params.Get("state"), server); err != nil {
		return refusedAnswer(err, flow.Connection)
	}
	if response.Error != "" {
		return f.notConsented(a, response)
	}
	token, err := f.redeemCode(ctx, a, server, oauth.CodeParams(response.Code, flow.RedirectURI, verifier))
	if err != nil {
		return f.codeRefused(ctx, a, err)
	}
	if _, err := f.desk.Identify(ctx, a, server, token, arrangement.Nonce(verifier)); err != nil {
		return err
	}
	named := e.Told[a.Described.AdminConsent.Variable]
	if at := catalog.SignedInAt(a.Described, token); !strings.EqualFold(at, named) {
		return fault.New(api.CodeForbidden, "the consent is said to be of the organisation %s, and who signed in is not of it", named).
			WithHint("open the link again, and consent and sign in as the same administrator")
	}
	return f.keepConsent(ctx, flow, e.Told)
}

// keepConsent writes the organisation, and asks for the first token where no
// person is needed for it. A provider may need a while to know of the consent:
// then the first call asks again.
func (f *Flows) keepConsent(ctx context.Context, flow ledger.Flow, told map[string]string) error {
	if err := f.hears(ctx, flow.ID, ""); err != nil {
		return err
	}
	for {
		c, err := f.desk.Store.Connection(ctx, flow.Connection)
		if err != nil {
			return ledger.Fault(err, "connection", flow.Connection)
		}
		captured := maps.Clone(c.Captured)
		if captured == nil {
			captured = make(map[string]string)
		}
		maps.Copy(captured, told)
		change := ledger.StateChange{State: c.State, Cause: c.Cause, Captured: captured}
		if c.State == api.StateNeedsConfiguration || c.State == api.StateBlocked { // what was wrong may be what was just allowed
			change.State, change.Cause = api.StateNew, nil
			if c.Generation > 0 {
				change.State = api.StateActive
			}
		}
		err = f.desk.Store.SetState(ctx, c.Name, c.Generation, change, f.desk.Event(c.Name, ledger.EventConsented, told))
		if errors.Is(err, ledger.ErrStale) {
			continue
		}
		f.desk.Forget(c.Name)
		if err == nil {
			f.firstOwnToken(ctx, c.Name)
		}
		return err
	}
}

// firstOwnToken obtains the token of a client that acts for itself. That it
// cannot be had yet is told as an event.
func (f *Flows) firstOwnToken(ctx context.Context, connection string) {
	a, err := f.desk.Arrange(ctx, connection)
	if err == nil && !a.ByItself() {
		return
	}
	var token oauth.Token
	if err == nil {
		token, err = f.desk.RequestToken(ctx, a, ledger.TokenSet{})
	}
	if err == nil {
		err = f.saveAuthorized(ctx, a, origin{}, token)
	}
	if err != nil {
		f.desk.Log.Warn("the consent is there, and the first token is not yet", slog.String("connection", connection), slog.Any("error", err))
		f.desk.Note(ctx, f.desk.Event(connection, ledger.EventRefreshFailed, map[string]string{"code": causeCode(err), "title": "no token yet after the consent"}))
	}
}
