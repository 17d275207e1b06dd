package call

import (
	"context"
	"net/http"
	"testing"
	"time"
)

// keeping are credentials that keep what was written down.
type keeping struct {
	*fakeCredentials
	attempts []int
}

func (k *keeping) Retried(_ context.Context, _ string, attempts int, _ time.Duration) {
	k.attempts = append(k.attempts, attempts)
}

func TestACallThatWasSentAgainIsWrittenDownOnceAMinute(t *testing.T) {
	requests := 0
	r := newRig(t, "", func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests%2 == 1 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	kept := &keeping{fakeCredentials: r.credentials}
	engine := New(kept, http.DefaultTransport, Options{Now: r.clock.Now, Open: openFake})
	call := func() {
		t.Helper()
		response, err := engine.Do(t.Context(), "mail", Request{Path: "/"})
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("%v, %v", response, err)
		}
		response.Body.Close()
	}
	call()
	call()
	if len(kept.attempts) != 1 || kept.attempts[0] != 2 {
		t.Fatalf("written down: %v", kept.attempts)
	}
	r.clock.advance(retriedInterval)
	call()
	if len(kept.attempts) != 2 {
		t.Errorf("written down: %v", kept.attempts)
	}
	r.clock.advance(retriedInterval)
	requests = 1
	call()
	if len(kept.attempts) != 2 {
		t.Errorf("a call that took one request was written down: %v", kept.attempts)
	}
}
