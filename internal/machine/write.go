package machine

import (
	"os"
	"path/filepath"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// MayWrite says why a file may not be written; nil when it may.
func (p Permissions) MayWrite(path string) error {
	if !filepath.IsAbs(path) {
		return fault.New(api.CodeInvalid, "the path %q is not absolute", path).WithHint("write it from the root, such as /var/lib/reports/token.json")
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	allowed := err == nil && within(filepath.Join(dir, filepath.Base(path)), resolved(p.WriteDirs))
	if p.All && err == nil || allowed {
		return nil
	}
	return fault.Wrap(err, api.CodeForbidden, "the file %s may not be written by settings", path).
		WithHint("make the directory and start the server with --token-files %s, or set VALETKEY_TOKEN_FILES", filepath.Dir(path))
}

// WriteFile replaces a file with contents that only its owner may read. A
// reader sees the old file or the new one, never a part.
func (p Permissions) WriteFile(path string, contents []byte) error {
	if err := p.MayWrite(path); err != nil {
		return err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return unwritable(path, err)
	}
	// CreateTemp makes it with mode 0600.
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return unwritable(path, err)
	}
	defer os.Remove(file.Name()) // gone already when all went well
	_, err = file.Write(contents)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(dir, filepath.Base(path)))
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

func unwritable(path string, err error) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "the file %s cannot be written", path).
		WithHint("check that the server's user may write in %s, and that the disk is not full", filepath.Dir(path))
}
