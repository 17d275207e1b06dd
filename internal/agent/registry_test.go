package agent

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/tunnel"
)

func TestATokenIsShownOnceAndKeptByItsHash(t *testing.T) {
	n := newNode(t, newMemory(), "a/1", func(c *Config) { c.Rand = bytes.NewReader(make([]byte, tokenBytes)) })
	made, err := n.registry.Add(t.Context(), api.AgentSpec{Name: "plant", Hosts: api.StringList{"SSO.contoso.internal"}})
	if err != nil || string(made.Token) != "va_"+strings.Repeat("A", 43) || made.Prefix != "va_AAAAAA" || made.State != api.AgentOffline {
		t.Fatalf("%+v, %v", made, err)
	}
	if kept := n.store.agents["plant"]; strings.Contains(string(kept.Hash[:]), "AAA") || kept.Hosts[0] != "sso.contoso.internal" {
		t.Errorf("kept as %+v", kept)
	}
	if _, err := n.registry.Add(t.Context(), api.AgentSpec{Name: "more"}); err == nil {
		t.Error("without randomness there is a token")
	}
}

func TestWhatCannotBeAnAgentIsRefused(t *testing.T) {
	n := newNode(t, newMemory(), "a/1", nil)
	for _, spec := range []api.AgentSpec{
		{}, {Name: "Plant"}, {Name: "tunnel"}, {Name: strings.Repeat("a", 200)}, {Name: "a", Description: strings.Repeat("a", 501)},
		{Name: "a", Hosts: api.StringList{"https://x"}}, {Name: "a", Hosts: api.StringList{"x:443"}}, {Name: "a", Hosts: api.StringList{"*"}}, {Name: "a", Hosts: api.StringList{""}},
	} {
		_, err := n.registry.Add(t.Context(), spec)
		wants(t, err, api.CodeInvalid)
	}
	n.add(api.AgentSpec{Name: "plant"})
	_, err := n.registry.Add(t.Context(), api.AgentSpec{Name: "plant"})
	wants(t, err, api.CodeConflict, "valetkey agent remove plant")
	wants(t, n.registry.Remove(t.Context(), "nobody"), api.CodeNotFound, "valetkey agent list")
	n.store.fails = errors.New("the disk is full")
	if _, err := n.registry.Add(t.Context(), api.AgentSpec{Name: "other"}); !errors.Is(err, n.store.fails) {
		t.Errorf("got %v", err)
	}
	if _, err := n.registry.List(t.Context()); !errors.Is(err, n.store.fails) {
		t.Errorf("got %v", err)
	}
	if err := n.registry.Reload(t.Context()); !errors.Is(err, n.store.fails) {
		t.Errorf("got %v", err)
	}
	if err := n.registry.Remove(t.Context(), "plant"); !errors.Is(err, n.store.fails) {
		t.Errorf("got %v", err)
	}
}

func TestAHostIsLedToByTheAgentsThatNameIt(t *testing.T) {
	n := newNode(t, newMemory(), "a/1", nil)
	n.add(api.AgentSpec{Name: "two", Hosts: api.StringList{"*.plant.internal", "sso.contoso.internal"}})
	n.add(api.AgentSpec{Name: "one", Hosts: api.StringList{"sso.contoso.internal"}})
	for host, want := range map[string][]string{
		"SSO.contoso.internal": {"one", "two"}, "a.plant.internal": {"two"}, "plant.internal": nil, "aplant.internal": nil, "x.sso.contoso.internal": nil, "": nil,
	} {
		if got := n.registry.Through(host); !slices.Equal(got, want) {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func TestAConnectedAgentIsListedOnEveryNodeAndNotedOnce(t *testing.T) {
	store := newMemory()
	a, b := newNode(t, store, "a/1", nil), newNode(t, store, "b/2", nil)
	token := a.add(api.AgentSpec{Name: "plant"})
	a.run(token, "run-1", "erp.contoso.internal:443")
	a.connected()
	for node, here := range map[*node]bool{a: true, b: false} {
		all, err := node.registry.List(t.Context())
		if err != nil || len(all) != 1 || all[0].State != api.AgentOnline || len(all[0].Tunnels) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		got := all[0].Tunnels[0]
		if got.Here != here || got.Node != "a/1" || got.Version != "v1.4.1" || got.Address != "127.0.0.1" || !slices.Equal(got.Allow, []string{"erp.contoso.internal:443"}) {
			t.Errorf("%+v", got)
		}
	}
	if e := within(t, a.noted); e.Action != "agent.connect" || e.Subject != "plant" || e.Detail["address"] != "127.0.0.1" {
		t.Errorf("noted as %+v", e)
	}
	wants(t, b.registry.Absent(t.Context(), []string{"plant"}), api.CodeNeedsConfiguration, "no agent named") // b has not heard of it yet
	if err := b.registry.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, b.registry.Absent(t.Context(), []string{"plant"}), api.CodeUnavailable, "connected to the node a/1, not to this one, b/2", "--url NODE1 --url NODE2")
	b.now = b.now.Add(forgotten + time.Second)
	wants(t, b.registry.Absent(t.Context(), []string{"plant"}), api.CodeUnavailable, "is not connected", "valetkey agent run --url")
	a.now = b.now
	if err := a.registry.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, store.wrote)
	if all, _ := b.registry.List(t.Context()); all[0].State != api.AgentOnline {
		t.Error("a tunnel that stands is forgotten")
	}
}

func TestAnEndIsWrittenDown(t *testing.T) {
	n := newNode(t, newMemory(), "a/1", nil)
	done := n.run(n.add(api.AgentSpec{Name: "plant"}), "run-1")
	n.connected()
	if err := n.registry.Remove(t.Context(), "plant"); err != nil {
		t.Fatal(err)
	}
	wants(t, within(t, done), api.CodeUnauthenticated, "was removed")
	within(t, n.store.wrote)
	if all, _ := n.store.Tunnels(t.Context()); len(all) != 0 {
		t.Errorf("%+v is left", all)
	}
}

func TestP27_AProcessThatWasReplacedIsRefusedOnEveryNode(t *testing.T) {
	store := newMemory()
	a := newNode(t, store, "a/1", nil)
	token := a.add(api.AgentSpec{Name: "plant"})
	b := newNode(t, store, "b/2", nil)
	old := a.run(token, "run-1")
	a.connected()
	newer := b.run(token, "run-2")
	b.connected()
	if err := a.registry.Reload(t.Context()); err != nil { // a hears of it
		t.Fatal(err)
	}
	wants(t, within(t, old), api.CodeConflict, "another process now runs as the agent plant")
	wants(t, within(t, a.run(token, "run-1")), api.CodeConflict, "has taken over as the agent plant", "valetkey agent add NAME")
	select {
	case err := <-newer:
		t.Errorf("the newest ended: %v", err)
	default:
	}
}

func TestARemovedAgentsTunnelsEndOnEveryNode(t *testing.T) {
	store := newMemory()
	a := newNode(t, store, "a/1", nil)
	token := a.add(api.AgentSpec{Name: "plant"})
	b := newNode(t, store, "b/2", nil)
	done := b.run(token, "run-1")
	b.connected()
	if err := a.registry.Remove(t.Context(), "plant"); err != nil {
		t.Fatal(err)
	}
	wants(t, within(t, b.run(token, "run-1")), api.CodeUnauthenticated, "was removed") // b has not heard of it
	if err := b.registry.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, within(t, done), api.CodeUnauthenticated)
	wants(t, within(t, b.run(token, "run-1")), api.CodeUnauthenticated, "valetkey agent add NAME")
}

func TestP28_AnAgentTooFarApartIsToldWhichVersionToInstall(t *testing.T) {
	for _, c := range []struct {
		speaks tunnel.Protocol
		works  bool
	}{
		{tunnel.Protocol{Major: 1, Minor: 0}, true}, {tunnel.Protocol{Major: 1, Minor: 1}, true},
		{tunnel.Protocol{Major: 1, Minor: 2}, false}, {tunnel.Protocol{Major: 2, Minor: 0}, false},
	} {
		n := newNode(t, newMemory(), "a/1", func(config *Config) { config.Speaks = c.speaks })
		done := n.run(n.add(api.AgentSpec{Name: "plant"}), "run-1")
		if c.works {
			n.connected()
			continue
		}
		wants(t, within(t, done), api.CodeConflict, "install valetkey v1.4.0 on the agent's machine", "v1.4.1", c.speaks.String())
	}
}

func TestAServerThatComesBackWaitsForItsAgents(t *testing.T) {
	store := newMemory()
	a := newNode(t, store, "a/1", nil)
	a.add(api.AgentSpec{Name: "plant"})
	a.add(api.AgentSpec{Name: "never"})
	_, _ = store.ClaimAgent(t.Context(), "plant", "run-1")
	_ = store.SaveTunnel(t.Context(), Tunnel{Agent: "plant", Node: "gone/1", SeenAt: a.now.Add(-time.Second)})
	waits := make(chan time.Duration, 1)
	b := newNode(t, store, "b/2", func(c *Config) {
		c.Hub.Clock.After = func(d time.Duration) <-chan time.Time {
			waits <- d
			over := make(chan time.Time)
			close(over)
			return over
		}
	})
	if err := b.registry.Open(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if all, _ := store.Tunnels(t.Context()); len(all) != 0 {
		t.Errorf("%+v is of a process that is no more", all)
	}
	_, err := b.registry.Hub.Dial(t.Context(), []string{"plant"}, "erp.contoso.internal:443")
	wants(t, err, api.CodeUnavailable, "the agent plant is not connected")
	if wait := within(t, waits); wait <= 0 {
		t.Errorf("it waited %v", wait)
	}
	_, err = b.registry.Hub.Dial(t.Context(), []string{"never"}, "erp.contoso.internal:443")
	wants(t, err, api.CodeUnavailable, "the agent never is not connected")
	if len(waits) != 0 {
		t.Error("it waited for an agent that nobody ever started")
	}
}
