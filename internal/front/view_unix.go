//go:build unix

package front

import (
	"net"
	"syscall"
)

// socket looks at a caller's connection without reading from it.
type socket struct {
	raw  syscall.RawConn
	look func(fd uintptr)
	left bool
}

// viewOf gives a view of a connection, or nil where there can be none.
func viewOf(raw net.Conn) view {
	if own, ok := raw.(view); ok {
		return own
	}
	system, ok := raw.(syscall.Conn)
	if !ok {
		return nil
	}
	control, err := system.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: control}
	s.look = func(fd uintptr) { // made once: one for each look would allocate
		var one [1]byte
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		s.left = n == 0 && err == nil || err != nil && err != syscall.EAGAIN && err != syscall.EINTR
	}
	return s
}

// hasLeft implements view. It sees no end behind bytes that nobody has read.
func (s *socket) hasLeft() bool {
	s.left = false
	return s.raw.Control(s.look) != nil || s.left
}
