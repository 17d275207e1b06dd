package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3/driver"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
)

// putClient is the shortest write.
func putClient(t *testing.T, db *store.DB, name string) {
	t.Helper()
	if err := db.PutClient(t.Context(), ledger.Client{Name: name, Provider: "contoso"}); err != nil {
		t.Fatalf("put client %s: %v", name, err)
	}
}

// clientNames lists what [putClient] wrote.
func clientNames(t *testing.T, db *store.DB) string {
	t.Helper()
	clients, err := db.Clients(t.Context(), ledger.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range clients {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// raw opens the file as another program would.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := driver.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func rawExec(t *testing.T, path, statements string) {
	t.Helper()
	db := raw(t, path)
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, dir string) (path string)
		says    string
	}{
		{"a file that is no database", func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "notes.txt")
			write(t, path, bytes.Repeat([]byte("dear diary, "), 500))
			return path
		}, "is not a Valetkey database"},
		{"another program's database", func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "other.db")
			rawExec(t, path, `CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('dear diary')`)
			return path
		}, "is the database of another program"},
		{"a newer version's database", func(t *testing.T, dir string) string {
			path := filepath.Join(dir, "newer.db")
			if err := openAt(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			rawExec(t, path, `INSERT INTO schema_migrations (version_id, is_applied) VALUES (99, 1)`)
			return path
		}, "written by a newer Valetkey (its version is 99"},
		{"a path below a file", func(t *testing.T, dir string) string {
			write(t, filepath.Join(dir, "file"), nil)
			return filepath.Join(dir, "file", "valetkey.db")
		}, "cannot open the database"},
		{"a directory that does not exist", func(_ *testing.T, dir string) string {
			return filepath.Join(dir, "nowhere", "valetkey.db")
		}, "cannot open the database"},
		{"a directory", func(_ *testing.T, dir string) string { return dir }, "cannot open the database"},
		{"a directory that may not be written", func(t *testing.T, dir string) string {
			skipRoot(t)
			if err := os.Chmod(dir, 0o500); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(dir, 0o700) })
			return filepath.Join(dir, "valetkey.db")
		}, "cannot open the database"},
		{"a file that may not be written", func(t *testing.T, dir string) string {
			skipRoot(t)
			path := filepath.Join(dir, "valetkey.db")
			if err := openAt(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0o400); err != nil {
				t.Fatal(err)
			}
			return path
		}, "cannot open the database"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := tt.prepare(t, t.TempDir())
			before, _ := os.ReadFile(path)
			_, err := store.Open(t.Context(), store.Config{Path: path})
			wantFault(t, err, api.CodeNeedsConfiguration, path, tt.says)
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// wantFault checks that an error says what, where and what to do.
func wantFault(t *testing.T, err error, code api.Code, path, says string) {
	t.Helper()
	var found *fault.Error
	if !errors.As(err, &found) {
		t.Fatalf("error is %v, want a fault", err)
	}
	if found.Code != code || !strings.Contains(found.Message, says) || !strings.Contains(found.Message, path) || found.Hint == "" {
		t.Fatalf("fault is %s: %s (hint: %s), want %s, %q, the path and a hint", found.Code, found.Message, found.Hint, code, says)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func skipRoot(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("file permissions do not bind this user; the path below a file stands in for them")
	}
}

func TestDatabaseFilesAreTheOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps access in lists that the directory sets")
	}
	for _, tt := range []struct {
		name    string
		prepare func(t *testing.T, path string)
	}{
		{"new", func(*testing.T, string) {}},
		{"opened to others before", func(t *testing.T, path string) {
			write(t, path, nil)
			if err := os.Chmod(path, 0o666); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := newPath(t)
			tt.prepare(t, path)
			putClient(t, openAt(t, path), "app")
			for _, name := range []string{path, path + "-wal", path + "-shm"} {
				info, err := os.Stat(name)
				if err != nil {
					t.Fatal(err)
				}
				if info.Mode().Perm() != 0o600 {
					t.Errorf("%s has mode %s", filepath.Base(name), info.Mode())
				}
			}
		})
	}
}

func TestPathMayHoldAnyCharacter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v k#1%20&mode=ro zoë.db")
	if runtime.GOOS != "windows" {
		path += "?x"
	}
	putClient(t, openAt(t, path), "app")
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Fatalf("the database is not at its path: %v", err)
	}
}

func TestOpenWithoutPendingMigrationsIsSilent(t *testing.T) {
	path := newPath(t)
	var log bytes.Buffer
	for _, want := range []int{1, 0} {
		log.Reset()
		db, err := store.Open(t.Context(), store.Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(log.String(), "\n"); got != want {
			t.Fatalf("%d lines in the log, want %d:\n%s", got, want, log.String())
		}
	}
}

func TestOpenGivesUpWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := newPath(t)
	if _, err := store.Open(ctx, store.Config{Path: path}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want %v", err, context.Canceled)
	}
	putClient(t, openAt(t, path), "app")
}

func TestManyMayOpenANewFileAtOnce(t *testing.T) {
	path := newPath(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			db, err := store.Open(t.Context(), store.Config{Path: path, Conns: 1})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	all.Wait()
	putClient(t, openAt(t, path), "app")
}

func TestTwoHandlesShareOneFile(t *testing.T) {
	path := newPath(t)
	one, two := openAt(t, path), openAt(t, path)
	putClient(t, one, "from-one")
	putClient(t, two, "from-two")
	for _, db := range []*store.DB{one, two} {
		if got := clientNames(t, db); got != "from-one from-two" {
			t.Fatalf("clients are %q", got)
		}
	}
}

func TestWriterWaitsForAnotherProcess(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	other, err := raw(t, path).BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		t.Fatal(err)
	}
	// While the other holds the lock, a caller that will not wait gets its own error.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := db.DeleteFlows(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error is %v, want %v", err, context.DeadlineExceeded)
	}
	if got := clientNames(t, db); got != "" {
		t.Fatalf("a reader saw %q", got)
	}
	done := make(chan error)
	go func() {
		done <- db.PutClient(context.WithoutCancel(t.Context()), ledger.Client{Name: "app", Provider: "contoso"})
	}()
	if err := other.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("the writer did not wait: %v", err)
	}
}

func TestCopyOfARunningDatabaseOpens(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	for _, name := range []string{"a", "b", "c"} {
		putClient(t, db, name)
	}
	file, wal := readFile(t, path), readFile(t, path+"-wal")

	for _, tt := range []struct {
		name string
		wal  []byte
		want []string // one of these
	}{
		{"with its log, as after a crash", wal, []string{"a b c"}},
		{"with a log cut in its last commit", wal[:len(wal)-100], []string{"a b"}},
		{"with a log whose end is torn", append(bytes.Clone(wal[:len(wal)-8]), "torn out"...), []string{"a b"}},
		{"without its log", nil, []string{"", "a", "a b", "a b c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			copied := newPath(t)
			write(t, copied, file)
			if tt.wal != nil {
				write(t, copied+"-wal", tt.wal)
			}
			again := openAt(t, copied)
			got := clientNames(t, again)
			for _, want := range tt.want {
				if got == want {
					putClient(t, again, "next")
					return
				}
			}
			t.Fatalf("clients are %q, want one of %q", got, tt.want)
		})
	}
}

func TestClosedDatabaseLeavesOneFile(t *testing.T) {
	path := newPath(t)
	db := openAt(t, path)
	putClient(t, db, "app")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the log is left behind: %v", err)
	}
	if err := db.PutClient(t.Context(), ledger.Client{Name: "late"}); err == nil {
		t.Fatal("a closed database was written")
	}
}
