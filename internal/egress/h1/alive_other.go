//go:build !unix

package h1

import "syscall"

// look is not possible here without waiting: a failed request will tell.
type look struct{}

func (*look) at(syscall.Conn) {}

func (*look) isQuiet() bool { return true }
