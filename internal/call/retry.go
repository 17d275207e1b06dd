package call

import (
	"cmp"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
)

const (
	defaultRetries = 5
	defaultWait    = time.Second
	// defaultMaxWait is how long one call may go on before its last attempt begins.
	defaultMaxWait = time.Minute
	// longestWait bounds a wait that the API did not ask for.
	longestWait = time.Minute
	// jitter is the part of a wait, at most, that is added to it, so that those
	// who were refused together do not come back together.
	jitter = 0.1
)

// step makes one or several attempts of a call.
type step func(context.Context, *broker.Credential, *outgoing) (*http.Response, error)

// retrying sends a request again after a failure that may pass, as long as
// that cannot do a thing twice and the caller's time lasts.
func (e *Engine) retrying(once step) step {
	return func(ctx context.Context, credential *broker.Credential, o *outgoing) (*http.Response, error) {
		for retries := 0; ; retries++ {
			response, err := once(ctx, credential, o)
			if err == nil && response.StatusCode < 300 && !looksInside(credential.Target.RateLimit.AnswerRule) {
				return response, nil // the most common by far
			}
			failed := e.judge(credential.Target, o, response, err)
			wait, again := failed.wait(ctx, retries)
			if !again {
				return response, failed.tell(o, err)
			}
			discard(response)
			if pause(ctx, wait) != nil {
				return nil, fault.As(ctx.Err())
			}
			o.waited += wait
		}
	}
}

// discard reads a little of an answer that is not wanted, to keep its network
// connection in use.
func discard(response *http.Response) {
	if response == nil {
		return
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxDrain)
	response.Body.Close()
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure is an attempt that did not do what was wanted.
type failure struct {
	engine *Engine
	rules  api.RetryRules
	again  bool // it may pass, and sending it again does nothing twice
	few    bool // one more attempt at the most
	hint   time.Duration
	hinted bool
	begun  time.Time // when the call began
}

// judge says of an attempt whether it may be made again. Where the API names a
// time in its own way, the answer gets a Retry-After (RFC 9110 section 10.2.3)
// that any caller understands.
func (e *Engine) judge(target *target.Target, o *outgoing, response *http.Response, err error) failure {
	f := failure{engine: e, rules: target.Retry, begun: o.begun}
	if err != nil {
		f.again, f.few = f.network(o, err), f.rules.Mode != api.RetryAny
		return f
	}
	limited := isLimit(target, response)
	if !limited && !f.lists(response.StatusCode) || e.refuses(target, o, response) {
		return f
	}
	where := hints{header: cmp.Or(f.rules.Header, target.RateLimit.RetryAfterHeader), bodyPath: f.rules.BodyPath, media: target.MediaTypes, limited: limited}
	f.hint, f.hinted = where.find(response, e.now())
	if _, stated := response.Header["Retry-After"]; f.hinted && !stated {
		response.Header["Retry-After"] = []string{seconds(f.hint)}
	}
	undone := limited || response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable && f.hinted
	f.again = f.rules.Mode != api.RetryNone && !o.streamed && (undone || f.repeatable(o)) && response.Header.Get(headerError) == ""
	return f
}

// lists says whether an answer's status is one to try again after.
func (f failure) lists(status int) bool {
	switch {
	case f.rules.Mode == api.RetryAny:
		return status >= 400
	case len(f.rules.Statuses) > 0:
		return slices.Contains(f.rules.Statuses, status)
	}
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// network says whether to try again after no answer came. A host that cannot
// be reached at all is tried again only in mode any: waiting for it by default
// would hide for long what is wrong.
func (f failure) network(o *outgoing, err error) bool {
	if f.rules.Mode == api.RetryNone || o.streamed || !fault.Is(err, api.CodeUnreachable) || errors.Is(err, context.Canceled) {
		return false
	}
	met := oauth.ClassifyTransport(errors.Unwrap(fault.As(err)), true)
	unsent := met.Code == oauth.CodeUnreachable
	switch {
	case met.Code != oauth.CodeUnreachable && met.Code != oauth.CodeUnknownOutcome:
		return false // a certificate, a proxy's password: the same again
	case f.rules.Mode != api.RetryAny && (unsent || errors.Is(err, errNoAnswer)):
		return false
	}
	return unsent || f.repeatable(o)
}

// repeatable says whether a request may reach the API twice: its method is safe
// (RFC 9110 section 9.2.1), the operator says that it may, or the API knows a
// second one by its key.
func (f failure) repeatable(o *outgoing) bool {
	switch o.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return slices.Contains(f.rules.Methods, o.Method) || o.Header.Get("Idempotency-Key") != "" || o.Header.Get("X-Idempotency-Key") != ""
}

// wait is how long to wait before the next attempt. It reports false when there
// must be none: too many were made, or the time would run out, so that the
// caller is better served by the answer there is.
func (f failure) wait(ctx context.Context, retries int) (time.Duration, bool) {
	most := defaultRetries
	if f.rules.Max != nil {
		most = *f.rules.Max
	}
	if f.few {
		most = min(most, 1)
	}
	if !f.again || retries >= most || ctx.Err() != nil {
		return 0, false
	}
	wait := f.hint
	if !f.hinted {
		wait = f.backOff(retries)
	}
	wait += time.Duration(float64(wait) * jitter * f.engine.random())
	return wait, f.engine.now().Add(wait).Before(lastStart(ctx, f.rules, f.begun))
}

// backOff is the wait when the API names no time.
func (f failure) backOff(retries int) time.Duration {
	wait := cmp.Or(time.Duration(f.rules.Wait), defaultWait)
	if f.rules.MultiplyWait == nil || *f.rules.MultiplyWait {
		wait = time.Duration(min(float64(wait)*math.Exp2(float64(retries)), float64(max(wait, longestWait))))
	}
	return wait
}

// lastStart is the moment by which the last attempt of a call must begin.
func lastStart(ctx context.Context, rules api.RetryRules, begun time.Time) time.Time {
	end := begun.Add(cmp.Or(time.Duration(rules.MaxWait), defaultMaxWait))
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		return deadline
	}
	return end
}

// seconds writes a span in whole seconds, rounded up.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
