package pgtest

import (
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// nobody is the user of a process that needs no rights, on every Linux.
const nobody = 65534

// unprivileged starts a process as another user when root starts it, and ends
// it with the test's own, however that ends.
func unprivileged() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() == 0 {
		uid, gid := servant()
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return attr
}

// giveAway makes a file or directory the servant's.
func giveAway(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	uid, gid := servant()
	return os.Chown(path, int(uid), int(gid))
}

// servant is who runs the server for root: the system's postgres, or nobody.
func servant() (uid, gid uint32) {
	account, err := user.Lookup("postgres")
	if err != nil {
		return nobody, nobody
	}
	id, errUID := strconv.ParseUint(account.Uid, 10, 32)
	group, errGID := strconv.ParseUint(account.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		return nobody, nobody
	}
	return uint32(id), uint32(group)
}
