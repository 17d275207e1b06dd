package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// The soaks run in a short form with every test run, and as long as soak.sh
// says with these variables.

// soakTime is how long a soak under load runs.
func soakTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("VALETKEY_SOAK_TIME")
	if text == "" {
		return 6 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// soakRounds is how often a soak kills.
func soakRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("VALETKEY_SOAK_ROUNDS")
	if text == "" {
		return 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// describe applies a provider, a client and connections to a data directory,
// through the command line.
func (p *soakProvider) describe(t testing.TB, env []string, rotation string, connections ...string) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, `providers:
  soak:
    token_endpoint: %[1]s/token
    authorization_endpoint: %[1]s/authorize
    token_endpoint_auth_method: none
    refresh: {rotation: single_use%[2]s}
    api: {base_url: "%[1]s/api", test: {path: /me}}
clients:
  soak: {provider: soak, client_id: soak}
connections:
`, p.URL, rotation)
	for _, name := range connections {
		fmt.Fprintf(&text, "  %s: {client: soak}\n", name)
	}
	file := filepath.Join(t.TempDir(), "soak.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, env, "apply", "-f", file)
}

// bring gives a connection a new grant's refresh token.
func (p *soakProvider) bring(t *testing.T, env []string, connection string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token.json")
	text := fmt.Sprintf(`{"access_token":"old","refresh_token":%q,"expires_in":1}`, p.grant(connection))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, env, "import", "token", file, "--name", connection)
}

func mustRun(t testing.TB, env []string, args ...string) string {
	t.Helper()
	got := run(t, env, args...)
	if got.code != 0 {
		t.Fatalf("valetkey %s: exit code %d\n%s", strings.Join(args, " "), got.code, got.stderr)
	}
	return got.stdout
}

// callersKey makes a key for callers over the network.
func callersKey(t testing.TB, env []string) string {
	t.Helper()
	var made api.NewKey
	if err := json.Unmarshal([]byte(mustRun(t, env, "key", "create", "soak", "--role", "operator", "-o", "json")), &made); err != nil {
		t.Fatal(err)
	}
	return string(made.Secret)
}

// knows returns once a node has heard of a key that another one made.
func knows(t testing.TB, node *server, key string) {
	t.Helper()
	c, deadline := sdk(t, node.url, key), time.After(patience)
	for {
		_, err := c.Connections.Get(t.Context(), "nobody")
		var refused *api.Problem
		if errors.As(err, &refused) && refused.Code == api.CodeNotFound {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("the key is not known on %s: %v", node.url, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func sdk(t testing.TB, url, key string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{URL: url, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestR02_K11_ThreeNodesAndManyCallersRefreshOncePerExpiry is the cluster's
// soak: callers on every node, a provider that rotates and detects reuse.
func TestR02_K11_ThreeNodesAndManyCallersRefreshOncePerExpiry(t *testing.T) {
	const lifetime = 3 // seconds
	provider := newSoakProvider(t, lifetime, false)
	database := pgtest.Start(t).URL(t)
	dirs := [3]string{t.TempDir(), t.TempDir(), t.TempDir()}
	var nodes [3]*server
	nodes[0] = startServe(t, dirs[0], "--database", database)
	for i := 1; i < 3; i++ {
		shareKeyring(t, dirs[0], dirs[i])
		nodes[i] = startServe(t, dirs[i], "--database", database)
	}
	env := []string{"VALETKEY_DATA=" + dirs[0]}
	names := []string{"c0", "c1", "c2", "c3", "c4"}
	provider.describe(t, env, "", names...)
	key := callersKey(t, env)
	for _, name := range names {
		provider.bring(t, env, name)
	}

	for _, node := range nodes {
		knows(t, node, key)
	}
	ctx, stop := context.WithTimeout(t.Context(), soakTime(t))
	defer stop()
	var reads, failures atomic.Int64
	var callers sync.WaitGroup
	for i := range 200 {
		c, name := sdk(t, nodes[i%3].url, key), names[i%len(names)]
		callers.Go(func() {
			for ctx.Err() == nil {
				if _, err := c.Token(ctx, name, 0); err == nil {
					reads.Add(1)
				} else if ctx.Err() == nil {
					failures.Add(1)
					t.Errorf("a caller of %s got: %v", name, err)
				}
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
	}
	callers.Wait()
	admin := sdk(t, nodes[1].url, key)
	for _, name := range names {
		refreshes, reused, refused := provider.tally(name)
		if reused != 0 || refused != 0 {
			t.Fatalf("%d refresh tokens were sent twice, %d requests refused", reused, refused)
		}
		c, err := admin.Connections.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		// The first generation was brought along, every other was one refresh.
		if got := int(c.Generation) - 1; refreshes != got && refreshes != got+1 {
			t.Errorf("%s: %d refreshes for %d new generations", name, refreshes, got)
		}
		// Renewed between a tenth of the lifetime ahead of its end, spread by half of that, and its end.
		if most := int(soakTime(t)/(lifetime*time.Second*8/10)) + 2; refreshes > most {
			t.Errorf("%s: %d refreshes, at most %d tokens can have expired", name, refreshes, most)
		}
	}
	t.Logf("%d token reads by 200 callers on 3 nodes, %d failures", reads.Load(), failures.Load())
}

func shareKeyring(t *testing.T, from, to string) {
	t.Helper()
	keyring, err := os.ReadFile(filepath.Join(from, "keyring.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(to, "keyring.json"), keyring, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestK11_KilledAtAnyMomentNoGrantIsLost kills the server at chosen and at
// random moments of a refresh, and looks what the next one finds.
func TestK11_KilledAtAnyMomentNoGrantIsLost(t *testing.T) {
	for _, grace := range []bool{true, false} {
		t.Run(fmt.Sprintf("grace %v", grace), func(t *testing.T) { killSoak(t, grace) })
	}
}

// moments are when the server is killed; a delay after the phase spreads the
// kills over what the server does with the answer.
var moments = []struct {
	phase  string
	delays []time.Duration
}{
	{"", []time.Duration{5 * time.Millisecond, 10 * time.Millisecond, 15 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond}}, // around the time the request leaves
	{phaseDialled, []time.Duration{0}},
	{phaseAsked, []time.Duration{0}},
	{phaseRotated, []time.Duration{0}},
	{phaseAnswered, []time.Duration{0, 200 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond}},
}

// steps of a renewal at which a kill may find it.
const (
	stepUnsent   = "before the request left"
	stepAsked    = "the provider has the request"
	stepRotated  = "the provider has rotated"
	stepAnswered = "the answer is sent, nothing is saved"
	stepSaved    = "the new token is saved"
)

// kills is what a soak of kills found, by step.
type kills struct{ hit, lost map[string]int }

func killSoak(t *testing.T, grace bool) {
	provider := newSoakProvider(t, 3600, grace)
	dir := t.TempDir()
	env := []string{"VALETKEY_DATA=" + dir}
	rotation := ""
	if grace {
		rotation = ", grace: 10m"
	}
	provider.describe(t, env, rotation, "mail")
	provider.bring(t, env, "mail")
	found := kills{map[string]int{}, map[string]int{}}
	for round := range soakRounds(t) {
		moment := moments[round%len(moments)]
		found.round(t, provider, dir, moment.phase, moment.delays[round/len(moments)%len(moment.delays)])
	}
	t.Logf("kills by step %v; grants lost in the documented window %v", found.hit, found.lost)
	if rounds := soakRounds(t); rounds >= 1000 {
		for _, step := range []string{stepUnsent, stepAsked, stepRotated, stepAnswered, stepSaved} {
			if found.hit[step] < 50 {
				t.Errorf("of %d kills %d were made when %s; want at least 50", rounds, found.hit[step], step)
			}
		}
	}
}

// round kills one server and looks what the next one finds.
func (k kills) round(t *testing.T, provider *soakProvider, dir, phase string, delay time.Duration) {
	env := []string{"VALETKEY_DATA=" + dir}
	generation, asked := generationOf(t, mustRun(t, env, "show", "mail", "-o", "json")), provider.asked()
	before, _, _ := provider.tally("mail")
	s := startServe(t, dir, "--sweep", "off")
	killed := provider.killAt(s, phase, delay)
	refresh := make(chan struct{})
	go func() {
		defer close(refresh)
		_ = run(t, env, "refresh", "mail")
	}()
	<-killed
	<-refresh
	provider.during(nil)
	provider.settle()
	step := stepAnswered
	switch {
	case provider.asked() == asked:
		step = stepUnsent
	case phase == phaseAsked:
		step = stepAsked
	case phase == phaseRotated:
		step = stepRotated
	}
	again := startServe(t, dir, "--sweep", "off")
	defer again.kill()
	got := run(t, env, "refresh", "mail", "-o", "json")
	rotated, _, _ := provider.tally("mail")
	switch {
	case got.code == 0:
		if step == stepAnswered && generationOf(t, got.stdout) == generation+2 {
			step = stepSaved
		}
	case provider.grace || rotated == before:
		t.Fatalf("killed when %s: the grant is lost: exit code %d\n%s", step, got.code, got.stderr)
	case !strings.Contains(got.stderr, "was lost while the token was renewed"):
		t.Fatalf("killed when %s: exit code %d, and it does not say that an answer was lost:\n%s", step, got.code, got.stderr)
	default:
		// The one window that is documented: the provider rotated, and who
		// asked is dead. The state says so.
		k.lost[step]++
		provider.bring(t, env, "mail")
	}
	k.hit[step]++
}

func generationOf(t *testing.T, text string) int64 {
	t.Helper()
	var c api.Connection
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return c.Generation
}

// killAt kills the server once the provider reaches a phase, or at once.
func (p *soakProvider) killAt(s *server, phase string, delay time.Duration) <-chan struct{} {
	killed := make(chan struct{})
	kill := sync.OnceFunc(func() {
		if delay > 0 {
			<-time.After(delay)
		}
		s.kill()
		close(killed)
	})
	p.during(func(reached string) {
		if reached != phase {
			return
		}
		if phase == phaseAnswered {
			go kill() // the answer must leave
			return
		}
		kill()
	})
	switch phase {
	case "":
		go kill()
	case phaseDialled:
		p.dialled.Store(&kill)
	}
	return killed
}
