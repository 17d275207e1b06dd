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

func export(t *testing.T, data string) exported {
	t.Helper()
	r := run(t, nil, "export", "-o", "json", "--data", data)
	if r.code != 0 {
		t.Fatalf("export: %d %s", r.code, r.stderr)
	}
	var found exported
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestApplyThatIsKilledLeavesTheOldStateOrTheNew(t *testing.T) {
	const connections, kills = 100, 50
	dir, data := t.TempDir(), t.TempDir()
	files := []string{teams(t, dir, "north", connections), teams(t, dir, "south", connections)}
	binary(t) // building it is no part of what is measured
	began := time.Now()
	if r := run(t, nil, "apply", "-f", files[0], "--data", data); r.code != 0 {
		t.Fatalf("apply: %d %s", r.code, r.stderr)
	}
	whole := time.Since(began)
	outcomes := map[string]int{}
	before := "north"
	for i := range kills {
		next := files[0]
		if before == "north" {
			next = files[1]
		}
		cmd := exec.Command(binary(t), "apply", "-f", next, "--data", data)
		cmd.Env = cleanEnviron()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(rand.Int64N(int64(whole) * 5 / 4)))
		_ = cmd.Process.Kill() // it may be done
		_ = cmd.Wait()
		after := export(t, data)
		team := after.Clients["app"].ClientID
		if len(after.Connections) != connections {
			t.Fatalf("kill %d: %d connections are there", i, len(after.Connections))
		}
		for name, c := range after.Connections {
			if c.Tags["team"] != team {
				t.Fatalf("kill %d: the client is of %s, and %s of %s", i, team, name, c.Tags["team"])
			}
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

func TestAMistakeInTheMiddleOfApplyUndoesAllOfIt(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	if r := run(t, nil, "apply", "-f", teams(t, dir, "north", 10), "--data", data); r.code != 0 {
		t.Fatalf("apply: %d %s", r.code, r.stderr)
	}
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
		r := run(t, nil, "apply", "-f", path, "--data", data, mode)
		if r.code == 0 || !strings.Contains(r.stderr, "the connection c0005: ") || !strings.Contains(r.stderr, "nothing was changed") {
			t.Errorf("%s: %d %s", mode, r.code, r.stderr)
		}
		if after := export(t, data); after.Clients["app"].ClientID != "north" || after.Connections["c0001"].Tags["team"] != "north" {
			t.Errorf("%s: it left %+v", mode, after)
		}
	}
}

func TestServeAppliesFilesAtTheStartAndWhenTheyChange(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	path := teams(t, dir, "north", 3)
	startServe(t, data, "--apply", path)
	team := func() string { return export(t, data).Clients["app"].ClientID }
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
