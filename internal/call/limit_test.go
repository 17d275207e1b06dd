package call

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/target"
)

// several gives each connection its own target.
type several map[string]*target.Target

func (s several) Credential(_ context.Context, name string) (*broker.Credential, error) {
	return &broker.Credential{Connection: name, Generation: 1, Target: s[name]}, nil
}

func (s several) Renew(ctx context.Context, name string, _ int64) (*broker.Credential, error) {
	return s.Credential(ctx, name)
}

func (s several) Used(string) {}

// busy is an API that takes a while over each request and notes what it saw.
type busy struct {
	takes  time.Duration
	status func(n int) (int, string) // of the nth request: status and Retry-After; nil: 200
	mu     sync.Mutex
	start  time.Time
	now    int
	most   int
	at     []time.Duration
	paths  []string
}

func (b *busy) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	b.now++
	b.most = max(b.most, b.now)
	b.at = append(b.at, time.Since(b.start))
	b.paths = append(b.paths, r.URL.Path)
	status, hint := 200, ""
	if b.status != nil {
		status, hint = b.status(len(b.at))
	}
	b.mu.Unlock()
	time.Sleep(b.takes) // of the bubble's clock
	b.mu.Lock()
	b.now--
	b.mu.Unlock()
	header := http.Header{}
	if hint != "" {
		header.Set("Retry-After", hint)
	}
	return &http.Response{StatusCode: status, Header: header, ContentLength: 1, Body: io.NopCloser(strings.NewReader("x"))}, nil
}

func limitedTo(rules api.RateLimitRules) *target.Target {
	return &target.Target{
		BaseURL: &url.URL{Scheme: "https", Host: "api.example"}, RateLimit: rules,
		Token: []target.Placement{{In: api.InHeader, Name: "Authorization", Scheme: "Bearer"}},
	}
}

func before(b *busy, targets several) *Engine {
	b.start = time.Now()
	return New(targets, b, Options{Open: openFake, Random: func() float64 { return 0 }})
}

// fetch makes a call and reads the whole answer.
func fetch(ctx context.Context, e *Engine, connection, path string) (*http.Response, string, error) {
	response, err := e.Do(ctx, connection, Request{Path: path})
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// crowd makes n calls one millisecond apart, without waiting for any, and then
// for all. It returns the statuses.
func crowd(t *testing.T, e *Engine, connection string, n int) []int {
	t.Helper()
	statuses := make([]int, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			response, _, err := fetch(t.Context(), e, connection, fmt.Sprintf("/%d", i))
			if err != nil {
				t.Error(err)
				return
			}
			statuses[i] = response.StatusCode
		})
		time.Sleep(time.Millisecond)
	}
	all.Wait()
	return statuses
}

func TestConcurrencyIsTwentyFiveUnlessSet(t *testing.T) {
	for set, want := range map[int]int{0: 25, 3: 3, 50: 50} {
		synctest.Test(t, func(t *testing.T) {
			b := &busy{takes: time.Second}
			crowd(t, before(b, several{"mail": limitedTo(api.RateLimitRules{Concurrency: set})}), "mail", 60)
			if b.most != want || len(b.at) != 60 {
				t.Errorf("set to %d: %d at once, %d in all", set, b.most, len(b.at))
			}
		})
	}
}

func TestWhoeverCameFirstIsLetInFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: time.Second}
		crowd(t, before(b, several{"mail": limitedTo(api.RateLimitRules{Concurrency: 1})}), "mail", 10)
		for i, path := range b.paths {
			if path != fmt.Sprintf("/%d", i) {
				t.Fatalf("the order was %v", b.paths)
			}
		}
	})
}

func TestNoSpanHoldsMoreRequestsThanSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{}
		rules := api.RateLimitRules{Requests: 5, Per: api.Duration(10 * time.Second)}
		crowd(t, before(b, several{"mail": limitedTo(rules)}), "mail", 17)
		for i := 5; i < len(b.at); i++ {
			if b.at[i]-b.at[i-5] < 10*time.Second {
				t.Errorf("requests %d to %d came within %s", i-5, i, b.at[i]-b.at[i-5])
			}
		}
		if last := b.at[16]; last > 31*time.Second {
			t.Errorf("the last came after %s: the limit was not used up", last)
		}
	})
}

func TestRequestsKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{}
		crowd(t, before(b, several{"mail": limitedTo(api.RateLimitRules{MinInterval: api.Duration(500 * time.Millisecond)})}), "mail", 4)
		if !same(b.at, spans(0, 0.5, 1, 1.5)) {
			t.Errorf("they came at %v", b.at)
		}
	})
}

func TestP13_ALimitAnswerHoldsBackItsOwnBudgetOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{status: func(n int) (int, string) {
			if n == 1 {
				return 429, "20"
			}
			return 200, ""
		}}
		shared := api.RateLimitRules{SharedWith: "tenant-a"}
		e := before(b, several{"one": limitedTo(shared), "two": limitedTo(shared), "other": limitedTo(api.RateLimitRules{})})
		var all sync.WaitGroup
		for _, name := range []string{"one", "two", "other"} {
			all.Go(func() {
				if response, _, err := fetch(t.Context(), e, name, "/"+name); err != nil || response.StatusCode != 200 {
					t.Errorf("%s: %v, %v", name, response, err)
				}
			})
			time.Sleep(time.Second)
		}
		all.Wait()
		if got := strings.Join(b.paths, " "); got != "/one /other /two /one" && got != "/one /other /one /two" || !same(b.at, spans(0, 2, 20, 20)) {
			t.Errorf("%s at %v", got, b.at)
		}
	})
}

func TestALimitAnswerWithoutATimeHoldsBackEverLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{status: func(int) (int, string) { return 429, "" }}
		target := limitedTo(api.RateLimitRules{})
		target.Retry.Mode = api.RetryNone
		e := before(b, several{"mail": target})
		for range 4 {
			if _, _, err := fetch(t.Context(), e, "mail", "/"); err != nil {
				t.Fatal(err)
			}
		}
		if !same(b.at, spans(0, 1, 3, 7)) {
			t.Errorf("requests came at %v", b.at)
		}
	})
}

func TestLimitAnswersAreKnownByOtherStatusesHeadersAndBodies(t *testing.T) {
	for name, test := range map[string]struct {
		rule   api.AnswerRule
		answer reply
	}{
		"403, none left":  {api.AnswerRule{Statuses: []int{403, 429}, Header: "X-RateLimit-Remaining", Values: api.StringList{"0"}}, reply{403, map[string]string{"X-RateLimit-Remaining": "0", "Retry-After": "3"}, ""}},
		"200, throttled":  {api.AnswerRule{Path: "/errors/0/extensions/code", Values: api.StringList{"THROTTLED"}}, reply{200, after("3"), `{"errors":[{"extensions":{"code":"THROTTLED"}}]}`}},
		"400, hour's end": {api.AnswerRule{Statuses: []int{400}, Path: "errorCode", Values: api.StringList{"HOURLY_APIINVOCATION_LIMIT_EXCEEDED"}}, reply{400, after("3"), `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED"}`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{answers: []reply{test.answer, {200, nil, "done"}}}
				response, err := scripted(s, func(target *target.Target) { target.RateLimit.AnswerRule = test.rule }).Do(t.Context(), "mail", Request{Method: "POST", Path: "/"})
				if err != nil || response.StatusCode != 200 || !same(s.at, spans(0, 3)) {
					t.Errorf("%v, %v at %v", response, err, s.at)
				}
			})
		})
	}
}

func TestAWaitThatWouldBeTooLongIsRefusedAtOnce(t *testing.T) {
	hour := api.RateLimitRules{Requests: 1, Per: api.Duration(time.Hour)}
	for name, test := range map[string]struct {
		rules    api.RateLimitRules
		deadline time.Duration
		again    string
	}{
		"beyond the default":  {hour, time.Hour * 2, "3600"},
		"beyond the caller's": {api.RateLimitRules{MinInterval: api.Duration(10 * time.Second)}, 9 * time.Second, "10"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &busy{}
				e := before(b, several{"mail": limitedTo(test.rules)})
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				if _, _, err := fetch(ctx, e, "mail", "/"); err != nil {
					t.Fatal(err)
				}
				response, body, err := fetch(ctx, e, "mail", "/")
				if err != nil || response.StatusCode != 429 || response.Header.Get("Retry-After") != test.again || len(b.at) != 1 || time.Since(b.start) != 0 {
					t.Fatalf("%v, %v after %d requests and %s", response, err, len(b.at), time.Since(b.start))
				}
				var problem api.Problem
				if json.Unmarshal([]byte(body), &problem) != nil || problem.Code != api.CodeRateLimited || problem.Detail == "" || problem.Hint == "" ||
					response.Header.Get(headerError) != "rate_limited" || response.Header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("%v %s", response.Header, body)
				}
			})
		})
	}
}

func TestALineThatIsFullTakesNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: time.Second}
		statuses := crowd(t, before(b, several{"mail": limitedTo(api.RateLimitRules{Concurrency: 1, Queue: 2})}), "mail", 5)
		if fmt.Sprint(statuses) != "[200 200 200 429 429]" || len(b.at) != 3 {
			t.Errorf("%v, %d requests", statuses, len(b.at))
		}
	})
}

func TestCallsThatNobodyEndsDoNotHoldTheLineForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := before(&busy{}, several{"mail": limitedTo(api.RateLimitRules{Concurrency: 1})})
		held, err := e.Do(t.Context(), "mail", Request{Path: "/"})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		response, _, err := fetch(t.Context(), e, "mail", "/")
		if err != nil || response.StatusCode != 429 || time.Since(begun) != defaultMaxWait {
			t.Errorf("%v, %v after %s", response, err, time.Since(begun))
		}
		held.Body.Close()
		if response, _, err = fetch(t.Context(), e, "mail", "/"); err != nil || response.StatusCode != 200 {
			t.Errorf("after the place was given back: %v, %v", response, err)
		}
	})
}

func TestWhoLeavesTheLineIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: 10 * time.Second}
		e := before(b, several{"mail": limitedTo(api.RateLimitRules{Concurrency: 1})})
		var all sync.WaitGroup
		all.Go(func() { _, _, _ = fetch(t.Context(), e, "mail", "/first") })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			if _, _, err := fetch(ctx, e, "mail", "/gone"); err == nil {
				t.Error("a call that was given up succeeded")
			}
		})
		synctest.Wait()
		all.Go(func() { _, _, _ = fetch(t.Context(), e, "mail", "/last") })
		synctest.Wait()
		cancel()
		all.Wait()
		if got := strings.Join(b.paths, " "); got != "/first /last" {
			t.Errorf("the API saw %s", got)
		}
	})
}

func TestAdaptiveConcurrencyIsHalvedByLimitsAndGrowsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		yes := true
		limit := true
		b := &busy{takes: time.Second, status: func(n int) (int, string) {
			if limit && n == 1 {
				return 429, "0"
			}
			return 200, ""
		}}
		e := before(b, several{"mail": limitedTo(api.RateLimitRules{Concurrency: 8, Adaptive: &yes})})
		fetch(t.Context(), e, "mail", "/")
		b.most = 0
		crowd(t, e, "mail", 4)
		if b.most != 4 {
			t.Errorf("after a limit answer %d at once", b.most)
		}
		crowd(t, e, "mail", 100)
		if b.most != 8 {
			t.Errorf("after much calm %d at once", b.most)
		}
	})
}

func TestObservedLimitsHoldNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		yes := true
		b := &busy{status: func(int) (int, string) { return 429, "30" }}
		target := limitedTo(api.RateLimitRules{Observe: &yes})
		target.Retry.Mode = api.RetryNone
		e := before(b, several{"mail": target})
		for range 3 {
			if response, _, err := fetch(t.Context(), e, "mail", "/"); err != nil || response.Header.Get("Retry-After") != "30" {
				t.Errorf("%v, %v", response, err)
			}
		}
		if !same(b.at, spans(0, 0, 0)) {
			t.Errorf("requests came at %v", b.at)
		}
	})
}

func TestASharedBudgetGoesByTheSettingsOfItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: time.Second}
		e := before(b, several{
			"owner":  limitedTo(api.RateLimitRules{Concurrency: 2}),
			"lodger": limitedTo(api.RateLimitRules{Concurrency: 40, SharedWith: "owner"}),
		})
		crowd(t, e, "owner", 1)
		crowd(t, e, "lodger", 6)
		if b.most != 2 {
			t.Errorf("%d at once", b.most)
		}
	})
}

func TestSettingsThatChangeCountAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &busy{takes: time.Second}
		targets := several{"mail": limitedTo(api.RateLimitRules{Concurrency: 1})}
		e := before(b, targets)
		crowd(t, e, "mail", 2)
		targets["mail"] = limitedTo(api.RateLimitRules{Concurrency: 3, Requests: 100})
		if crowd(t, e, "mail", 6); b.most != 3 {
			t.Errorf("%d at once", b.most)
		}
	})
}

func TestP17_OnlyAStreamWithoutAnEndKeepsNoPlace(t *testing.T) {
	for kind, wait := range map[string]time.Duration{
		"text/event-stream": 0, "text/event-stream;charset=utf-8": 0, "application/x-NDJSON": 0, "application/grpc+proto": 0,
		"application/json": defaultMaxWait, "": defaultMaxWait,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{answers: []reply{{200, map[string]string{"Content-Type": kind}, "data: 1"}}}
			e := scripted(s, func(target *target.Target) { target.RateLimit.Concurrency = 1 })
			for range 2 {
				if _, err := e.Do(t.Context(), "mail", Request{Path: "/"}); err != nil {
					t.Fatal(err)
				}
			}
			if time.Since(s.start) != wait {
				t.Errorf("%s: the second call waited for %s", kind, time.Since(s.start))
			}
		})
	}
}

func TestBudgetsThatNothingUsesAreForgotten(t *testing.T) {
	c := &clock{now: time.Unix(1e9, 0)}
	all := newBudgets(c.Now)
	target := limitedTo(api.RateLimitRules{})
	for i := range budgetsSweepAt {
		b := all.of(&broker.Credential{Connection: fmt.Sprint(i), Target: target})
		if _, err := b.enter(t.Context(), c.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			b.leave()
		}
	}
	c.advance(budgetIdle + 1)
	all.of(&broker.Credential{Connection: "new", Target: target})
	if len(all.known) != 2 || all.known["0"] == nil {
		t.Errorf("%d budgets are kept", len(all.known))
	}
}

// BenchmarkBudget is what the limits add to a call that they let through.
func BenchmarkBudget(b *testing.B) {
	for name, rules := range map[string]api.RateLimitRules{"default": {}, "rate": {Requests: 100_000, Per: 1}} {
		b.Run(name, func(b *testing.B) {
			all := newBudgets(time.Now)
			credential := &broker.Credential{Connection: "mail", Target: limitedTo(rules)}
			b.ReportAllocs()
			for b.Loop() {
				own := all.of(credential)
				if _, err := own.enter(b.Context(), time.Time{}); err != nil {
					b.Fatal(err)
				}
				own.passed()
				own.leave()
			}
		})
	}
}
