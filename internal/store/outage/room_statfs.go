//go:build linux || darwin

package outage

import "syscall"

// room is how many bytes this user may still write in a directory.
func room(dir string) (left uint64, known bool) {
	var disk syscall.Statfs_t
	if syscall.Statfs(dir, &disk) != nil {
		return 0, false
	}
	return disk.Bavail * uint64(disk.Bsize), true
}
