package skew

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answering answers with a header, after a while on the test's clock.
type answering struct {
	header http.Header
	takes  func()
}

func (a answering) Do(*http.Request) (*http.Response, error) {
	a.takes()
	if a.header == nil {
		return nil, errors.New("no route to host")
	}
	return &http.Response{StatusCode: 200, Header: a.header}, nil
}

func TestT01_AProvidersClockIsComparedWithOursByTheDateOfItsAnswers(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, 400_000_000, time.UTC)
	date := func(ahead time.Duration) http.Header {
		return http.Header{"Date": {at.Add(ahead).UTC().Format(http.TimeFormat)}}
	}
	for name, test := range map[string]struct {
		header http.Header
		takes  time.Duration
		want   time.Duration
		told   bool
	}{
		"the same time":                      {date(0), time.Second, 0, true},
		"ten minutes ahead":                  {date(10 * time.Minute), 0, 10*time.Minute - 400*time.Millisecond, true},
		"ten minutes behind":                 {date(-10 * time.Minute), 0, -10*time.Minute + 600*time.Millisecond, true},
		"a slow answer is no other clock":    {date(20 * time.Second), 25 * time.Second, 0, true},
		"an answer that was long on its way": {date(0), 25 * time.Second, 0, true},
		"no date":                            {http.Header{}, 0, 0, false},
		"a date that cannot be read":         {http.Header{"Date": {"yesterday"}}, 0, 0, false},
		"out of a cache":                     {http.Header{"Date": {at.Add(-time.Hour).Format(http.TimeFormat)}, "Age": {"3600"}}, 0, 0, false},
		"no answer":                          {nil, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			now := at
			clocks := New(func() time.Time { return now }, slog.New(slog.DiscardHandler))
			way := clocks.Watching(answering{test.header, func() { now = now.Add(test.takes) }})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://LOGIN.contoso.com/token", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = way.Do(r)
			if (err != nil) != (test.header == nil) {
				t.Fatal(err)
			}
			if ahead, told := way.Offset("login.contoso.com"); ahead != test.want || told != test.told {
				t.Errorf("ahead by %v (%v), want %v (%v)", ahead, told, test.want, test.told)
			}
		})
	}
}

func TestT01_AClockThatIsOffIsWarnedOfOnceAnHour(t *testing.T) {
	var log strings.Builder
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clocks := New(func() time.Time { return now }, slog.New(slog.NewTextHandler(&log, nil)))
	look := func(ahead time.Duration) {
		clocks.note("login.contoso.com", http.Header{"Date": {now.Add(ahead).Format(http.TimeFormat)}}, now, now)
	}
	look(20 * time.Second)
	if log.Len() != 0 {
		t.Fatalf("warned of 20 s: %s", log.String())
	}
	for range 7 {
		look(time.Minute)
		now = now.Add(10 * time.Minute)
	}
	if n := strings.Count(log.String(), "NTP"); n != 2 {
		t.Errorf("%d warnings in an hour and ten minutes, want 2:\n%s", n, log.String())
	}
}

func TestTheHostsThatAreRememberedAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	clocks := New(func() time.Time { return now }, slog.New(slog.DiscardHandler))
	for i := range 3 * maxHosts {
		clocks.note(fmt.Sprintf("%d.contoso.com", i), http.Header{"Date": {now.Format(http.TimeFormat)}}, now, now)
	}
	if n := len(clocks.seen); n > maxHosts {
		t.Errorf("%d hosts", n)
	}
	if _, ok := clocks.Offset(fmt.Sprintf("%d.contoso.com", 3*maxHosts-1)); !ok {
		t.Error("the last one is forgotten")
	}
}
