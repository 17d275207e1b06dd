package tunnel

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// late is for what comes at once unless something is broken.
const late = 60 * time.Second

// bench is a server that takes tunnels of anybody, with its hub.
type bench struct {
	t      *testing.T
	hub    *Hub
	url    string
	came   chan Hello // each agent that has a tunnel
	ended  chan error // why each tunnel ended
	refuse func(Hello) error

	mu    sync.Mutex
	conns []*Conn
}

func newBench(t *testing.T, clock Clock) *bench {
	t.Helper()
	b := &bench{t: t, came: make(chan Hello, 16), ended: make(chan error, 16)}
	b.hub = &Hub{Clock: clock, Absent: func(_ context.Context, agents []string) error {
		return fault.New(api.CodeUnavailable, "absent: %s", strings.Join(agents, " "))
	}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	t.Cleanup(b.hub.Close)
	b.url = server.URL
	return b
}

// ServeHTTP takes a tunnel. The token is the agent's name.
func (b *bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hello, err := ReadHello(r.Header)
	if err == nil {
		err = CheckUpgrade(r)
	}
	if err == nil && b.refuse != nil {
		err = b.refuse(hello)
	}
	if err != nil {
		shown := fault.As(err)
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(fault.Status(shown.Code))
		_, _ = io.WriteString(w, `{"code":"`+string(shown.Code)+`","detail":"`+shown.Message+`","hint":"`+shown.Hint+`"}`)
		return
	}
	name := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	conn, err := Accept(w, r, name, "node-1")
	if err != nil {
		b.t.Error(err)
		return
	}
	b.mu.Lock()
	b.conns = append(b.conns, conn)
	b.mu.Unlock()
	b.came <- hello
	b.ended <- b.hub.Serve(name, hello, conn)
}

// cut breaks the network under the latest tunnel.
func (b *bench) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.conns[len(b.conns)-1].Close()
}

// agent runs one until the test ends, and waits for its tunnel. What comes back
// gives how it ended.
func (b *bench) agent(name string, allow ...string) chan error {
	b.t.Helper()
	done := b.start(Agent{URL: b.url, Token: name}, allow...)
	b.arrival(name)
	return done
}

func (b *bench) start(a Agent, allow ...string) chan error {
	b.t.Helper()
	list, err := ParseAllow(allow)
	if err != nil {
		b.t.Fatal(err)
	}
	transport := &http.Transport{}
	a.Allow, a.Version, a.Way, a.Log = list, "v1.2.3", transport, slog.New(slog.DiscardHandler)
	if a.Dial == nil {
		a.Dial = new(net.Dialer).DialContext
	}
	if a.After == nil {
		a.After = func(time.Duration) <-chan time.Time { return time.After(10 * time.Millisecond) }
	}
	ctx, stop := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	b.t.Cleanup(func() { stop(); transport.CloseIdleConnections() })
	return done
}

// arrival waits until the hub has a tunnel of the agent.
func (b *bench) arrival(name string) Hello {
	b.t.Helper()
	hello := within(b.t, b.came)
	for deadline := time.Now().Add(late); ; {
		for _, p := range b.hub.Online() {
			if p.Agent == name && p.Hello.Instance == hello.Instance {
				return hello
			}
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the agent %s has no tunnel", name)
		}
		time.Sleep(time.Millisecond)
	}
}

// within receives, or fails the test.
func within[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(late):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// listener is a host in the private network, which serves each connection.
func listener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

func (b *bench) dial(agents, to string) net.Conn {
	b.t.Helper()
	conn, err := b.hub.Dial(b.t.Context(), strings.Fields(agents), to)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	return conn
}

// says sends a text and expects it back.
func says(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	go func() { _, _ = io.WriteString(conn, text) }()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("got %q, %v", got, err)
	}
}

func wants(t *testing.T, err error, code api.Code, words ...string) {
	t.Helper()
	var shown *fault.Error
	if !errors.As(err, &shown) || shown.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, word := range words {
		if !strings.Contains(shown.Message+" "+shown.Hint, word) {
			t.Errorf("%q / %q lacks %q", shown.Message, shown.Hint, word)
		}
	}
}
