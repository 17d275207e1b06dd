//go:build !windows

package secret

import (
	"errors"
	"io/fs"
)

// checkMode refuses a keyring that others may read.
func checkMode(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("mode " + info.Mode().Perm().String())
	}
	return nil
}
