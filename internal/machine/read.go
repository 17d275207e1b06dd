package machine

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// maxContents bounds what is read of a file or a command, in bytes.
const maxContents = 1 << 20

// Permissions is what the operator of this server allows settings to use. The
// zero value allows nothing.
type Permissions struct {
	// All allows everything: for a command that its user runs on their own data.
	All       bool
	ReadDirs  []string // files under these may be read
	WriteDirs []string // files under these may be written
	Commands  []string // absolute paths of programs that may be run
}

// ReadFile reads a file whole, without the white space around it. The error is
// a fault: [api.CodeForbidden] where it is not allowed.
func (p Permissions) ReadFile(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil || !filepath.IsAbs(path) {
		if !p.All && !within(path, p.ReadDirs) {
			return "", forbiddenRead(path) // whether it exists is not told
		}
		return "", unreadable(path, err)
	}
	if !p.All && !within(real, resolved(p.ReadDirs)) {
		return "", forbiddenRead(path)
	}
	file, err := os.Open(real)
	if err != nil {
		return "", unreadable(path, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxContents+1))
	if err != nil || len(text) > maxContents {
		return "", unreadable(path, err)
	}
	return strings.TrimSpace(string(text)), nil
}

func unreadable(path string, err error) error {
	why := "it is larger than 1 MiB"
	switch {
	case !filepath.IsAbs(path):
		why = "the path is not absolute"
	case errors.Is(err, fs.ErrNotExist):
		why = "it is not there"
	case errors.Is(err, fs.ErrPermission):
		why = "the server may not open it"
	case err != nil:
		why = "it cannot be opened"
	}
	return fault.Wrap(err, api.CodeNeedsConfiguration, "the file %s cannot be read: %s", path, why).
		WithHint("give the absolute path of a file that the server's user can read")
}

func forbiddenRead(path string) error {
	return fault.New(api.CodeForbidden, "the file %s may not be read by settings", path).
		WithHint("start the server with --allow-read %s, or set VALETKEY_ALLOW_READ", filepath.Dir(path))
}

// within tells whether a path lies under one of the directories.
func within(path string, dirs []string) bool {
	path = filepath.Clean(path)
	for _, dir := range dirs {
		rest, err := filepath.Rel(filepath.Clean(dir), path)
		if err == nil && rest != "." && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// resolved follows the links of directories; one that is not there allows nothing.
func resolved(dirs []string) []string {
	var real []string
	for _, dir := range dirs {
		if at, err := filepath.EvalSymlinks(dir); err == nil {
			real = append(real, at)
		}
	}
	return real
}
