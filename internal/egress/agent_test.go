package egress

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// leads is agents that dial from here, and remember for what.
type leads struct {
	hosts map[string][]string
	err   error

	mu    sync.Mutex
	dials []string
}

func (l *leads) Through(host string) []string { return l.hosts[host] }

func (l *leads) Dial(ctx context.Context, agents []string, address string) (net.Conn, error) {
	l.mu.Lock()
	l.dials = append(l.dials, strings.Join(agents, "+")+" "+address)
	l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

func TestAnAPIInAPrivateNetworkIsReachedThroughItsAgentAlone(t *testing.T) {
	for name, version := range map[string]int{"HTTP/1.1": 1, "HTTP/2": 2} {
		t.Run(name, func(t *testing.T) {
			server, port, ca := private(t)
			if version == 1 {
				server = httptest.NewServer(server.Config.Handler)
				t.Cleanup(server.Close)
				_, port, _ = net.SplitHostPort(server.Listener.Addr().String())
				ca = ""
			}
			agents := &leads{}
			e := New(Config{Agents: agents})
			t.Cleanup(e.CloseIdleConnections)
			for range 3 {
				body, err := through(t, e, Trust{CA: ca, Agents: "plant spare"}, server.URL)
				if err != nil || !strings.HasPrefix(body, name) {
					t.Fatalf("%q, %v", body, err)
				}
			}
			if len(agents.dials) != 1 || agents.dials[0] != "plant+spare 127.0.0.1:"+port {
				t.Errorf("it was dialled %q", agents.dials)
			}
			if _, err := through(t, e, Trust{CA: ca}, server.URL); !fault.Is(err, api.CodeNeedsConfiguration) {
				t.Errorf("without the agent: %v", err)
			}
			if _, err := through(t, e, Trust{CA: ca, Agents: "other"}, server.URL); err != nil || len(agents.dials) != 2 {
				t.Errorf("another agent's pool is not its own: %q, %v", agents.dials, err)
			}
		})
	}
}

func TestAHostThatAnAgentLeadsToIsReachedSoByEveryRequest(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	nowhere, _ := url.Parse("http://127.0.0.1:1")
	agents := &leads{hosts: map[string][]string{"127.0.0.1": {"plant"}}}
	for name, config := range map[string]Config{
		"directly":             {Agents: agents},
		"and through no proxy": {Agents: agents, Proxy: http.ProxyURL(nowhere)},
	} {
		agents.dials = nil
		e := New(config)
		response, err := e.Client(time.Minute).Get(server.URL)
		if err != nil || len(agents.dials) != 1 {
			t.Fatalf("%s: %q, %v", name, agents.dials, err)
		}
		response.Body.Close()
		e.CloseIdleConnections()
	}
	e := New(Config{Agents: agents, Proxy: http.ProxyURL(nowhere)})
	if _, err := get(t, e, "http://10.0.0.1/"); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("an address that no agent leads to: %v", err)
	}
}

func TestWhatAnAgentSaysIsToldAsItIs(t *testing.T) {
	absent := fault.New(api.CodeUnavailable, "the agent plant is not connected").WithHint("start it")
	e := New(Config{Agents: &leads{err: absent}})
	_, err := through(t, e, Trust{Agents: "plant"}, "https://erp.contoso.internal/")
	if !fault.Is(err, api.CodeUnavailable) || fault.As(err).Hint != "start it" {
		t.Errorf("got %v", err)
	}
}

func TestWhoeverNamesAnAgentIsNotReachedDirectly(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	if _, err := through(t, New(Config{AllowLoopback: true}), Trust{Agents: "plant"}, server.URL); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
}

func TestADialIsUnderTheSameGuard(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	if _, err := New(Config{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String()); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
	conn, err := New(Config{AllowLoopback: true}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
