package call

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func hintClock() time.Time { return time.Date(2026, 11, 21, 6, 30, 0, 0, time.UTC) }

func TestP12_AHintIsReadInEveryForm(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30": 30 * time.Second, " 0 ": 0, "2.0": 2 * time.Second, "0.25": 250 * time.Millisecond, `"5"`: 5 * time.Second,
		"-5": 0, "-0.1": 0, "1000000000": maxHint, "99999999999999999999": maxHint,
		"Sat, 21 Nov 2026 06:30:40 GMT":    40 * time.Second,
		"Saturday, 21-Nov-26 06:31:00 GMT": time.Minute,
		"Sat, 21 Nov 2026 06:00:00 GMT":    0,
		"1795242620":                       20 * time.Second,
		"1795242620000":                    20 * time.Second,
		"1795242620.5":                     20*time.Second + 500*time.Millisecond,
		"1795242000":                       0,
		"2026-11-21T06:30:45Z":             45 * time.Second,
		"2026-11-21T06:31Z":                time.Minute,
		"2026-11-21T06:31":                 time.Minute,
		"2026-11-21T07:30:01+01:00":        time.Second,
		"2026-11-21T07:30:01+0100":         time.Second,
		"2026-11-21 06:30:09":              9 * time.Second,
		"2026-11-21T06:30:01.500Z":         1500 * time.Millisecond,
		"6m0s":                             6 * time.Minute, "850ms": 850 * time.Millisecond, "1h": time.Hour,
	} {
		if got, ok := untilHint(text, hintClock()); !ok || (got-want).Abs() > time.Millisecond {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
	}
}

func TestP12_WhatIsNoHintIsNotTakenForOne(t *testing.T) {
	for _, text := range []string{"", "soon", "NaN", "Inf", "0x10", "1e9", "1 2", "--1", "+-", ".", "2026-13-41T00:00:00Z"} {
		if got, ok := untilHint(text, hintClock()); ok {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestAHintIsFoundInASentence(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"Rate limit exceeded. Please try again in 20 seconds.":            20 * time.Second,
		"retry after 2026-11-21T06:30:10Z":                                10 * time.Second,
		"User-rate limit exceeded.  Retry after 2026-11-21T06:31:00.123Z": time.Minute + 123*time.Millisecond,
		"Please try again in 6.5s":                                        6500 * time.Millisecond,
		"try again in 120ms":                                              120 * time.Millisecond,
		"wait 2 minutes":                                                  2 * time.Minute,
		"come back in 1 hour":                                             time.Hour,
	} {
		if got, ok := inSentence(text, hintClock()); !ok || got != want {
			t.Errorf("%q: %s, %v", text, got, ok)
		}
	}
	if got, ok := inSentence("error 42 in module 7", hintClock()); ok {
		t.Errorf("took %s from a text without one", got)
	}
}

func TestP12_AHintIsFoundWhereAPIsPutIt(t *testing.T) {
	for name, test := range map[string]struct {
		where  hints
		header map[string]string
		body   string
		want   time.Duration
		found  bool
	}{
		"Retry-After":                {header: map[string]string{"Retry-After": "7"}, want: 7 * time.Second, found: true},
		"the configured one first":   {where: hints{header: "X-Wait"}, header: map[string]string{"Retry-After": "7", "X-Wait": "3"}, want: 3 * time.Second, found: true},
		"the configured one is odd":  {where: hints{header: "X-Wait"}, header: map[string]string{"Retry-After": "7", "X-Wait": "?"}, want: 7 * time.Second, found: true},
		"milliseconds":               {header: map[string]string{"Retry-After-Ms": "1500"}, want: 1500 * time.Millisecond, found: true},
		"a reset, seconds until it":  {where: hints{limited: true}, header: map[string]string{"RateLimit-Reset": "12"}, want: 12 * time.Second, found: true},
		"a reset, moment":            {where: hints{limited: true}, header: map[string]string{"X-RateLimit-Reset": "1795242630", "X-RateLimit-Remaining": "0"}, want: 30 * time.Second, found: true},
		"a reset, ISO":               {where: hints{limited: true}, header: map[string]string{"X-RateLimit-Reset": "2026-11-21T06:32Z"}, want: 2 * time.Minute, found: true},
		"a reset, no limit answer":   {header: map[string]string{"X-RateLimit-Reset": "12"}},
		"a reset of another limit":   {where: hints{limited: true}, header: map[string]string{"X-RateLimit-Reset": "12", "X-RateLimit-Remaining": "4"}},
		"the later of two resets":    {where: hints{limited: true}, header: map[string]string{"X-Ratelimit-Reset-Requests": "1s", "X-Ratelimit-Reset-Tokens": "6m0s"}, want: 6 * time.Minute, found: true},
		"the structured field":       {where: hints{limited: true}, header: map[string]string{"RateLimit": `"default";r=0;t=30`}, want: 30 * time.Second, found: true},
		"a member of the body":       {where: hints{bodyPath: "/error/wait"}, body: `{"error":{"wait":"9"}}`, want: 9 * time.Second, found: true},
		"a sentence in the member":   {where: hints{bodyPath: "message"}, body: `{"message":"try again in 4 seconds"}`, want: 4 * time.Second, found: true},
		"retry_after of the body":    {where: hints{limited: true}, body: `{"retry_after":0.5}`, want: 500 * time.Millisecond, found: true},
		"a sentence of the body":     {where: hints{limited: true}, body: `{"error":{"message":"Quota. Retry after 2026-11-21T06:30:08Z"}}`, want: 8 * time.Second, found: true},
		"a number without a meaning": {where: hints{limited: true}, body: `{"id":3,"message":"limit of 60 seconds"}`},
		"nothing":                    {where: hints{limited: true}},
	} {
		t.Run(name, func(t *testing.T) {
			response := &http.Response{StatusCode: 429, Header: http.Header{}, ContentLength: int64(len(test.body)), Body: io.NopCloser(strings.NewReader(test.body))}
			for key, value := range test.header {
				response.Header.Set(key, value)
			}
			got, found := test.where.find(response, hintClock())
			if got != test.want || found != test.found {
				t.Errorf("%s, %v", got, found)
			}
			if body, err := io.ReadAll(response.Body); err != nil || string(body) != test.body {
				t.Errorf("the body is now %q, %v", body, err)
			}
		})
	}
}

func FuzzHints(f *testing.F) {
	for _, seed := range []string{"30", "1795242620", "2026-11-21T06:31Z", "try again in 5s", "Sat, 21 Nov 2026 06:30:40 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, ok := fieldHint(text, hintClock()); ok && (d < 0 || d > maxHint) {
			t.Errorf("%q: %s", text, d)
		}
	})
}
