package outage

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"

	"github.com/ncruces/go-sqlite3"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// SQLite is the file whose errors are told.
type SQLite struct{ Path string }

// Judge gives an error of the database its meaning: the context's own error
// when the caller gave up, the broker's for a constraint, a fault that names
// the file and the remedy when the machine fails us.
func (s SQLite) Judge(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var code sqlite3.ExtendedErrorCode
	if !errors.As(err, &code) {
		return err
	}
	if errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, sqlite3.BUSY) {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return ctxErr
		}
	}
	switch code {
	case sqlite3.CONSTRAINT_PRIMARYKEY, sqlite3.CONSTRAINT_UNIQUE:
		return ledger.ErrExists
	case sqlite3.CONSTRAINT_FOREIGNKEY:
		return ledger.ErrNotFound
	}
	if machine := machineFault(s.Path, err); machine != nil {
		return machine
	}
	return fmt.Errorf("database: %w", err)
}

// noRoom reports whether the disk is full. SQLite says so itself only where the
// file system's driver passes it on; elsewhere it sees a write that failed, and
// the disk is asked.
func noRoom(path string, err error) bool {
	if errors.Is(err, sqlite3.FULL) || errors.Is(err, syscall.ENOSPC) {
		return true
	}
	left, known := room(filepath.Dir(path))
	return known && left < aLittle && errors.Is(err, sqlite3.IOERR)
}

// aLittle is less than a transaction writes to a journal, in bytes.
const aLittle = 64 << 10

// machineFault explains what file, disk or another program did to the
// database. It returns nil for an error that is a defect of ours.
func machineFault(path string, err error) error {
	switch {
	case noRoom(path, err):
		return fault.Wrap(err, api.CodeUnavailable, "there is no room left for the database %s", path).
			WithHint("free some room on the disk that holds it; nothing that was saved is lost")
	case errors.Is(err, sqlite3.BUSY), errors.Is(err, sqlite3.LOCKED):
		return fault.Wrap(err, api.CodeUnavailable, "another program keeps the database %s locked", path).
			WithHint("end the program that holds it (fuser %s names it), then try again", path)
	case errors.Is(err, sqlite3.NOTADB):
		return fault.Wrap(err, api.CodeNeedsConfiguration, "the file %s is not a Valetkey database", path).
			WithHint("move it away, or point --data at another directory; it was not changed")
	case errors.Is(err, sqlite3.CORRUPT):
		return fault.Wrap(err, api.CodeNeedsConfiguration, "the database %s is damaged", path).
			WithHint("stop the server and put the file back from your backup, without the files %s-wal and %s-shm", path, path)
	case errors.Is(err, sqlite3.READONLY), errors.Is(err, sqlite3.PERM), errors.Is(err, sqlite3.AUTH):
		return fault.Wrap(err, api.CodeNeedsConfiguration, "the database %s cannot be written", path).
			WithHint("make the file and its directory writable for the user that runs Valetkey: chmod u+rw %s", path)
	case errors.Is(err, sqlite3.CANTOPEN):
		return fault.Wrap(err, api.CodeNeedsConfiguration, "the database %s cannot be opened", path).
			WithHint("make sure that its directory exists and belongs to the user that runs Valetkey")
	case errors.Is(err, sqlite3.IOERR):
		return fault.Wrap(err, api.CodeUnavailable, "the disk failed to read or write the database %s", path).
			WithHint("check the disk and its mount; the system's log says more")
	}
	return nil
}
