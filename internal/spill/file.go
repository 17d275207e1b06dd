package spill

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// suffix ends the name of every file; anything else in the directory is left alone.
const suffix = ".tokenset.json"

// path names the file of a connection. Names of connections may differ in case
// alone, and not every file system tells that apart: so the name is a hash.
func path(dir, connection string) string {
	sum := sha256.Sum256([]byte(connection))
	return filepath.Join(dir, hex.EncodeToString(sum[:16])+suffix)
}

// write makes a save durable: whole or not at all, and known to the directory.
func write(dir string, save ledger.TokenSave) error {
	document, err := json.Marshal(save)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(document)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path(dir, save.Set.Connection)); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the directory's entry durable where the system can: Windows
// cannot open a directory for it, and journals its names by itself.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}

func remove(dir, connection string) error {
	err := os.Remove(path(dir, connection))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readAll reads what an earlier process kept. A file that cannot be read stops
// the start: it may be the only copy of a refresh token.
func readAll(dir string) (map[string]ledger.TokenSave, error) {
	kept := make(map[string]ledger.TokenSave)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(dir, err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), suffix) {
			continue
		}
		file := filepath.Join(dir, entry.Name())
		document, err := os.ReadFile(file)
		if err != nil {
			return nil, unreadable(file, err)
		}
		var save ledger.TokenSave
		if err := json.Unmarshal(document, &save); err != nil || path(dir, save.Set.Connection) != file {
			return nil, unreadable(file, errors.New("it is damaged"))
		}
		kept[save.Set.Connection] = save
	}
	return kept, nil
}

func unreadable(file string, err error) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "the kept token set %s cannot be read", file).
		WithHint("it may hold the only copy of a refresh token: put it back from a backup, or move it away to start without it")
}
