package outage_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	_ "github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/outage"
)

// disk is the system's file system, where writes fail as they are told to.
type disk struct {
	vfs.VFS
	fails atomic.Pointer[error]
}

// OpenFilename implements [vfs.VFSFilename].
func (d *disk) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, opened, err := d.VFS.(vfs.VFSFilename).OpenFilename(name, flags)
	if err != nil {
		return nil, opened, err
	}
	return &openFile{file, d}, opened, nil
}

type openFile struct {
	vfs.File
	disk *disk
}

// WriteAt implements [vfs.File].
func (f *openFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.disk.fails.Load(); err != nil {
		return 0, *err
	}
	return f.File.WriteAt(p, off)
}

// onDisk opens a database with one table on a disk of its own.
func onDisk(t *testing.T) (*sql.DB, *disk) {
	t.Helper()
	d := &disk{VFS: vfs.Find("")}
	name := strings.ToLower(t.Name())
	vfs.Register(name, d)
	t.Cleanup(func() { vfs.Unregister(name) })
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(filepath.Join(t.TempDir(), "x.db"))+"?vfs="+name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Exec(`CREATE TABLE t (k TEXT PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	return db, d
}

func TestK10_AFullDiskIsToldFromOneThatFails(t *testing.T) {
	db, d := onDisk(t)
	for name, test := range map[string]struct {
		fails error
		says  string
	}{
		"SQLite says it":     {sqlite3.FULL, "no room left"},
		"the disk is broken": {&fs.PathError{Op: "write", Path: "x.db", Err: syscall.EIO}, "the disk failed"},
	} {
		t.Run(name, func(t *testing.T) {
			d.fails.Store(&test.fails)
			_, err := db.ExecContext(t.Context(), `INSERT INTO t VALUES ('a')`)
			d.fails.Store(nil)
			told := outage.SQLite{Path: "valetkey.db"}.Judge(t.Context(), err)
			if !fault.Is(told, api.CodeUnavailable) || !strings.Contains(told.Error(), test.says) || fault.As(told).Hint == "" {
				t.Fatalf("%v is told as %v", err, told)
			}
			var rows int
			if err := db.QueryRow(`SELECT count(*) FROM t`).Scan(&rows); err != nil || rows != 0 {
				t.Fatalf("%d rows of what failed, %v", rows, err)
			}
		})
	}
}

func TestWhatALedgerAsksOfADatabaseIsToldInItsWords(t *testing.T) {
	db, _ := onDisk(t)
	judge := func(query string) error {
		_, err := db.ExecContext(t.Context(), query)
		return outage.SQLite{Path: "valetkey.db"}.Judge(t.Context(), err)
	}
	if err := judge(`INSERT INTO t VALUES ('a')`); err != nil {
		t.Fatal(err)
	}
	if err := judge(`INSERT INTO t VALUES ('a')`); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("a key that is there: %v", err)
	}
	if err := judge(`SELECT * FROM nowhere`); err == nil || fault.Is(err, api.CodeUnavailable) || !strings.HasPrefix(err.Error(), "database: ") {
		t.Errorf("a defect of ours: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (outage.SQLite{}).Judge(ended, sqlite3.INTERRUPT); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: %v", err)
	}
	own := errors.New("own")
	if err := (outage.SQLite{}).Judge(ended, own); !errors.Is(err, own) {
		t.Errorf("what is no error of the database: %v", err)
	}
}
