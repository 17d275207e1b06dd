package call

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/secret"
)

func TestP11_ARefusedTokenIsRenewedAndTheRequestSentAgainOnce(t *testing.T) {
	for name, request := range map[string]Request{
		"GET":         {Path: "/"},
		"DELETE":      {Method: "DELETE", Path: "/"},
		"small POST":  withBody("application/json", `{"a":1}`),
		"1 MiB exact": withBody("text/plain", strings.Repeat("x", maxReplay)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "", answers("token-2"))
			want := "GET "
			if request.Method != "" {
				want = request.Method + " "
			}
			if request.Body != nil {
				body, _ := io.ReadAll(request.Body)
				request.Body = strings.NewReader(string(body))
				want += string(body)
			}
			response, body := r.do(t, request)
			if response.StatusCode != 200 || body != want || response.Header.Get(HeaderAttempts) != "2" {
				t.Errorf("%d %.40q %v", response.StatusCode, body, response.Header)
			}
			if r.credentials.renewals != 1 || r.credentials.used != 1 {
				t.Errorf("%d renewals, used %d", r.credentials.renewals, r.credentials.used)
			}
		})
	}
}

func TestP11_AStreamedBodyIsNotSentAgainButTheTokenIsRenewed(t *testing.T) {
	for name, length := range map[string]int64{"unknown length": -1, "over 1 MiB": maxReplay + 1} {
		t.Run(name, func(t *testing.T) {
			calls := 0
			r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) { calls++; answers("token-2")(w, r) })
			big := strings.Repeat("x", maxReplay+1)
			response, _ := r.do(t, Request{Method: "POST", Path: "/", Body: strings.NewReader(big), ContentLength: length})
			if response.StatusCode != 401 || response.Header.Get(HeaderRetryable) != "true" || calls != 1 {
				t.Errorf("%d %v, %d calls", response.StatusCode, response.Header, calls)
			}
			if response, _ = r.do(t, Request{Path: "/"}); response.StatusCode != 200 || response.Header.Get(HeaderAttempts) != "" {
				t.Errorf("the next call: %d %v", response.StatusCode, response.Header)
			}
		})
	}
}

func TestARefusalAfterRenewalIsReturnedAsItCame(t *testing.T) {
	calls := 0
	r := newRig(t, "", func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Www-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(401)
		_, _ = io.WriteString(w, "no")
	})
	response, body := r.do(t, Request{Path: "/"})
	if response.StatusCode != 401 || body != "no" || calls != 2 || response.Header.Get("Www-Authenticate") == "" {
		t.Errorf("%d %q after %d calls", response.StatusCode, body, calls)
	}
}

func TestARenewalThatFailsGivesItsOwnFault(t *testing.T) {
	r := newRig(t, "", answers("token-2"))
	r.credentials.renewErr = fault.New(api.CodeNeedsAuthorization, "the grant is gone")
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/"}); !fault.Is(err, api.CodeNeedsAuthorization) {
		t.Errorf("got %v", err)
	}
}

func TestTheStatusesOfARefusalAreConfigured(t *testing.T) {
	for _, c := range []struct {
		refusals []int
		status   int
		renewals int
	}{{nil, 401, 1}, {nil, 403, 0}, {[]int{403, 200}, 403, 1}, {[]int{403}, 401, 0}} {
		r := newRig(t, "", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) })
		r.credentials.target.AuthError.Statuses = c.refusals
		if r.do(t, Request{Path: "/"}); r.credentials.renewals != c.renewals {
			t.Errorf("%v: %d renewals", c, r.credentials.renewals)
		}
	}
}

func TestP30_RefusalsRenewAtMostOnceInTenSeconds(t *testing.T) {
	r := newRig(t, "", answers("none"))
	for range 5 {
		if response, _ := r.do(t, Request{Path: "/"}); response.StatusCode != 401 {
			t.Fatalf("got %d", response.StatusCode)
		}
	}
	if r.credentials.renewals != 1 {
		t.Errorf("%d renewals at once", r.credentials.renewals)
	}
	r.clock.advance(brakeInterval - 1)
	r.do(t, Request{Path: "/"})
	if r.credentials.renewals != 1 {
		t.Errorf("%d renewals just before the time", r.credentials.renewals)
	}
	r.clock.advance(1)
	r.do(t, Request{Path: "/"})
	if r.credentials.renewals != 2 {
		t.Errorf("%d renewals after the time", r.credentials.renewals)
	}
}

func TestManyRefusalsAtOnceShareOneRenewalAndAllSucceed(t *testing.T) {
	const callers = 20
	var arrived sync.WaitGroup
	arrived.Add(callers)
	r := newRig(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-1" {
			arrived.Done()
			arrived.Wait() // all are refused before any renews
		}
		answers("token-2")(w, r)
	})
	var callsEnd sync.WaitGroup
	for range callers {
		callsEnd.Go(func() {
			response, err := r.Do(t.Context(), "mail", Request{Path: "/"})
			if err != nil {
				t.Error(err)
				return
			}
			response.Body.Close()
			if response.StatusCode != 200 {
				t.Errorf("got %d", response.StatusCode)
			}
		})
	}
	callsEnd.Wait()
	if r.credentials.renewals != 1 {
		t.Errorf("%d renewals", r.credentials.renewals)
	}
}

func TestTheBrakeForgetsOldConnections(t *testing.T) {
	c := &clock{now: time.Unix(0, 0)}
	b := newBrake(c.Now)
	for i := range 3 * brakeSweepAt {
		name := fmt.Sprint(i)
		if !b.enter(name, 1) {
			t.Fatalf("%s is held back", name)
		}
		b.leave(name)
		c.advance(brakeInterval)
	}
	if len(b.held) > brakeSweepAt {
		t.Errorf("%d connections are held", len(b.held))
	}
}

func TestARunningRenewalIsJoinedByItsOwnGenerationOnly(t *testing.T) {
	b := newBrake((&clock{}).Now)
	for i, attempt := range []struct {
		name       string
		generation int64
		passes     bool
	}{{"a", 1, true}, {"a", 1, true}, {"a", 2, false}, {"b", 2, true}} {
		if b.enter(attempt.name, attempt.generation) != attempt.passes {
			t.Errorf("attempt %d: the brake let the wrong one pass", i)
		}
	}
	b.leave("a")
	b.leave("a")
	if b.enter("a", 1) {
		t.Error("an ended renewal was joined")
	}
}

func TestARefusalForOneUserHoldsNoOtherUserBack(t *testing.T) {
	r := newRig(t, "/v1", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	for _, user := range []string{"maria", "paul", "maria"} {
		response, err := r.Do(onbehalf.With(t.Context(), secret.NewText(user)), "mail", Request{Path: "/me"})
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if r.credentials.renewals != 2 {
		t.Errorf("%d renewals for two users, of whom one called twice", r.credentials.renewals)
	}
}
