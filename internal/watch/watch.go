package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/manifest"
)

// Every is how often the files are looked at.
const Every = 2 * time.Second

// maxFiles bounds a directory.
const maxFiles = 1000

// Watcher applies files. Path, Apply, Now and Log are required.
type Watcher struct {
	Path  string // a file, or a directory with *.yaml, *.yml and *.json
	Prune bool   // delete what the files do not name
	Env   manifest.Environment
	Apply func(ctx context.Context, m api.Manifest) (api.Plan, error)
	Now   func() time.Time
	Log   *slog.Logger

	mu     sync.Mutex
	status api.ApplyStatus
	seen   [sha256.Size]byte // what was applied or found wrong last
	begun  bool
}

// Run applies the files and then looks at them at each tick, until the context
// ends.
func (w *Watcher) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		w.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// Status says how the last attempt ended.
func (w *Watcher) Status() api.ApplyStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// Look applies the files if they are not as they were when last looked at.
func (w *Watcher) Look(ctx context.Context) {
	files, err := w.read()
	sum := digest(files, err)
	if w.begun && sum == w.seen {
		return
	}
	w.begun, w.seen = true, sum
	var plan api.Plan
	if err == nil {
		plan, err = w.apply(ctx, files)
	}
	if ctx.Err() != nil {
		return
	}
	w.report(plan, err)
	if err != nil && fault.As(err).Code != api.CodeInvalid {
		w.begun = false // not the files are wrong: try again at the next look
	}
}

func (w *Watcher) apply(ctx context.Context, files []manifest.File) (api.Plan, error) {
	wanted, err := manifest.Parse(files, w.Env)
	if err != nil {
		return api.Plan{}, err
	}
	m := wanted.Wire()
	m.Prune = w.Prune
	return w.Apply(ctx, m)
}

// report keeps the outcome and logs it, an error once however often it comes.
func (w *Watcher) report(plan api.Plan, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	if err != nil {
		message := fault.As(err).Message
		if message != w.status.Error {
			w.Log.Error("the files are not applied; everything stays as it was", slog.String("path", w.Path), slog.String("error", message))
		}
		w.status.Error, w.status.FailedAt = message, &now
		return
	}
	changed := 0
	for _, change := range plan.Changes {
		if change.Action != api.ActionUnchanged {
			changed++
		}
	}
	w.status = api.ApplyStatus{Path: w.Path, AppliedAt: &now, Changes: changed, Waiting: len(plan.Todo)}
	w.Log.Info("the files are applied", slog.String("path", w.Path), slog.Int("changes", changed), slog.Int("waiting_for_a_person", len(plan.Todo)))
}

// read reads the file, or those of the directory by name.
func (w *Watcher) read() ([]manifest.File, error) {
	info, err := os.Stat(w.Path)
	if err != nil {
		return nil, unreadable(w.Path, err)
	}
	paths := []string{w.Path}
	if info.IsDir() {
		if paths, err = inside(w.Path); err != nil {
			return nil, err
		}
	}
	files := make([]manifest.File, 0, len(paths))
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, unreadable(path, err)
		}
		files = append(files, manifest.File{Name: path, Data: data})
	}
	return files, nil
}

// inside lists the manifests of a directory. Hidden ones are left out: so are
// what editors keep beside a file, and the directories behind a mounted
// ConfigMap.
func inside(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, unreadable(dir, err)
	}
	var paths []string
	for _, entry := range entries {
		extension := strings.ToLower(filepath.Ext(entry.Name()))
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && slices.Contains([]string{".yaml", ".yml", ".json"}, extension) {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	switch {
	case len(paths) == 0:
		return nil, fault.New(api.CodeInvalid, "the directory %s holds no *.yaml, *.yml or *.json", dir)
	case len(paths) > maxFiles:
		return nil, fault.New(api.CodeInvalid, "the directory %s holds more than %d files", dir, maxFiles)
	}
	return paths, nil
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(api.CodeInvalid, "%s is not there", path)
	}
	return fault.Wrap(err, api.CodeInvalid, "%s cannot be read", path)
}

// digest tells one state of the files from another.
func digest(files []manifest.File, err error) (sum [sha256.Size]byte) {
	h := sha256.New()
	if err != nil {
		h.Write([]byte(err.Error()))
	}
	for _, file := range files {
		each := sha256.Sum256(file.Data)
		h.Write([]byte(file.Name + "\x00"))
		h.Write(each[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
