package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/call"
)

// engine answers what the path says: a status, or "down".
type engine struct{ answer string }

func (e *engine) Do(_ context.Context, _ string, r call.Request) (*http.Response, error) {
	if r.Path == "/down" {
		return nil, errors.New("CANARY inside")
	}
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	status := 200
	_, _ = fmt.Sscanf(r.Path, "/%d", &status)
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"CANARY-header"}},
		Body:       io.NopCloser(strings.NewReader(e.answer)),
	}, nil
}

type bench struct {
	*Watch
	t      *testing.T
	engine *engine
	now    time.Time
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, engine: &engine{answer: `{"ok":true}`}, now: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)}
	b.Watch = Over(b.engine, func() time.Time { return b.now })
	return b
}

func (b *bench) call(r call.Request) string {
	b.t.Helper()
	response, err := b.Do(b.t.Context(), "mail", r)
	if err != nil {
		return err.Error()
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		b.t.Fatal(err)
	}
	return string(body)
}

func TestCallsAreCountedByTheMinuteForAnHour(t *testing.T) {
	b := newBench(t)
	for _, path := range []string{"/ok", "/404", "/down", "/ok"} {
		b.call(call.Request{Path: path})
	}
	b.now = b.now.Add(3 * time.Minute)
	b.call(call.Request{Path: "/ok"})
	rates := b.Rates("mail")
	if got := rates.Minutes[Window-4]; got != (Minute{4, 2}) {
		t.Errorf("three minutes ago: %+v", got)
	}
	if got := rates.Minutes[Window-1]; got != (Minute{1, 0}) {
		t.Errorf("now: %+v", got)
	}
	if !rates.Since.Equal(b.now.Add(-3 * time.Minute)) {
		t.Errorf("since %v", rates.Since)
	}
	b.now = b.now.Add(58 * time.Minute)
	b.call(call.Request{Path: "/ok"})
	sum := 0
	for _, m := range b.Rates("mail").Minutes {
		sum += m.Requests
	}
	if sum != 2 {
		t.Errorf("%d requests in the last hour, want 2", sum)
	}
	b.now = b.now.Add(2 * time.Hour)
	if got := b.Rates("mail").Minutes; got != ([Window]Minute{}) {
		t.Errorf("hours later: %v", got)
	}
	if got := b.Rates("nobody").Minutes; got != ([Window]Minute{}) {
		t.Errorf("an unknown connection: %v", got)
	}
}

func TestNothingIsKeptUnlessSomebodyLooks(t *testing.T) {
	b := newBench(t)
	b.call(call.Request{Path: "/ok"})
	b.Debug("mail", b.now.Add(24*time.Hour))
	if until := b.DebugUntil("mail"); !until.Equal(b.now.Add(LongestDebug)) {
		t.Errorf("debugging until %v", until)
	}
	b.call(call.Request{Path: "/200"})
	b.now = b.now.Add(LongestDebug)
	b.call(call.Request{Path: "/201"})
	if found := b.Exchanges("mail"); len(found) != 1 || found[0].Path != "/200" {
		t.Errorf("%+v", found)
	}
	b.Debug("mail", time.Time{})
	if found := b.Exchanges("mail"); len(found) != 0 || !b.DebugUntil("mail").IsZero() {
		t.Errorf("%+v", found)
	}
}

func TestWhatIsKeptHoldsNoCredential(t *testing.T) {
	b := newBench(t)
	b.Debug("mail", b.now.Add(time.Minute))
	b.engine.answer = `{"name":"Maria","refresh_token":"CANARY-answer","nested":{"client_secret" : "CANARY-nested"},"free":"eyJhbGciOiJub25l.eyJDQU5BUlktand0.x"}`
	body := `{"subject":"hello","password":"CANARY-body","pin":1}`
	got := b.call(call.Request{
		Method: "POST", Path: "/200?top=3&api_key=CANARY-query", RawQuery: "sig=CANARY-second&q=a%20b",
		Header: http.Header{"Content-Type": {"application/json"}, "X-Custom": {"CANARY-custom"}, "Cookie": {"CANARY-cookie"}},
		Body:   strings.NewReader(body), ContentLength: int64(len(body)),
	})
	if got != b.engine.answer {
		t.Errorf("the caller got %s", got)
	}
	b.call(call.Request{Path: "/down"})
	found := b.Exchanges("mail")
	if len(found) != 2 || found[0].Status != 0 || found[0].Error == "" || found[1].Status != 200 {
		t.Fatalf("%+v", found)
	}
	shown := fmt.Sprintf("%+v", found)
	if strings.Contains(shown, "CANARY") || strings.Contains(shown, "eyJ") {
		t.Errorf("a credential is kept: %s", shown)
	}
	for _, want := range []string{"top=3", "q=a%20b", `"subject":"hello"`, `"name":"Maria"`, "application/json"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s is not shown: %s", want, shown)
		}
	}
}

func TestBodiesAreKeptInPartAndPassWhole(t *testing.T) {
	b := newBench(t)
	b.Debug("mail", b.now.Add(time.Minute))
	b.engine.answer = `"` + strings.Repeat("ä", maxShown) + `"`
	if got := b.call(call.Request{Path: "/200"}); got != b.engine.answer {
		t.Errorf("%d bytes came", len(got))
	}
	if kept := b.Exchanges("mail")[0].Returned; len(kept) > maxShown+8 || !strings.HasSuffix(kept, "…") {
		t.Errorf("%d bytes are kept", len(kept))
	}
	for range 2 * maxExchanges {
		b.call(call.Request{Path: "/200"})
	}
	if n := len(b.Exchanges("mail")); n != maxExchanges {
		t.Errorf("%d exchanges are kept", n)
	}
}

func TestASecretThatTheEndOfWhatIsKeptCutsIsHiddenToo(t *testing.T) {
	cut := `{"access_token":"CANARY-cut-off…`
	if got := redactedBody("application/json", cut); strings.Contains(got, "CANARY") {
		t.Error(got)
	}
	if got := redactedBody("image/png", "\x89PNG"); got != "(image/png, not shown)" {
		t.Error(got)
	}
	if got := redactedBody("application/x-www-form-urlencoded", "a=b&client_secret=CANARY"); got != "a=b&client_secret=••••" {
		t.Error(got)
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	b := newBench(t)
	for i := range maxConnections + 10 {
		b.count(fmt.Sprint(i), false)
	}
	if len(b.seen) > maxConnections {
		t.Errorf("%d connections are kept", len(b.seen))
	}
}
