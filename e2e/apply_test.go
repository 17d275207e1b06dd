package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// teams is a manifest of n connections that all carry the tag team.
func teams(t *testing.T, dir, team string, n int) string {
	t.Helper()
	var out bytes.Buffer
	out.WriteString("providers: {contoso: {authorization_endpoint: https://login.contoso.example/" + team + ", token_endpoint: https://login.contoso.example/token}}\n")
	out.WriteString("clients: {app: {provider: contoso, client_id: " + team + "}}\nconnections:\n")
	for i := range n {
		fmt.Fprintf(&out, "  c%04d: {client: app, tags: {team: %s}}\n", i, team)
	}
	path := filepath.Join(dir, team+".yaml")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// exported is what valetkey export says, as far as the tests look at it.
type exported struct {
	Clients map[string]struct {
		ClientID string `json:"client_id"`
	} `json:"clients"`
	Connections map[string]struct {
		Tags map[string]string `json:"tags"`
	} `json:"connections"`
}

func export(t *testing.T, env ...string) exported {
	t.Helper()
	var found exported
	if err := json.Unmarshal([]byte(mustRun(t, env, "export", "-o", "json")), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// onBothDatabases runs a test on SQLite and on PostgreSQL; env says where.
func onBothDatabases(t *testing.T, test func(t *testing.T, env []string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, []string{"VALETKEY_DATA=" + t.TempDir()}) })
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, []string{"VALETKEY_DATA=" + t.TempDir(), "VALETKEY_DATABASE=" + pgtest.Start(t).URL(t)})
	})
}

func TestApplyThatIsKilledLeavesTheOldStateOrTheNew(t *testing.T) {
	binary(t) // building it is no part of what is measured
	onBothDatabases(t, killedWhileApplying)
}

func killedWhileApplying(t *testing.T, env []string) {
	const connections, kills = 100, 30
	dir := t.TempDir()
	files := map[string]string{"south": teams(t, dir, "north", connections), "north": teams(t, dir, "south", connections)}
	began := time.Now()
	mustRun(t, env, "apply", "-f", files["south"])
	whole := time.Since(began)
	outcomes := map[string]int{}
	before := "north"
	for i := range kills {
		cmd := exec.Command(binary(t), "apply", "-f", files[before])
		cmd.Env = append(cleanEnviron(), env...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(rand.Int64N(int64(whole) * 5 / 4)))
		_ = cmd.Process.Kill() // it may be done
		_ = cmd.Wait()
		after := export(t, env...)
		team := after.Clients["app"].ClientID
		if err := after.whole(team, connections); err != nil {
			t.Fatalf("kill %d: %v", i, err)
		}
		if team == before {
			outcomes["old"]++
		} else {
			outcomes["new"]++
		}
		before = team
	}
	t.Logf("old state %d times, new state %d times", outcomes["old"], outcomes["new"])
}

// whole says what of a state is not of a team.
func (e exported) whole(team string, connections int) error {
	if len(e.Connections) != connections {
		return fmt.Errorf("%d connections are there", len(e.Connections))
	}
	for name, c := range e.Connections {
		if c.Tags["team"] != team {
			return fmt.Errorf("the client is of %s, and %s of %s", team, name, c.Tags["team"])
		}
	}
	return nil
}

func TestAMistakeInTheMiddleOfApplyUndoesAllOfIt(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, env []string) {
		dir := t.TempDir()
		mustRun(t, env, "apply", "-f", teams(t, dir, "north", 10))
		path := teams(t, dir, "south", 10)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		wrong := bytes.Replace(text, []byte("c0005: {client: app,"), []byte("c0005: {client: app, grant: telepathy,"), 1)
		if err := os.WriteFile(path, wrong, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []string{"--dry-run", "--prune=false"} {
			r := run(t, env, "apply", "-f", path, mode)
			if r.code == 0 || !strings.Contains(r.stderr, "the connection c0005: ") || !strings.Contains(r.stderr, "nothing was changed") {
				t.Errorf("%s: %d %s", mode, r.code, r.stderr)
			}
			if err := export(t, env...).whole("north", 10); err != nil {
				t.Errorf("%s: it left %v", mode, err)
			}
		}
	})
}

func TestTwoNodesMayApplyTheSameFiles(t *testing.T) {
	const connections = 50
	path, database := teams(t, t.TempDir(), "north", connections), pgtest.Start(t).URL(t)
	dirs := [2]string{t.TempDir(), t.TempDir()}
	var nodes [2]*server
	nodes[0] = startServe(t, dirs[0], "--database", database, "--apply", path, "--apply-prune")
	shareKeyring(t, dirs[0], dirs[1])
	nodes[1] = startServe(t, dirs[1], "--database", database, "--apply", path, "--apply-prune")
	env := []string{"VALETKEY_DATA=" + dirs[0]}
	team := func() string { return export(t, env...).Clients["app"].ClientID }
	for _, want := range []string{"north", "south", "east"} {
		text, err := os.ReadFile(teams(t, t.TempDir(), want, connections))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		await(t, want, func() bool { return team() == want })
		if err := export(t, env...).whole(want, connections); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
	for i, dir := range dirs { // either node says that nothing is left to do
		r := run(t, []string{"VALETKEY_DATA=" + dir}, "apply", "-f", path, "--diff", "--prune")
		if r.code != 0 {
			t.Errorf("node %d differs: %d %s%s", i, r.code, r.stdout, r.stderr)
		}
		if log := nodes[i].log.String(); strings.Contains(log, "level=ERROR") {
			t.Errorf("node %d says %s", i, log)
		}
	}
}

func TestServeAppliesFilesAtTheStartAndWhenTheyChange(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	path := teams(t, dir, "north", 3)
	startServe(t, data, "--apply", path)
	team := func() string { return export(t, "VALETKEY_DATA="+data).Clients["app"].ClientID }
	await(t, "the first state", func() bool { return team() == "north" })
	south, err := os.ReadFile(teams(t, t.TempDir(), "south", 3))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, south, 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "the second state", func() bool { return team() == "south" })
}

// await asks until the answer is yes.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("no sign of %s within %v", what, patience)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
