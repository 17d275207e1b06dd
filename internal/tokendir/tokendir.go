package tokendir

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Dirs is where token files may be. The zero value allows none.
type Dirs struct {
	Any     bool     // anywhere: a user works on their own data, without a server
	Allowed []string // under these directories
}

// MayWrite says why a file may not be written; nil when it may.
func (d Dirs) MayWrite(path string) error {
	_, err := d.place(path)
	return err
}

// place is where a file really lies.
func (d Dirs) place(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fault.New(api.CodeInvalid, "the path %q of a token file is not absolute", path).
			WithHint("write it from the root, such as /var/lib/reports/token.json")
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err == nil && (d.Any || d.within(dir)) {
		return filepath.Join(dir, filepath.Base(path)), nil
	}
	return "", fault.Wrap(err, api.CodeForbidden, "the token file %s is under no directory for such files", path).
		WithHint("make the directory, and start the server with --token-files %s or VALETKEY_TOKEN_FILES", filepath.Dir(path))
}

// within tells whether a directory, its links followed, is allowed or lies in one.
func (d Dirs) within(dir string) bool {
	for _, allowed := range d.Allowed {
		root, err := filepath.EvalSymlinks(allowed)
		if err != nil {
			continue
		}
		rest, err := filepath.Rel(root, dir)
		if err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// Write replaces a file with contents that only its owner may read. Whoever
// reads it meanwhile sees the old file or the new one, never a part.
func (d Dirs) Write(path string, contents []byte) error {
	place, err := d.place(path)
	if err != nil {
		return err
	}
	if err := replace(place, contents); err != nil {
		return fault.Wrap(err, api.CodeNeedsConfiguration, "the token file %s cannot be written", path).
			WithHint("check that the server's user may write in %s, and that the disk is not full", filepath.Dir(path))
	}
	return nil
}

func replace(path string, contents []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // its mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // gone already when all went well
	_, err = file.Write(contents)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
