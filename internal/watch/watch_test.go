package watch_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/manifest"
	"github.com/valetkey/valetkey/internal/watch"
)

// rig is a watcher of a directory, what it applied and what it logged.
type rig struct {
	watch.Watcher
	applied []api.Manifest
	fails   error
	log     bytes.Buffer
}

func newRig(t *testing.T) *rig {
	r := &rig{}
	r.Path = t.TempDir()
	r.Env = manifest.Environment{Getenv: func(string) string { return "" }, ReadFile: os.ReadFile}
	r.Now = func() time.Time { return time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC) }
	r.Log = slog.New(slog.NewTextHandler(&r.log, nil))
	r.Apply = func(_ context.Context, m api.Manifest) (api.Plan, error) {
		r.applied = append(r.applied, m)
		return api.Plan{Changes: []api.Change{{Action: api.ActionCreate}, {Action: api.ActionUnchanged}}}, r.fails
	}
	return r
}

func (r *rig) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.Path, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const one = "clients: {a: {provider: p, client_id: i}}\n"

func TestFilesAreAppliedAtTheStartAndAtEachChange(t *testing.T) {
	r := newRig(t)
	r.write(t, "a.yaml", one)
	r.write(t, ".a.yaml.swp", "not: [yaml")
	r.write(t, "notes.txt", "not: [yaml")
	r.Look(t.Context())
	r.Look(t.Context())
	if len(r.applied) != 1 || r.applied[0].Clients["a"].ClientID != "i" || r.applied[0].Prune {
		t.Fatalf("applied %+v", r.applied)
	}
	r.write(t, "b.json", `{"clients": {"b": {"provider": "p", "client_id": "j"}}}`)
	r.Look(t.Context())
	if len(r.applied) != 2 || len(r.applied[1].Clients) != 2 {
		t.Fatalf("applied %+v", r.applied)
	}
	if s := r.Status(); s.AppliedAt == nil || s.Changes != 1 || s.Error != "" {
		t.Errorf("status %+v", s)
	}
}

func TestMistakesAreToldOnceWithFileAndLineAndChangeNothing(t *testing.T) {
	r := newRig(t)
	r.write(t, "a.yaml", one)
	r.Look(t.Context())
	r.write(t, "a.yaml", one+"conections: {}\n")
	for range 3 {
		r.Look(t.Context())
	}
	s := r.Status()
	if len(r.applied) != 1 || s.AppliedAt == nil || !strings.Contains(s.Error, "a.yaml:2:1") || s.FailedAt == nil {
		t.Errorf("applied %d times; status %+v", len(r.applied), s)
	}
	if n := strings.Count(r.log.String(), "not applied"); n != 1 || !strings.Contains(r.log.String(), "did you mean connections?") {
		t.Errorf("told %d times:\n%s", n, r.log.String())
	}
	r.write(t, "a.yaml", one)
	r.Look(t.Context())
	if s := r.Status(); s.Error != "" || len(r.applied) != 2 {
		t.Errorf("status %+v", s)
	}
}

func TestWhatFailsForAnotherReasonThanTheFilesIsTriedAgain(t *testing.T) {
	r := newRig(t)
	r.write(t, "a.yaml", one)
	r.fails = fault.New(api.CodeUnavailable, "the database is away")
	r.Look(t.Context())
	r.Look(t.Context())
	r.fails = nil
	r.Look(t.Context())
	r.Look(t.Context())
	if len(r.applied) != 3 || r.Status().Error != "" {
		t.Errorf("applied %d times; status %+v", len(r.applied), r.Status())
	}
}

func TestOnlyPruneDeletes(t *testing.T) {
	r := newRig(t)
	r.Prune = true
	r.write(t, "a.yaml", one)
	r.Look(t.Context())
	if !r.applied[0].Prune {
		t.Error("it does not prune")
	}
}

func TestFilesThatAreGoneOrEmptyDeleteNothing(t *testing.T) {
	r := newRig(t)
	r.Prune = true
	r.Look(t.Context())
	r.Path = filepath.Join(r.Path, "gone")
	r.Look(t.Context())
	if len(r.applied) != 0 || !strings.Contains(r.Status().Error, "is not there") {
		t.Errorf("applied %+v, %+v", r.applied, r.Status())
	}
}

func TestACommandIsNeverRunByTheServer(t *testing.T) {
	r := newRig(t)
	r.write(t, "a.yaml", "clients: {a: {provider: p, client_id: i, client_secret: {command: [cat, x]}}}")
	r.Look(t.Context())
	if len(r.applied) != 0 || !strings.Contains(r.Status().Error, "valetkey apply only") {
		t.Errorf("%+v", r.Status())
	}
}

func TestItLooksAtEachTickUntilTheEnd(t *testing.T) {
	r := newRig(t)
	r.write(t, "a.yaml", one)
	ctx, stop := context.WithCancel(t.Context())
	ticks, done := make(chan time.Time), make(chan struct{})
	go func() { r.Run(ctx, ticks); close(done) }()
	ticks <- time.Time{} // taken once the first look is over
	stop()
	<-done
	if len(r.applied) != 1 {
		t.Errorf("applied %d times", len(r.applied))
	}
}
