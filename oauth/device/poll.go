package device

import (
	"context"
	"errors"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

const (
	slowDown   = 5 * time.Second // RFC 8628 §3.5
	maxBackoff = 5 * time.Minute
)

// Verdict is where an authorization stands.
type Verdict string

// The verdicts. All but Pending are final.
const (
	Pending Verdict = "pending" // wait and poll again
	Granted Verdict = "granted" // the token is there
	Denied  Verdict = "denied"  // the person refused
	Expired Verdict = "expired" // nobody approved in time; start anew only when asked (§3.5)
	Failed  Verdict = "failed"  // an error that polling on would not mend
)

// Step is what to do next.
type Step struct {
	Verdict Verdict
	Wait    time.Duration // until the next poll; 0 when final
	At      time.Time     // when that is; zero when final
	Err     *oauth.Error  // why, for Denied, Expired and Failed; nil else
}

// Final tells that there is nothing left to poll for.
func (s Step) Final() bool { return s.Verdict != Pending }

// Poll decides when to poll again (RFC 8628 §3.5). It is a value: Next gives
// the one to go on with, and it can be stored as JSON in between.
type Poll struct {
	Interval  time.Duration `json:"interval"` // the server's, plus 5 s for each slow_down
	Failures  int           `json:"failures"` // polls in a row that got no answer
	ExpiresAt time.Time     `json:"expires_at"`
}

// NewPoll begins: the first poll is due one interval after now.
func NewPoll(a Authorization, now time.Time) (Poll, Step) {
	p := Poll{Interval: a.Interval, ExpiresAt: a.ExpiresAt}
	if p.Interval <= 0 {
		p.Interval = defaultInterval
	}
	return p, p.wait(p.Interval, now)
}

// Next takes the outcome of a poll, which is the error of sending or judging
// the token request, or nil for a token, and the time it came.
func (p Poll) Next(outcome error, now time.Time) (Poll, Step) {
	if outcome == nil {
		return p, Step{Verdict: Granted}
	}
	e := classified(outcome)
	answered := e.Status != 0
	switch {
	case e.Code == "authorization_pending":
		p.Failures = 0
		return p, p.wait(p.Interval, now)
	case e.Code == "slow_down":
		p.Failures = 0
		p.Interval += slowDown
		return p, p.wait(max(p.Interval, e.RetryAfter), now)
	case e.Code == "expired_token":
		return p, Step{Verdict: Expired, Err: e}
	case e.Code == "access_denied", e.Code == "authorization_declined":
		return p, Step{Verdict: Denied, Err: e}
	case errors.Is(outcome, context.Canceled):
		return p, Step{Verdict: Failed, Err: e}
	case !answered && noAnswer(e.Code), answered && e.Code == oauth.CodeHTTPStatus && e.Action == oauth.ActionRetry:
		p.Failures++
		return p, p.wait(max(p.backoff(), e.RetryAfter), now)
	}
	return p, Step{Verdict: Failed, Err: e}
}

// noAnswer names the failures by which a poll got no answer at all. A code is
// not lost by that: the server answers for it until it expires.
func noAnswer(code string) bool {
	return code == oauth.CodeUnreachable || code == oauth.CodeUnknownOutcome
}

// classified takes an error that was judged before, or judges that of a
// request which may have been sent.
func classified(outcome error) *oauth.Error { return oauth.ClassifyTransport(outcome, true) }

// backoff doubles the interval for each poll without an answer.
func (p Poll) backoff() time.Duration {
	d := p.Interval
	for range p.Failures {
		if d *= 2; d >= maxBackoff {
			return max(maxBackoff, p.Interval)
		}
	}
	return d
}

// wait is the step to the next poll, or the end if the codes are dead by then.
func (p Poll) wait(d time.Duration, now time.Time) Step {
	at := now.Add(d)
	if !at.Before(p.ExpiresAt) {
		return Step{Verdict: Expired, Err: &oauth.Error{
			Code: "expired_token", Action: oauth.ActionReauthorize, Grant: Grant,
			Description: "nobody approved in time: the code was good until " + p.ExpiresAt.UTC().Format(time.RFC3339),
		}}
	}
	return Step{Verdict: Pending, Wait: d, At: at}
}
