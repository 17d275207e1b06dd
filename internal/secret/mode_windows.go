package secret

import "io/fs"

// checkMode has nothing to look at: Windows keeps access in lists that the
// data directory's own protection sets.
func checkMode(fs.FileInfo) error { return nil }
