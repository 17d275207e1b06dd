package tunnel

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func TestP25_ADialWaitsForAnAgentThatComesBack(t *testing.T) {
	back := make(chan struct{})
	b := newBench(t, Clock{})
	to := listener(t, echo)
	b.start(Agent{URL: b.url, Token: "plant", Clock: Clock{After: func(time.Duration) <-chan time.Time {
		again := make(chan time.Time)
		go func() { <-back; close(again) }()
		return again
	}}}, to)
	b.arrival("plant")
	b.cut()
	within(t, b.ended)
	dialled := make(chan error, 1)
	go func() {
		conn, err := b.hub.Dial(t.Context(), []string{"plant"}, to)
		if err == nil {
			conn.Close()
		}
		dialled <- err
	}()
	select {
	case err := <-dialled:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(20 * time.Millisecond): // as long as it waits, nothing can be observed
	}
	close(back)
	if err := within(t, dialled); err != nil {
		t.Error(err)
	}
}

func TestP25_AnotherAgentTakesOverWhatWasNotSentYet(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, echo)
	b.agent("second", to)
	b.agent("first", to)
	says(t, b.dial("first second", to), "by the first")
	b.hub.Remove("first")
	says(t, b.dial("first second", to), "by the second")
}

func TestP25_AStreamThatWasOpenBreaksAndIsNotRepeated(t *testing.T) {
	b := newBench(t, Clock{})
	dials := make(chan struct{}, 8)
	to := listener(t, func(conn net.Conn) {
		dials <- struct{}{}
		_, _ = io.Copy(io.Discard, conn)
	})
	b.agent("plant", to)
	conn := b.dial("plant", to)
	_, _ = io.WriteString(conn, "POST /orders HTTP/1.1\r\n")
	within(t, dials)
	b.cut()
	_, err := conn.Read(make([]byte, 1))
	wants(t, err, api.CodeUnreachable, "the agent plant was lost")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("it counts as an end in good order")
	}
	if _, err := conn.Write([]byte("more")); err == nil {
		t.Error("a broken stream takes more")
	}
	b.arrival("plant") // it came back, and nothing was dialled by itself
	if len(dials) != 0 {
		t.Error("the host was dialled again")
	}
}

func TestWithoutATunnelTheReasonIsGiven(t *testing.T) {
	now := time.Now()
	waits := make(chan time.Duration, 1)
	b := newBench(t, Clock{Now: func() time.Time { return now }, After: func(d time.Duration) <-chan time.Time {
		waits <- d
		now = now.Add(d)
		done := make(chan time.Time)
		close(done)
		return done
	}})
	_, err := b.hub.Dial(t.Context(), []string{"plant", "other"}, "erp.contoso.internal:443")
	wants(t, err, api.CodeUnavailable, "absent: plant other")
	to := listener(t, echo)
	b.start(Agent{URL: b.url, Token: "plant", Clock: Clock{After: func(time.Duration) <-chan time.Time { return nil }}}, to)
	b.arrival("plant")
	b.cut()
	within(t, b.ended)
	_, err = b.hub.Dial(t.Context(), []string{"plant"}, to)
	wants(t, err, api.CodeUnavailable, "absent: plant")
	if wait := <-waits; wait != patience {
		t.Errorf("it waited %v", wait)
	}
	if _, err := new(Hub).Dial(t.Context(), []string{"plant"}, to); err == nil {
		t.Error("an empty hub dials")
	}
}

func TestP27_TheNewestProcessOfAnAgentIsServedAndTheOldOneEnds(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, echo)
	old := b.agent("plant", to)
	newer := b.start(Agent{URL: b.url, Token: "plant"}, to)
	b.arrival("plant")
	err := within(t, old)
	wants(t, err, api.CodeConflict, "another process now runs as the agent plant", "valetkey agent add NAME")
	says(t, b.dial("plant", to), "by the newest")
	select {
	case err := <-newer:
		t.Errorf("the newest ended: %v", err)
	default:
	}
	if online := b.hub.Online(); len(online) != 1 {
		t.Errorf("%d tunnels stand", len(online))
	}
}

func TestP27_ATunnelOfTheSameProcessReplacesItsOwn(t *testing.T) {
	b := newBench(t, Clock{})
	done := b.start(Agent{URL: b.url, Token: "plant", Instance: "same"})
	b.arrival("plant")
	b.start(Agent{URL: b.url, Token: "plant", Instance: "same"})
	b.arrival("plant")
	within(t, b.ended)
	select {
	case err := <-done:
		t.Errorf("it did not come back: %v", err)
	default:
	}
}

func TestP27_AnotherNodesWordFencesATunnelHere(t *testing.T) {
	b := newBench(t, Clock{})
	done := b.start(Agent{URL: b.url, Token: "plant", Instance: "old"})
	b.arrival("plant")
	b.hub.Fence("plant", "old")
	b.hub.Fence("nobody", "old")
	if len(b.hub.Online()) != 1 {
		t.Fatal("the newest was fenced")
	}
	b.hub.Fence("plant", "new")
	wants(t, within(t, done), api.CodeConflict)
}

func TestARemovedAgentEnds(t *testing.T) {
	b := newBench(t, Clock{})
	done := b.agent("plant")
	b.hub.Remove("plant")
	wants(t, within(t, done), api.CodeUnauthenticated, "was removed", "valetkey agent add")
}

func TestAServerThatStopsLetsItsAgentsGoElsewhere(t *testing.T) {
	b := newBench(t, Clock{})
	done := b.agent("plant")
	b.hub.Close()
	within(t, b.ended)
	within(t, b.came) // it tries again, and is sent away again
	select {
	case err := <-done:
		t.Errorf("the agent ended: %v", err)
	default:
	}
}

func TestP28_OneMinorVersionApartWorks(t *testing.T) {
	of := Protocol{Major: 2, Minor: 5}
	for _, c := range []struct {
		major, minor int
		want         bool
	}{{2, 5, true}, {2, 4, true}, {2, 6, true}, {2, 3, false}, {2, 7, false}, {1, 5, false}, {3, 5, false}} {
		if got := of.Understands(Protocol{c.major, c.minor}); got != c.want {
			t.Errorf("%v understands %d.%d: %v", of, c.major, c.minor, got)
		}
	}
	header := http.Header{}
	Hello{Protocol: of, Version: "v1.2.3", Instance: "i", Allow: []string{"a:1", "b:2"}}.write(header)
	hello, err := ReadHello(header)
	if err != nil || hello.Protocol != of || hello.Version != "v1.2.3" || len(hello.Allow) != 2 {
		t.Errorf("got %+v, %v", hello, err)
	}
	for _, wrong := range []string{"", "1", "one.two"} {
		header.Set(headerProtocol, wrong)
		if _, err := ReadHello(header); err == nil {
			t.Errorf("the version %q was taken", wrong)
		}
	}
}

func TestAnAgentEndsWhereWaitingDoesNotHelp(t *testing.T) {
	b := newBench(t, Clock{})
	for _, code := range []api.Code{api.CodeUnauthenticated, api.CodeConflict, api.CodeForbidden, api.CodeInvalid} {
		b.refuse = func(Hello) error { return fault.New(code, "no").WithHint("do this") }
		wants(t, within(t, b.start(Agent{URL: b.url, Token: "plant"})), code, "no", "do this")
	}
}

func TestAnAgentTriesAgainEverMoreSlowly(t *testing.T) {
	answers := []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"code":"unavailable","detail":"not now"}`)
		},
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Upgrade", "websocket")
			w.WriteHeader(http.StatusSwitchingProtocols)
		},
	}
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[int(n.Add(1)-1)%len(answers)](w, r)
	}))
	t.Cleanup(server.Close)
	ctx, stop := context.WithCancel(t.Context())
	var waits []time.Duration
	agent := Agent{URL: server.URL, Token: "plant", Way: &http.Transport{}, Log: slog.New(slog.DiscardHandler)}
	agent.Clock = Clock{Spread: func() float64 { return 0.5 }, After: func(d time.Duration) <-chan time.Time {
		if waits = append(waits, d); len(waits) == 9 {
			stop()
			return nil
		}
		done := make(chan time.Time)
		close(done)
		return done
	}}
	if err := agent.Run(ctx); err != nil {
		t.Errorf("told to stop, it says %v", err)
	}
	for i, want := range []time.Duration{750, 1500, 3000, 6000, 12000, 24000, 45000, 45000, 45000} {
		if waits[i] != want*time.Millisecond {
			t.Errorf("wait %d is %v", i+1, waits[i])
		}
	}
	if s := spread(); s < 0 || s >= 1 {
		t.Errorf("the spread is %v", s)
	}
}

func TestTheTokenLeavesOverTLSOnly(t *testing.T) {
	for _, wrong := range []string{"", "valetkey.example.com", "ftp://x", "http://valetkey.example.com", "http://10.0.0.1:8539", "https://user:pw@x"} {
		wants(t, Agent{URL: wrong}.Run(t.Context()), api.CodeInvalid)
	}
	for text, want := range map[string]string{
		"https://valetkey.example.com/": "https://valetkey.example.com/v1/agents/tunnel",
		"https://contoso.example/vk":    "https://contoso.example/vk/v1/agents/tunnel",
		"http://localhost:8539":         "http://localhost:8539/v1/agents/tunnel",
		"http://[::1]:8539":             "http://[::1]:8539/v1/agents/tunnel",
	} {
		target, err := Agent{URL: text}.target()
		if err != nil || target.String() != want {
			t.Errorf("%s: %v, %v", text, target, err)
		}
	}
}

func TestRequestsWaitForAgentsThatTheProcessBeforeHad(t *testing.T) {
	waits := make(chan time.Duration, 1)
	b := newBench(t, Clock{After: func(d time.Duration) <-chan time.Time { waits <- d; return nil }})
	to := listener(t, echo)
	b.hub.Expect([]string{"plant"})
	dialled := make(chan error, 1)
	go func() {
		_, err := b.hub.Dial(t.Context(), []string{"other", "plant"}, to)
		dialled <- err
	}()
	if wait := within(t, waits); wait <= 0 || wait > patience {
		t.Errorf("it waits %v", wait)
	}
	b.agent("plant", to)
	if err := within(t, dialled); err != nil {
		t.Error(err)
	}
	b.hub.Expect([]string{"plant"}) // it is there
	says(t, b.dial("plant", to), "at once")
}
