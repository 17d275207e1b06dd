package h1

import (
	"crypto/tls"
	"net"
	"syscall"
	"time"
)

// conn is one network connection to an origin. It serves one exchange at a time.
type conn struct {
	to     origin
	raw    net.Conn             // the socket
	net    net.Conn             // what requests go through: raw, or TLS over it
	gate   *gate                // between both; nil without TLS
	tls    *tls.ConnectionState // nil without TLS
	reused bool                 // it served a request before this one
	since  time.Time            // when it became idle
	look   look
}

func newConn(to origin, raw net.Conn) *conn {
	k := &conn{to: to, raw: raw, net: raw}
	if socket, ok := raw.(syscall.Conn); ok {
		k.look.at(socket)
	}
	return k
}

func (k *conn) speaksHTTP2() bool { return k.tls != nil && k.tls.NegotiatedProtocol == protocolHTTP2 }

// abort closes the socket under whatever is going on. TLS would say goodbye
// first, which a host that does not read could hold up.
func (k *conn) abort() { k.raw.Close() }

// Ended implements [lifetime.Watcher]: the request that it carries is given up.
func (k *conn) Ended() { k.abort() }

// close ends an idle connection in good order.
func (k *conn) close() { k.net.Close() }

// isAlive says whether an idle connection may take a request: it is open, and
// the host has said nothing since its last answer. What came unasked would be
// taken for the answer to the next request.
func (k *conn) isAlive() bool {
	return k.look.isQuiet() && (k.tls == nil || k.isQuietInside())
}

// isQuietInside looks for what TLS has already taken from the socket: it finds
// the gate shut when it wants more.
func (k *conn) isQuietInside() bool {
	k.gate.shut = true
	var one [1]byte
	n, err := k.net.Read(one[:])
	k.gate.shut = false
	return n == 0 && err == errShut //nolint:errorlint // crypto/tls gives it as it came
}

// gate is a socket from which nothing can be read for a while. A deadline that
// is past would do the same for six times the price.
type gate struct {
	net.Conn
	shut bool
}

// Read implements [io.Reader].
func (g *gate) Read(p []byte) (int, error) {
	if g.shut {
		return 0, errShut
	}
	return g.Conn.Read(p)
}

const errShut shutError = "nothing is read just now"

// shutError is a net.Error that crypto/tls does not keep: it is temporary.
type shutError string

// Error implements error.
func (e shutError) Error() string { return string(e) }

// Timeout implements net.Error.
func (shutError) Timeout() bool { return true }

// Temporary implements net.Error.
func (shutError) Temporary() bool { return true }
