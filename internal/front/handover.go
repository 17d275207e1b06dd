package front

import (
	"errors"
	"net"
	"sync"
)

// handover is the listener through which the standard server gets connections.
type handover struct {
	address net.Addr
	given   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newHandover() *handover {
	return &handover{given: make(chan net.Conn), closed: make(chan struct{})}
}

// give passes a connection on, or closes it when nobody takes any more.
func (h *handover) give(raw net.Conn) {
	select {
	case h.given <- raw:
	case <-h.closed:
		raw.Close()
	}
}

// Accept implements [net.Listener].
func (h *handover) Accept() (net.Conn, error) {
	select {
	case raw := <-h.given:
		return raw, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (h *handover) Close() error {
	h.close()
	return nil
}

func (h *handover) close() { h.once.Do(func() { close(h.closed) }) }

// Addr implements [net.Listener].
func (h *handover) Addr() net.Addr { return h.address }

// resumed is a connection of which something was read before.
type resumed struct {
	net.Conn
	before []byte
}

// Read implements [io.Reader].
func (r *resumed) Read(p []byte) (int, error) {
	if len(r.before) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.before)
	if r.before = r.before[n:]; len(r.before) == 0 {
		r.before = nil // the connection may last for long
	}
	return n, nil
}

// CloseWrite ends the way to the caller and leaves the way back open.
func (r *resumed) CloseWrite() error {
	if half, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
