//go:build unix

package e2e

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// pair is two servers on one PostgreSQL with connections that have a grant.
type pair struct {
	postgres *pgtest.Server
	nodes    [2]*server
	clients  [2]*client.Client
	names    []string
	env      []string
}

func newPair(t *testing.T, provider *soakProvider, rotation string, names ...string) *pair {
	t.Helper()
	p := &pair{postgres: pgtest.Start(t), names: names}
	database := p.postgres.URL(t)
	first, second := t.TempDir(), t.TempDir()
	p.nodes[0] = startServe(t, first, "--database", database, "--sweep", "off")
	shareKeyring(t, first, second)
	p.nodes[1] = startServe(t, second, "--database", database, "--sweep", "off")
	p.env = []string{"VALETKEY_DATA=" + first}
	provider.describe(t, p.env, rotation, names...)
	key := callersKey(t, p.env)
	for _, name := range names {
		provider.bring(t, p.env, name)
	}
	for i := range p.clients {
		knows(t, p.nodes[i], key)
		p.clients[i] = sdk(t, p.nodes[i].url, key)
	}
	return p
}

// soakRestarts is how often the database is restarted.
func soakRestarts(t *testing.T) int { return max(3, min(50, soakRounds(t)/20)) }

// TestK07_ADatabaseThatRestartsUnderLoadCostsNoGrant stops and kills PostgreSQL
// under two servers whose tokens end every few seconds.
func TestK07_ADatabaseThatRestartsUnderLoadCostsNoGrant(t *testing.T) {
	provider := newSoakProvider(t, 3, false)
	p := newPair(t, provider, "", "c0", "c1", "c2", "c3")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var reads, turnedAway atomic.Int64
	var callers sync.WaitGroup
	for i := range 16 {
		callers.Go(func() {
			for ctx.Err() == nil {
				_, err := p.clients[i%2].Token(ctx, p.names[i%len(p.names)], 0)
				var refused *api.Problem
				switch {
				case err == nil:
					reads.Add(1)
				case ctx.Err() != nil:
				case errors.As(err, &refused) && (refused.Code == api.CodeUnavailable || refused.Code == api.CodeUnreachable):
					turnedAway.Add(1)
				default:
					t.Errorf("a caller got: %v", err)
				}
				pause(ctx, 20*time.Millisecond)
			}
		})
	}
	restarts := soakRestarts(t)
	for i := range restarts {
		pause(ctx, time.Duration(500+rand.IntN(1500))*time.Millisecond)
		if i%2 == 0 {
			p.postgres.Kill()
		} else {
			p.postgres.Stop()
		}
		pause(ctx, time.Duration(rand.IntN(1500))*time.Millisecond)
		p.postgres.Restart(t)
	}
	stop()
	callers.Wait()
	renewed := provider.renewed()
	for _, name := range p.names {
		eventually(t, "a renewal of "+name, func() bool {
			_, err := p.clients[1].Refresh(t.Context(), name)
			return err == nil
		})
	}
	if _, reused, refused := provider.tally(""); reused != 0 || refused != 0 {
		t.Fatalf("%d refresh tokens were sent twice, %d requests refused", reused, refused)
	}
	t.Logf("%d restarts, %d renewals, %d token reads, %d turned away while the database was away", restarts, renewed, reads.Load(), turnedAway.Load())
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !yes() {
		select {
		case <-deadline:
			t.Fatalf("it did not come about: %s", what)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// TestT02_ClocksThatJumpTenMinutesCostNoGrant has two nodes in this process
// whose clocks jump, each on its own, in the middle of renewals.
func TestT02_ClocksThatJumpTenMinutesCostNoGrant(t *testing.T) {
	provider := newSoakProvider(t, 3600, false)
	database := pgtest.Start(t).URL(t)
	dirs := [2]string{t.TempDir(), t.TempDir()}
	env := []string{"VALETKEY_DATA=" + dirs[0], "VALETKEY_DATABASE=" + database}
	provider.describe(t, env, "", "mail")
	provider.bring(t, env, "mail")
	var offsets [2]atomic.Int64
	var clients [2]*client.Client
	for i := range clients {
		if i > 0 {
			shareKeyring(t, dirs[0], dirs[i])
		}
		node, err := app.Open(t.Context(), app.Config{
			DataDir: dirs[i], Database: database, PublicURL: "http://127.0.0.1:8539", AllowPrivate: "127.0.0.0/8", Sweep: "off",
			Now: func() time.Time { return time.Now().Add(time.Duration(offsets[i].Load())) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = node.Close(context.Background()) })
		clients[i] = client.NewForHandler(node.OperatorHandler())
	}
	jump := func() {
		for i := range offsets {
			offsets[i].Store(int64(rand.IntN(3)-1) * int64(10*time.Minute))
		}
	}
	provider.during(func(phase string) {
		if phase != phaseAnswered { // the other node finds the lease held by then
			jump()
			pause(t.Context(), time.Duration(rand.IntN(20))*time.Millisecond)
		}
	})
	rounds := soakRounds(t)
	for range rounds {
		jump()
		var both sync.WaitGroup
		for _, c := range clients {
			both.Go(func() {
				if _, err := c.Refresh(t.Context(), "mail"); err != nil {
					t.Errorf("a renewal: %v", err)
				}
				if _, err := c.Token(t.Context(), "mail", 0); err != nil {
					t.Errorf("a read: %v", err)
				}
			})
		}
		both.Wait()
		if t.Failed() {
			return
		}
	}
	refreshes, reused, refused := provider.tally("mail")
	if reused != 0 || refused != 0 {
		t.Fatalf("%d refresh tokens were sent twice, %d requests refused", reused, refused)
	}
	if refreshes < rounds || refreshes > 4*rounds {
		t.Errorf("%d renewals in %d rounds of two", refreshes, rounds)
	}
	t.Logf("%d rounds on two nodes whose clocks jumped: %d renewals, no refresh token sent twice", rounds, refreshes)
}

// TestR03_AServerThatStoodStillOverwritesNothing stops a server in the middle
// of renewals until its leases are over and another has renewed, then lets it
// go on. A lease lives two minutes, so this runs under soak.sh only;
// package broker has the short form.
func TestR03_AServerThatStoodStillOverwritesNothing(t *testing.T) {
	if soakTime(t) < time.Minute {
		t.Skip("a lease lives two minutes; soak.sh runs this")
	}
	names := []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"}
	provider := newSoakProvider(t, 3600, true)
	p := newPair(t, provider, ", grace: 10m", names...)
	var rotated, late sync.WaitGroup
	rotated.Add(len(names))
	answer := make(chan struct{})
	release := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(release)
	provider.during(func(phase string) {
		if phase == phaseRotated {
			rotated.Done()
			<-answer
		}
	})
	for _, name := range names {
		late.Go(func() { _, _ = p.clients[0].Refresh(t.Context(), name) })
	}
	rotated.Wait()
	stopped := p.nodes[0].cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stopped.Signal(syscall.SIGCONT) })
	provider.during(nil)
	began := time.Now()
	var taken sync.WaitGroup
	for _, name := range names {
		taken.Go(func() {
			if _, err := p.clients[1].Refresh(t.Context(), name); err != nil {
				t.Errorf("taking over %s: %v", name, err)
			}
		})
	}
	taken.Wait()
	waited := time.Since(began)
	release()
	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	late.Wait()
	for _, name := range names {
		for i, c := range p.clients {
			if _, err := c.Refresh(t.Context(), name); err != nil {
				t.Errorf("%s on node %d, after all: %v", name, i, err)
			}
		}
	}
	if _, reused, refused := provider.tally(""); reused != 0 || refused != 0 {
		t.Fatalf("%d refresh tokens were sent twice, %d requests refused", reused, refused)
	}
	t.Logf("%d leases were taken over after %v; what the stopped server brought late changed nothing", len(names), waited.Round(time.Second))
}
