package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/skew"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth/introspection"
)

// The legs of a test.
const (
	Token         = "token"
	Introspection = "introspection"
	Request       = "request"
	Refresh       = "refresh"
	Again         = "again"
	Clock         = "clock"
)

// maxDrain is how much of an answer nobody wants is read, in bytes, to keep its
// network connection in use.
const maxDrain = 64 << 10

// Grants obtains and renews; *broker.Broker does.
type Grants interface {
	Credential(ctx context.Context, connection string) (*broker.Credential, error)
	Refresh(ctx context.Context, connection string) (api.Connection, error)
	Connection(ctx context.Context, name string) (api.Connection, error)
	Inquiries
}

// Inquiries are what can be learnt of a connection's provider besides;
// *broker.Broker makes them.
type Inquiries interface {
	// Introspect gives arrangement.ErrNoIntrospection where the provider cannot be asked.
	Introspect(ctx context.Context, connection string) (introspection.Answer, error)
	// ProviderClock is how far its clock is ahead of ours, where that is known.
	ProviderClock(ctx context.Context, connection string) (ahead time.Duration, known bool)
}

// Calls calls APIs; *call.Engine does.
type Calls interface {
	Do(ctx context.Context, connection string, r call.Request) (*http.Response, error)
}

// Trial is a test of one connection.
type Trial struct {
	Grants   Grants
	Calls    Calls
	Name     string // the connection's
	MayForce bool   // renew the token though it is not due
}

// Result is how it went, as far as it came.
type Result struct {
	Legs   []api.Leg
	Err    error          // of the leg that failed without an answer of the API
	Answer *http.Response // the last one of the API; the caller closes its body; nil: none
}

// OK says whether no leg failed.
func (r *Result) OK() bool {
	return len(r.Legs) > 0 && !slices.ContainsFunc(r.Legs, func(leg api.Leg) bool { return !leg.OK })
}

// Run goes through the legs.
func (t Trial) Run(ctx context.Context) *Result {
	r := t.run(ctx)
	t.clock(ctx, r)
	return r
}

// clock tells how far the provider's clock is from ours, where its answers
// showed it: whatever failed before may have failed for that (faults T-01).
func (t Trial) clock(ctx context.Context, r *Result) {
	ahead, known := t.Grants.ProviderClock(ctx, t.Name)
	if !known {
		return
	}
	side := "ahead of"
	if ahead < 0 {
		side = "behind"
	}
	const help = "set this machine's clock by NTP (timedatectl set-ntp true); if it is right, the provider's is wrong"
	detail := fmt.Sprintf("the provider's clock is %s %s ours", ahead.Abs().Round(time.Second), side)
	switch off := ahead.Abs(); {
	case off > skew.Harmful:
		if shown := fault.As(r.Err); r.Err != nil && r.Answer == nil { // what failed is told without the legs
			r.Err = fault.Wrap(r.Err, shown.Code, "%s", shown.Message).WithHint("%s, where what is signed is refused: %s. If it is not that: %s", detail, help, shown.Hint)
		}
		r.Legs = append(r.Legs, api.Leg{Leg: Clock, Detail: detail + ": what is signed, such as a client assertion, is refused", Hint: help})
	case off > skew.Notable:
		r.Legs = append(r.Legs, api.Leg{Leg: Clock, OK: true, Detail: "warning: " + detail, Hint: help})
	default:
		r.pass(Clock, "the provider's clock and ours agree")
	}
}

func (t Trial) run(ctx context.Context) *Result {
	r := &Result{}
	credential, err := t.Grants.Credential(ctx, t.Name)
	if err != nil {
		r.fail(Token, err)
		return r
	}
	r.pass(Token, tokenDetail(credential.ExpiresAt))
	t.introspect(ctx, r)
	if credential.Target.Test == nil {
		r.fail(Request, fault.New(api.CodeNeedsConfiguration, "the connection %q has a token, but no test request is known for its API", t.Name).
			WithHint("set api.test.path of the connection or its provider to a harmless GET, such as /me"))
		return r
	}
	if !t.ping(ctx, r, Request, credential.Target) || !t.renew(ctx, r) {
		return r
	}
	t.ping(ctx, r, Again, credential.Target)
	return r
}

// introspect tells what the provider says of the token, where it can be asked.
// It never fails the test: a server may call any token inactive of which this
// client is not to know (RFC 7662 section 2.2).
func (t Trial) introspect(ctx context.Context, r *Result) {
	found, err := t.Grants.Introspect(ctx, t.Name)
	switch {
	case errors.Is(err, arrangement.ErrNoIntrospection):
	case err != nil:
		r.pass(Introspection, "left out: the provider does not tell this client about its token: "+fault.As(err).Message)
	case !found.Active:
		r.pass(Introspection, "the provider calls the token inactive, or does not tell this client about it")
	default:
		detail := "the provider calls the token active"
		if !found.ExpiresAt.IsZero() {
			detail += " until " + found.ExpiresAt.UTC().Format(time.RFC3339)
		}
		if len(found.Scope) > 0 {
			detail += ", with the scope " + strings.Join(found.Scope, " ")
		}
		r.pass(Introspection, detail)
	}
}

// renew forces a renewal; false ends the test, with an error or without.
func (t Trial) renew(ctx context.Context, r *Result) bool {
	if !t.MayForce {
		return false
	}
	connection, err := t.Grants.Connection(ctx, t.Name)
	if err == nil && !connection.Renewable {
		r.pass(Refresh, "left out: nothing renews this token, so a person must authorize again when it ends")
		return false
	}
	if err == nil {
		connection, err = t.Grants.Refresh(ctx, t.Name)
	}
	if err != nil {
		r.fail(Refresh, err)
		return false
	}
	expires := time.Time{}
	if connection.ExpiresAt != nil {
		expires = *connection.ExpiresAt
	}
	r.pass(Refresh, "the token was renewed: "+tokenDetail(expires))
	return true
}

// ping sends the test request and judges the answer.
func (t Trial) ping(ctx context.Context, r *Result, leg string, at *target.Target) bool {
	r.drop()
	response, err := t.Calls.Do(ctx, t.Name, requestOf(at.Test)) //nolint:bodyclose // drop, or the caller of Run, closes it
	if err != nil {
		r.fail(leg, err)
		return false
	}
	r.Answer = response
	verdict := call.Judge(at, response, at.Test.Rules, true)
	detail := fmt.Sprintf("%s %s was answered %d %s", at.Test.Method, cmp.Or(at.Test.Path, "/"), response.StatusCode, http.StatusText(response.StatusCode))
	if !verdict.Failed {
		r.pass(leg, detail)
		return true
	}
	if verdict.Message != "" {
		detail += ": " + verdict.Message
	}
	r.Legs = append(r.Legs, api.Leg{Leg: leg, Detail: detail, Hint: remedy(at, leg, t.Name, verdict.Value, response)})
	return false
}

func requestOf(test *target.Test) call.Request {
	request := call.Request{Method: test.Method, Path: test.Path, RawQuery: test.RawQuery, Header: make(http.Header, len(test.Header))}
	for name, value := range test.Header {
		request.Header.Set(name, value)
	}
	if test.Body != "" {
		request.Body, request.ContentLength = strings.NewReader(test.Body), int64(len(test.Body))
	}
	return request
}

// remedy is what to do about an answer that is no success.
func remedy(at *target.Target, leg, name, value string, response *http.Response) string {
	if hint := cmp.Or(at.Hints[value], response.Header.Get(call.HeaderHint)); hint != "" {
		return hint
	}
	switch status := response.StatusCode; {
	case leg == Again:
		return "the API takes the first token and not the renewed one: look for a scope or an audience that the refresh request leaves out"
	case status == http.StatusUnauthorized:
		return "the API does not accept a token that the provider just gave: check audience or resource, and that base_url is of the same environment; valetkey show " + name
	case status == http.StatusForbidden:
		return "the token is accepted and may not do this: ask for a wider scope with valetkey connect " + name + " --scope SCOPE, or give the account the right at the API"
	case status == http.StatusNotFound:
		return "check api.base_url and api.test.path, which valetkey show " + name + " names"
	case status == http.StatusTooManyRequests:
		return "the API is asked too much; try again later"
	case status >= http.StatusInternalServerError:
		return "the API itself is at fault; try again later"
	case status >= http.StatusBadRequest:
		return "correct api.test of the connection or its provider: the API understands the token but not the request"
	}
	return "the body says that it failed; valetkey call " + name + " shows all of it"
}

func (r *Result) pass(leg, detail string) {
	r.Legs = append(r.Legs, api.Leg{Leg: leg, OK: true, Detail: detail})
}

func (r *Result) fail(leg string, err error) {
	shown := fault.As(err)
	r.Err = err
	r.Legs = append(r.Legs, api.Leg{Leg: leg, Detail: shown.Message, Hint: shown.Hint})
}

// drop lets go of an answer that another one follows.
func (r *Result) drop() {
	if r.Answer != nil {
		_, _ = io.CopyN(io.Discard, r.Answer.Body, maxDrain)
		r.Answer.Body.Close()
		r.Answer = nil
	}
}

func tokenDetail(expires time.Time) string {
	if expires.IsZero() {
		return "an access token is there; the provider does not say how long it lives"
	}
	return "an access token is there, good until " + expires.UTC().Format(time.RFC3339)
}
