//go:build unix

package h1

import "syscall"

// look reads from a socket without waiting.
type look struct {
	socket syscall.RawConn
	try    func(fd uintptr) bool
	quiet  bool
}

func (l *look) at(conn syscall.Conn) {
	socket, err := conn.SyscallConn()
	if err != nil {
		return
	}
	l.socket = socket
	l.try = func(fd uintptr) bool { // made once: one for each look would allocate
		var one [1]byte
		n, err := syscall.Read(int(fd), one[:])
		l.quiet = n < 0 && (err == syscall.EAGAIN || err == syscall.EINTR)
		return true // never wait
	}
}

// isQuiet says whether nothing has come, not even an end. What has come is
// taken: the connection is of no use then.
func (l *look) isQuiet() bool {
	if l.socket == nil {
		return true // not a socket: a failed request will tell
	}
	l.quiet = false
	return l.socket.Read(l.try) == nil && l.quiet
}
