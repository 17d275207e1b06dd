package agent

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/tunnel"
)

const late = 60 * time.Second

// memory is a store; the SQL one keeps to the same rules in its own tests.
type memory struct {
	mu      sync.Mutex
	agents  map[string]Agent
	tunnels map[[2]string]Tunnel
	fails   error
	wrote   chan struct{}
}

func newMemory() *memory {
	return &memory{agents: map[string]Agent{}, tunnels: map[[2]string]Tunnel{}, wrote: make(chan struct{}, 64)}
}

func (m *memory) do(change func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil {
		return m.fails
	}
	return change()
}

func (m *memory) CreateAgent(_ context.Context, a Agent) error {
	return m.do(func() error {
		if _, there := m.agents[a.Name]; there {
			return ledger.ErrExists
		}
		m.agents[a.Name] = a
		return nil
	})
}

func (m *memory) Agents(context.Context) (all []Agent, err error) {
	err = m.do(func() error {
		for _, a := range m.agents {
			all = append(all, a)
		}
		slices.SortFunc(all, func(a, b Agent) int { return strings.Compare(a.Name, b.Name) })
		return nil
	})
	return all, err
}

func (m *memory) DeleteAgent(_ context.Context, name string) error {
	return m.do(func() error {
		if _, there := m.agents[name]; !there {
			return ledger.ErrNotFound
		}
		delete(m.agents, name)
		return nil
	})
}

func (m *memory) ClaimAgent(_ context.Context, name, instance string) (taken bool, err error) {
	err = m.do(func() error {
		a, there := m.agents[name]
		switch {
		case !there:
			return ledger.ErrNotFound
		case slices.Contains(a.Former, instance):
			return ledger.ErrStale
		case a.Instance != instance:
			a.Former, a.Instance, taken = append(a.Former, a.Instance), instance, true
			m.agents[name] = a
		}
		return nil
	})
	return taken, err
}

func (m *memory) SaveTunnel(_ context.Context, t Tunnel) error {
	defer func() { m.wrote <- struct{}{} }()
	return m.do(func() error { m.tunnels[[2]string{t.Agent, t.Node}] = t; return nil })
}

func (m *memory) DropTunnel(_ context.Context, t Tunnel) error {
	defer func() { m.wrote <- struct{}{} }()
	return m.do(func() error { delete(m.tunnels, [2]string{t.Agent, t.Node}); return nil })
}

func (m *memory) Tunnels(context.Context) (all []Tunnel, err error) {
	err = m.do(func() error {
		for _, t := range m.tunnels {
			all = append(all, t)
		}
		return nil
	})
	return all, err
}

func (m *memory) PruneTunnels(_ context.Context, since time.Time) error {
	return m.do(func() error {
		for key, t := range m.tunnels {
			if t.SeenAt.Before(since) {
				delete(m.tunnels, key)
			}
		}
		return nil
	})
}

// node is a server's process with its registry.
type node struct {
	t        *testing.T
	store    *memory
	registry *Registry
	url      string
	noted    chan api.AuditEntry
	now      time.Time
}

func newNode(t *testing.T, store *memory, name string, change func(*Config)) *node {
	t.Helper()
	n := &node{t: t, store: store, noted: make(chan api.AuditEntry, 16), now: time.Now()}
	config := Config{Store: store, Hub: &tunnel.Hub{}, Node: name, Version: "v1.4.0", Note: func(e api.AuditEntry) { n.noted <- e }, Now: func() time.Time { return n.now }}
	if change != nil {
		change(&config)
	}
	var err error
	if n.registry, err = New(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := n.registry.Connect(w, r); err != nil {
			shown := fault.As(err)
			w.WriteHeader(fault.Status(shown.Code))
			_ = json.NewEncoder(w).Encode(api.Problem{Code: shown.Code, Detail: shown.Message, Hint: shown.Hint})
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { n.registry.Close(context.Background()) })
	n.url = server.URL
	return n
}

func (n *node) add(spec api.AgentSpec) string {
	n.t.Helper()
	made, err := n.registry.Add(n.t.Context(), spec)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(made.Token)
}

// run runs an agent until the test ends; what comes back is how it ended.
func (n *node) run(token, instance string, allow ...string) chan error {
	n.t.Helper()
	list, err := tunnel.ParseAllow(allow)
	if err != nil {
		n.t.Fatal(err)
	}
	transport := &http.Transport{}
	a := tunnel.Agent{
		URL: n.url, Token: token, Allow: list, Version: "v1.4.1", Way: transport, Instance: instance,
		Dial: new(net.Dialer).DialContext, Log: slog.New(slog.DiscardHandler),
	}
	done := make(chan error, 1)
	go func() { done <- a.Run(n.t.Context()) }()
	return done
}

// connected waits until the tunnel of an agent is written down.
func (n *node) connected() {
	n.t.Helper()
	within(n.t, n.store.wrote)
	for end := time.Now().Add(late); len(n.registry.Hub.Online()) == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatal("no tunnel stands")
		}
	}
}

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
