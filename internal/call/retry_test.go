package call

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

// script is an API that gives its answers one after the other, the last one
// for ever. It notes when each request came and with which body.
type script struct {
	answers []reply
	failure error // in place of an answer of status 0
	at      []time.Duration
	bodies  []string
	start   time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.at == nil {
		s.start = time.Now()
	}
	next := s.answers[min(len(s.at), len(s.answers)-1)]
	s.at = append(s.at, time.Since(s.start))
	body := ""
	if r.Body != nil {
		read, _ := io.ReadAll(r.Body)
		body = string(read)
	}
	s.bodies = append(s.bodies, body)
	if next.status == 0 {
		return nil, fault.Wrap(s.failure, api.CodeUnreachable, "api.example: cannot be reached")
	}
	response := &http.Response{
		StatusCode: next.status, Header: http.Header{},
		ContentLength: int64(len(next.body)), Body: io.NopCloser(strings.NewReader(next.body)),
	}
	for name, value := range next.header {
		response.Header.Set(name, value)
	}
	return response, nil
}

// scripted is an engine before a script, without jitter.
func scripted(s *script, change func(*target.Target)) *Engine {
	target := &target.Target{
		BaseURL: &url.URL{Scheme: "https", Host: "api.example"}, Timeout: time.Minute,
		Token: []target.Placement{{In: api.InHeader, Name: "Authorization", Scheme: "Bearer"}},
	}
	if change != nil {
		change(target)
	}
	credentials := &fakeCredentials{generation: 1, target: target}
	return New(credentials, s, Options{Open: openFake, Random: func() float64 { return 0 }})
}

func after(value string) map[string]string { return map[string]string{"Retry-After": value} }

func spans(seconds ...float64) []time.Duration {
	all := make([]time.Duration, len(seconds))
	for i, s := range seconds {
		all[i] = time.Duration(s * float64(time.Second))
	}
	return all
}

func same(a, b []time.Duration) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if (a[i] - b[i]).Abs() > time.Millisecond {
			return false
		}
	}
	return true
}

func TestP12_ACallWaitsAsTheAPIAsksAndIsSentAgain(t *testing.T) {
	no, three := false, 3
	iso := time.Date(2000, 1, 1, 0, 0, 20, 0, time.UTC).Format("2006-01-02T15:04:05Z") // the bubble begins at 00:00:00
	for name, test := range map[string]struct {
		answers []reply
		rules   api.RetryRules
		at      []time.Duration
		status  int
	}{
		"seconds":            {[]reply{{429, after("7"), ""}, {200, nil, ""}}, api.RetryRules{}, spans(0, 7), 200},
		"a fraction":         {[]reply{{429, after("0.5"), ""}, {200, nil, ""}}, api.RetryRules{}, spans(0, 0.5), 200},
		"a moment":           {[]reply{{503, after(iso), ""}, {200, nil, ""}}, api.RetryRules{}, spans(0, 20), 200},
		"a date in the past": {[]reply{{503, after("Fri, 31 Dec 1999 23:00:00 GMT"), ""}, {200, nil, ""}}, api.RetryRules{}, spans(0, 0), 200},
		"negative":           {[]reply{{429, after("-3"), ""}, {200, nil, ""}}, api.RetryRules{}, spans(0, 0), 200},
		"too long":           {[]reply{{429, after("61"), "slow"}, {200, nil, ""}}, api.RetryRules{}, spans(0), 429},
		"10^9 seconds":       {[]reply{{429, after("1000000000"), "slow"}, {200, nil, ""}}, api.RetryRules{}, spans(0), 429},
		"no hint, doubling":  {[]reply{{503, nil, ""}}, api.RetryRules{}, spans(0, 1, 3, 7, 15, 31), 503},
		"no hint, steady":    {[]reply{{503, nil, ""}}, api.RetryRules{MultiplyWait: &no, Wait: api.Duration(2 * time.Second), Max: &three}, spans(0, 2, 4, 6), 503},
		"another status":     {[]reply{{500, nil, "x"}}, api.RetryRules{}, spans(0), 500},
		"a status that was set": {[]reply{{500, nil, ""}, {200, nil, ""}},
			api.RetryRules{Statuses: []int{500}}, spans(0, 1), 200},
		"none":             {[]reply{{429, after("1"), ""}}, api.RetryRules{Mode: api.RetryNone}, spans(0), 429},
		"any":              {[]reply{{404, nil, ""}, {200, nil, ""}}, api.RetryRules{Mode: api.RetryAny}, spans(0, 1), 200},
		"a longer limit":   {[]reply{{429, after("300"), ""}, {200, nil, ""}}, api.RetryRules{MaxWait: api.Duration(10 * time.Minute)}, spans(0, 300), 200},
		"in a header":      {[]reply{{429, map[string]string{"X-Back": "4"}, ""}, {200, nil, ""}}, api.RetryRules{Header: "X-Back"}, spans(0, 4), 200},
		"in the body":      {[]reply{{429, nil, `{"wait":4}`}, {200, nil, ""}}, api.RetryRules{BodyPath: "wait"}, spans(0, 4), 200},
		"the whole budget": {[]reply{{429, after("25"), ""}}, api.RetryRules{}, spans(0, 25, 50), 429},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: test.answers}
				response, err := scripted(s, func(target *target.Target) { target.Retry = test.rules }).Do(t.Context(), "mail", Request{Path: "/"})
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				if response.StatusCode != test.status || !same(s.at, test.at) {
					t.Errorf("%d after requests at %v, want %d after %v", response.StatusCode, s.at, test.status, test.at)
				}
				body, _ := io.ReadAll(response.Body)
				if last := test.answers[min(len(s.at), len(test.answers))-1]; string(body) != last.body || response.Header.Get("Retry-After") != last.header["Retry-After"] && last.header["Retry-After"] != "" {
					t.Errorf("the caller got %q %v", body, response.Header)
				}
			})
		})
	}
}

func TestTheCallerIsToldOfAttemptsAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{429, after("2.5"), ""}, {503, nil, ""}, {200, nil, ""}}}
		response, err := scripted(s, nil).Do(t.Context(), "mail", Request{Path: "/"})
		if err != nil || response.Header.Get(HeaderAttempts) != "3" || response.Header.Get(HeaderWaited) != "4.5" {
			t.Errorf("%v, %v", response.Header, err)
		}
		if response, err = scripted(s, nil).Do(t.Context(), "mail", Request{Path: "/"}); err != nil || response.Header.Get(HeaderWaited) != "" {
			t.Errorf("a call that did not wait: %v, %v", response.Header, err)
		}
	})
}

func TestP12_AHintOfTheAPIsOwnKindIsPassedOnAsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, mode := range []string{api.RetryNone, api.RetryStatus} {
			s := &script{answers: []reply{{429, map[string]string{"X-RateLimit-Reset": "89.2", "X-RateLimit-Remaining": "0"}, ""}}}
			response, err := scripted(s, func(target *target.Target) { target.Retry.Mode = mode }).Do(t.Context(), "mail", Request{Path: "/"})
			if err != nil || response.StatusCode != 429 || response.Header.Get("Retry-After") != "90" || response.Header.Get(headerError) != "" {
				t.Errorf("%s: %v, %v", mode, response, err)
			}
		}
	})
}

func TestP11_OnlyWhatCannotActTwiceIsSentAgain(t *testing.T) {
	key := http.Header{"Idempotency-Key": {"k"}}
	broken := errors.New("read: connection reset by peer")
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	put := func(r *target.Target) { r.Retry.Methods = []string{"PUT"} }
	every := func(r *target.Target) { r.Retry.Mode = api.RetryAny }
	for name, test := range map[string]struct {
		method   string
		header   http.Header
		answer   reply
		failure  error
		change   func(*target.Target)
		attempts int
	}{
		"GET, 503":                  {"GET", nil, reply{503, nil, ""}, nil, nil, 2},
		"HEAD, 503":                 {"HEAD", nil, reply{503, nil, ""}, nil, nil, 2},
		"POST, 429":                 {"POST", nil, reply{429, nil, ""}, nil, nil, 2},
		"POST, 503":                 {"POST", nil, reply{503, nil, ""}, nil, nil, 1},
		"POST, 503 with a time":     {"POST", nil, reply{503, after("1"), ""}, nil, nil, 2},
		"POST, 503, key":            {"POST", key, reply{503, nil, ""}, nil, nil, 2},
		"POST, any, 500":            {"POST", nil, reply{500, nil, ""}, nil, every, 1},
		"POST, any, 500, key":       {"POST", key, reply{500, nil, ""}, nil, every, 2},
		"PUT, 503":                  {"PUT", nil, reply{503, nil, ""}, nil, nil, 1},
		"PUT, 503, opted in":        {"PUT", nil, reply{503, nil, ""}, nil, put, 2},
		"GET, broken off":           {"GET", nil, reply{}, broken, nil, 2},
		"POST, broken off":          {"POST", nil, reply{}, broken, nil, 1},
		"POST, broken off, key":     {"POST", key, reply{}, broken, nil, 2},
		"PUT, broken off, opted in": {"PUT", nil, reply{}, broken, put, 2},
		"GET, refused":              {"GET", nil, reply{}, dial, nil, 1},
		"POST, refused, any":        {"POST", nil, reply{}, dial, every, 2},
		"GET, no certificate":       {"GET", nil, reply{}, x509.UnknownAuthorityError{}, every, 1},
		"GET, given up":             {"GET", nil, reply{}, context.Canceled, every, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []reply{test.answer, {200, nil, ""}}, failure: test.failure}
				request := Request{Method: test.method, Path: "/", Header: test.header}
				if test.method == "POST" || test.method == "PUT" {
					request.Body, request.ContentLength = strings.NewReader("pay"), 3
				}
				response, err := scripted(s, test.change).Do(t.Context(), "mail", request)
				if len(s.at) != test.attempts || (err != nil) != (test.attempts == 1 && test.failure != nil) {
					t.Fatalf("%d attempts, %v, %v", len(s.at), response, err)
				}
				for _, body := range s.bodies {
					if request.Body != nil && body != "pay" {
						t.Errorf("the API got %q", s.bodies)
					}
				}
			})
		})
	}
}

func TestP11_AStreamedBodyIsNotSentAgainAfterALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{429, after("1"), "later"}, {200, nil, ""}}}
		response, err := scripted(s, nil).Do(t.Context(), "mail", Request{Method: "POST", Path: "/", Body: strings.NewReader("x"), ContentLength: -1})
		if err != nil || response.StatusCode != 429 || len(s.at) != 1 {
			t.Errorf("%v, %v after %d requests", response, err, len(s.at))
		}
	})
}

func TestAConnectionThatBreaksOffIsTriedOnceMoreByDefaultAndOftenInModeAny(t *testing.T) {
	for mode, want := range map[string]int{"": 2, api.RetryStatus: 2, api.RetryAny: 6, api.RetryNone: 1} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []reply{{}}, failure: io.ErrUnexpectedEOF}
			_, err := scripted(s, func(target *target.Target) { target.Retry.Mode = mode }).Do(t.Context(), "mail", Request{Path: "/"})
			if !fault.Is(err, api.CodeUnreachable) || len(s.at) != want {
				t.Errorf("%q: %v after %d requests", mode, err, len(s.at))
			}
		})
	}
}

func TestP12_NoWaitGoesBeyondTheCallersDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{429, after("10"), "later"}, {200, nil, ""}}}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		response, err := scripted(s, nil).Do(ctx, "mail", Request{Path: "/"})
		if err != nil || response.StatusCode != 429 || response.Header.Get("Retry-After") != "10" || time.Since(begun) != 0 {
			t.Errorf("%v, %v after %s", response, err, time.Since(begun))
		}
	})
}

func TestACallerWhoLeavesEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{503, after("30"), ""}}}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		begun := time.Now()
		_, err := scripted(s, nil).Do(ctx, "mail", Request{Path: "/"})
		if !fault.Is(err, api.CodeUnavailable) || time.Since(begun) != 3*time.Second || len(s.at) != 1 {
			t.Errorf("%v after %s and %d requests", err, time.Since(begun), len(s.at))
		}
	})
}

func TestWaitsAreSpreadUpwardsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{429, after("10"), ""}, {200, nil, ""}}}
		engine := scripted(s, nil)
		engine.random = func() float64 { return 0.5 }
		if _, err := engine.Do(t.Context(), "mail", Request{Path: "/"}); err != nil || !same(s.at, spans(0, 10.5)) {
			t.Errorf("%v, %v", s.at, err)
		}
	})
}

func TestARefusedTokenIsRenewedWhileRetriesGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{answers: []reply{{503, nil, ""}, {401, nil, ""}, {503, nil, ""}, {200, nil, "done"}}}
		response, err := scripted(s, nil).Do(t.Context(), "mail", Request{Path: "/"})
		if err != nil || response.StatusCode != 200 || response.Header.Get(HeaderAttempts) != "4" || !same(s.at, spans(0, 1, 1, 2)) {
			t.Errorf("%v, %v at %v", response, err, s.at)
		}
	})
}
