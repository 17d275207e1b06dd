package device

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/oauth"
)

func coded(code string) error { return &oauth.Error{Code: code, Status: 400} }

func authorization() Authorization {
	return Authorization{DeviceCode: "d", ExpiresAt: now().Add(30 * time.Minute), Interval: 5 * time.Second}
}

// course runs a poll through outcomes, each at the moment it was due, and
// gives the waits between.
func course(t *testing.T, outcomes ...error) (waits []time.Duration, last Step) {
	t.Helper()
	p, step := NewPoll(authorization(), now())
	waits = append(waits, step.Wait)
	for i, outcome := range outcomes {
		if step.Final() {
			t.Fatalf("final before outcome %d: %+v", i, step)
		}
		p, step = p.Next(outcome, step.At)
		waits = append(waits, step.Wait)
	}
	return waits, step
}

func expect(t *testing.T, got []time.Duration, seconds ...int) {
	t.Helper()
	same := len(got) == len(seconds)
	for i := 0; same && i < len(got); i++ {
		same = got[i] == time.Duration(seconds[i])*time.Second
	}
	if !same {
		t.Errorf("waits %v, want %v s", got, seconds)
	}
}

// At least the interval between polls, the first included.
func TestRFC8628_3_5_a(t *testing.T) {
	waits, step := course(t, coded("authorization_pending"), coded("authorization_pending"), nil)
	expect(t, waits, 5, 5, 5, 0)
	if step.Verdict != Granted || !step.Final() || step.Err != nil {
		t.Errorf("%+v", step)
	}
	if p, step := NewPoll(Authorization{ExpiresAt: now().Add(time.Hour)}, now()); step.Wait != 5*time.Second || p.Interval != 5*time.Second || !step.At.Equal(now().Add(5*time.Second)) {
		t.Errorf("without an interval: %+v", step)
	}
}

// slow_down adds 5 s, for this poll and all later ones.
func TestRFC8628_3_5_b(t *testing.T) {
	waits, _ := course(t, coded("slow_down"), coded("authorization_pending"), coded("slow_down"), coded("authorization_pending"))
	expect(t, waits, 5, 10, 10, 15, 15)
	waits, _ = course(t, &oauth.Error{Code: "slow_down", Status: 429, RetryAfter: time.Minute}, coded("authorization_pending"))
	expect(t, waits, 5, 60, 10)
}

// Any other error stops, and says why.
func TestRFC8628_3_5_c(t *testing.T) {
	for code, verdict := range map[string]Verdict{
		"expired_token": Expired, "access_denied": Denied, "authorization_declined": Denied,
		"invalid_grant": Failed, "invalid_client": Failed, "bad_verification_code": Failed, "invalid_request": Failed,
		"temporarily_unavailable": Failed, "something_new": Failed, oauth.CodeInvalidResponse: Failed,
	} {
		_, step := course(t, coded("authorization_pending"), coded(code))
		if step.Verdict != verdict || !step.Final() || step.Err == nil || step.Err.Code != code || step.Wait != 0 || !step.At.IsZero() {
			t.Errorf("%s: %+v", code, step)
		}
	}
	for name, err := range map[string]error{
		"certificate": &oauth.Error{Code: oauth.CodeTLSFailure, Action: oauth.ActionConfigure},
		"given up":    &url.Error{Op: "Post", URL: "https://as.example", Err: context.Canceled},
		"unreadable":  &oauth.Error{Code: oauth.CodeUnreadable, Status: 200, Salvage: oauth.Salvage("x"), Action: oauth.ActionUnknownOutcome},
		"status 404":  &oauth.Error{Code: oauth.CodeHTTPStatus, Status: 404, Action: oauth.ActionConfigure},
	} {
		if _, step := course(t, err); step.Verdict != Failed || step.Err == nil {
			t.Errorf("%s: %+v", name, step)
		}
	}
}

// Without an answer the wait doubles each time; an answer ends that.
func TestRFC8628_3_5_d(t *testing.T) {
	timeout := &url.Error{Op: "Post", URL: "https://as.example", Err: context.DeadlineExceeded}
	dial := &net.OpError{Op: "dial", Err: errors.New("refused")}
	down := &oauth.Error{Code: oauth.CodeHTTPStatus, Status: 503, Action: oauth.ActionRetry}
	waits, _ := course(t, timeout, dial, io.ErrUnexpectedEOF, down, coded("authorization_pending"), timeout)
	expect(t, waits, 5, 10, 20, 40, 80, 5, 10)
	waits, _ = course(t, timeout, timeout, timeout, timeout, timeout, timeout, timeout)
	expect(t, waits, 5, 10, 20, 40, 80, 160, 300, 300)
	waits, _ = course(t, coded("slow_down"), timeout, coded("slow_down"))
	expect(t, waits, 5, 10, 20, 15)
	waits, _ = course(t, &oauth.Error{Code: oauth.CodeHTTPStatus, Status: 429, Action: oauth.ActionRetry, RetryAfter: 2 * time.Minute})
	expect(t, waits, 5, 120)
	slow := authorization()
	slow.Interval = 6 * time.Minute
	if p, step := NewPoll(slow, now()); step.Wait != 6*time.Minute {
		t.Errorf("%+v", step)
	} else if _, step = p.Next(timeout, step.At); step.Wait != 6*time.Minute {
		t.Errorf("backed off to less than the interval: %+v", step)
	}
}

// Nothing starts again by itself after the expiry, the server's or ours.
func TestRFC8628_3_5_e(t *testing.T) {
	p, _ := NewPoll(authorization(), now())
	for late, verdict := range map[time.Duration]Verdict{
		30*time.Minute - 6*time.Second: Pending, 30*time.Minute - 5*time.Second: Expired, time.Hour: Expired,
	} {
		_, step := p.Next(coded("authorization_pending"), now().Add(late))
		if step.Verdict != verdict {
			t.Errorf("%s: %+v", late, step)
		}
		if verdict == Expired && (step.Err == nil || step.Err.Code != "expired_token" || step.Err.Action != oauth.ActionReauthorize || step.Wait != 0) {
			t.Errorf("%s: %+v", late, step)
		}
	}
	if _, step := p.Next(nil, now().Add(time.Hour)); step.Verdict != Granted {
		t.Errorf("a token that came late: %+v", step)
	}
}

// A poll outlives a restart.
func TestAPollCanBeStoredInBetween(t *testing.T) {
	p, _ := NewPoll(authorization(), now())
	p, _ = p.Next(coded("slow_down"), now())
	p, _ = p.Next(io.ErrUnexpectedEOF, now())
	stored, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var again Poll
	if err := json.Unmarshal(stored, &again); err != nil || again != p || again.Failures != 1 || again.Interval != 10*time.Second {
		t.Errorf("%s: %+v %v", stored, again, err)
	}
}

// The poll is a token request with the device code (§3.4), and what its
// judgement gives is what Next takes.
func TestRFC8628_3_4(t *testing.T) {
	rules := oauth.ResponseRules{Asked: oauth.Asked{Redact: []string{canary}}}
	poll := oauth.TokenRequest{
		Endpoint: "https://as.example/token", Grant: Grant, Params: Params(canary),
		Auth: oauth.ClientAuth{ClientID: "client", Method: oauth.AuthNone},
	}
	req, err := poll.HTTP(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil || string(body) != "client_id=client&device_code="+canary+"&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code" {
		t.Errorf("%s %v", body, err)
	}
	for _, c := range []struct {
		answer  *http.Response
		verdict Verdict
	}{
		{answer(400, `{"error":"authorization_pending"}`), Pending},
		{answer(428, `{"error":"authorization_pending"}`), Pending},
		{answer(200, `{"error":"slow_down","interval":10}`), Pending},
		{answer(502, "<html>"), Pending},
		{answer(403, `{"error":"access_denied"}`), Denied},
		{answer(400, `{"error":"expired_token"}`), Expired},
		{answer(400, `{"error":"invalid_grant","error_description":"`+canary+`"}`), Failed},
		{answer(200, `{"access_token":"a","token_type":"Bearer"}`), Granted},
	} {
		_, err := poll.Judge(c.answer, now(), rules)
		p, step := NewPoll(authorization(), now())
		if _, step = p.Next(err, step.At); step.Verdict != c.verdict {
			t.Errorf("%v: %+v", err, step)
		}
		if step.Err != nil && strings.Contains(step.Err.Error(), canary) {
			t.Errorf("the device code is shown: %v", step.Err)
		}
	}
}
