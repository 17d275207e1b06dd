package agents

import (
	"errors"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/agent"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// both runs a test on an empty database of each kind.
func both(t *testing.T, test func(t *testing.T, d Desk)) {
	server := pgtest.Start(t)
	for name, config := range map[string]func(t *testing.T) store.Config{
		"SQLite":     func(t *testing.T) store.Config { return store.Config{Path: filepath.Join(t.TempDir(), "valetkey.db")} },
		"PostgreSQL": func(t *testing.T) store.Config { return store.Config{URL: server.URL(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), config(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			test(t, Desk{DB: db})
		})
	}
}

func add(t *testing.T, d Desk, a agent.Agent) {
	t.Helper()
	if err := d.CreateAgent(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func TestAgentsAreKeptAsTheyWereWritten(t *testing.T) {
	both(t, func(t *testing.T, d Desk) {
		at := time.UnixMilli(1_750_000_000_123).UTC()
		plant := agent.Agent{
			Name: "plant", Hash: [32]byte{1, 2, 3}, Prefix: "va_abc", Description: "in Graz",
			Hosts: []string{"sso.contoso.internal", "*.plant.internal"}, Former: []string{}, CreatedAt: at,
		}
		add(t, d, plant)
		add(t, d, agent.Agent{Name: "Aaa", CreatedAt: at})
		if err := d.CreateAgent(t.Context(), plant); !errors.Is(err, ledger.ErrExists) {
			t.Errorf("a second one of the name: %v", err)
		}
		all, err := d.Agents(t.Context())
		if err != nil || len(all) != 2 || all[0].Name != "Aaa" || !reflect.DeepEqual(all[1], plant) {
			t.Fatalf("%+v, %v", all, err)
		}
		if err := d.DeleteAgent(t.Context(), "plant"); err != nil {
			t.Fatal(err)
		}
		if err := d.DeleteAgent(t.Context(), "plant"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("once more: %v", err)
		}
	})
}

func TestP27_TheNewestRunCountsAndAnOlderOneDoesNotComeBack(t *testing.T) {
	both(t, func(t *testing.T, d Desk) {
		add(t, d, agent.Agent{Name: "plant", CreatedAt: time.Now()})
		claim := func(instance string, want bool, wantErr error) {
			t.Helper()
			if taken, err := d.ClaimAgent(t.Context(), "plant", instance); taken != want || !errors.Is(err, wantErr) {
				t.Errorf("%s: %v, %v", instance, taken, err)
			}
		}
		claim("one", true, nil)
		claim("one", false, nil)
		claim("two", true, nil)
		claim("one", false, ledger.ErrStale)
		claim("two", false, nil)
		for i := range 3 * maxFormer {
			claim("run-"+strconv.Itoa(i), true, nil)
		}
		claim("run-90", false, ledger.ErrStale)
		if _, err := d.ClaimAgent(t.Context(), "nobody", "one"); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("an agent that is not there: %v", err)
		}
		all, err := d.Agents(t.Context())
		if err != nil || len(all[0].Former) != maxFormer {
			t.Errorf("%d runs are remembered, %v", len(all[0].Former), err)
		}
	})
}

func TestTunnelsAreThoseOfAllNodesThatSpokeLately(t *testing.T) {
	both(t, func(t *testing.T, d Desk) {
		now := time.UnixMilli(1_750_000_000_000).UTC()
		add(t, d, agent.Agent{Name: "plant", CreatedAt: now})
		a := agent.Tunnel{Agent: "plant", Node: "a/1", Instance: "one", Version: "v1", Address: "192.0.2.1", Allow: []string{"x:1", "y:2"}, ConnectedAt: now, SeenAt: now}
		b := a
		b.Node, b.SeenAt = "b/2", now.Add(time.Minute)
		stray := a
		stray.Agent = "removed meanwhile"
		for _, tunnel := range []agent.Tunnel{a, b, stray, a} {
			if err := d.SaveTunnel(t.Context(), tunnel); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := d.Tunnels(t.Context()); err != nil || !reflect.DeepEqual(all, []agent.Tunnel{a, b}) {
			t.Fatalf("%+v, %v", all, err)
		}
		earlier := a
		earlier.ConnectedAt = now.Add(-time.Second)
		if err := d.DropTunnel(t.Context(), earlier); err != nil {
			t.Fatal(err)
		}
		if all, _ := d.Tunnels(t.Context()); len(all) != 2 {
			t.Error("the end of an earlier tunnel took a later one with it")
		}
		if err := d.PruneTunnels(t.Context(), now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if all, _ := d.Tunnels(t.Context()); len(all) != 1 || all[0].Node != "b/2" {
			t.Errorf("%+v is left", all)
		}
		if err := d.DropTunnel(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if all, _ := d.Tunnels(t.Context()); len(all) != 0 {
			t.Errorf("%+v is left", all)
		}
		if err := d.SaveTunnel(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := d.DeleteAgent(t.Context(), "plant"); err != nil {
			t.Fatal(err)
		}
		if all, _ := d.Tunnels(t.Context()); len(all) != 0 {
			t.Error("an agent that is no more has a tunnel")
		}
	})
}
