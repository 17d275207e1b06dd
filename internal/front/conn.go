package front

import (
	"cmp"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// What a connection does just now.
const (
	idle    int32 = iota // it waits for a request, or for the rest of its head
	active               // a request is answered, or the standard server has it
	removed              // it was closed while it was idle
)

// conn is a caller's connection. Its own goroutine reads, calls the handler and
// writes.
type conn struct {
	server   *Server
	raw      net.Conn
	remote   string
	state    atomic.Int32
	presence presence
	input    input
	first    bool // no request was answered yet
	posted   bool // the last request was a POST
	date     date
}

func newConn(s *Server, raw net.Conn, sight view) *conn {
	c := &conn{server: s, raw: raw, first: true}
	if address := raw.RemoteAddr(); address != nil {
		c.remote = address.String()
	}
	c.presence.view = sight
	c.input.raw = raw
	return c
}

// serve answers requests until one is not ordinary or the connection ends.
func (c *conn) serve() {
	defer c.server.remove(c)
	defer c.presence.stop()
	defer c.contain()
	for {
		text, verdict := c.next()
		if verdict == ordinary {
			var h head
			if h, verdict = parse(text); verdict == ordinary && !c.answer(h) {
				verdict = over
			}
		}
		switch verdict {
		case unusual:
			c.handOver()
			return
		case over:
			c.raw.Close()
			return
		}
		c.first = false
	}
}

// contain ends the connection alone when something here is wrong.
func (c *conn) contain() {
	if thrown := recover(); thrown != nil {
		c.logPanic(thrown)
		c.raw.Close()
	}
}

// next waits for the head of a request in full.
func (c *conn) next() (string, verdict) {
	standard := c.server.standard
	limit := standard.IdleTimeout
	if c.first {
		limit = standard.ReadHeaderTimeout
	}
	return c.input.head(cmp.Or(limit, standard.ReadTimeout), c.first, c.posted)
}

// handOver gives the connection to the standard server with what was read and
// not answered.
func (c *conn) handOver() {
	if !c.first && c.input.mayBePreface() || !c.state.CompareAndSwap(idle, active) || c.raw.SetReadDeadline(time.Time{}) != nil {
		c.raw.Close()
		return
	}
	c.server.unusual.give(&resumed{Conn: c.raw, before: c.input.remains()})
}

// answer has a request answered, and says whether another may follow.
func (c *conn) answer(h head) (again bool) {
	if !c.state.CompareAndSwap(idle, active) {
		return false
	}
	c.input.take(h.size)
	c.posted = h.method == http.MethodPost
	again = c.input.expect(h.length) == nil && c.respond(h)
	c.state.Store(idle)
	// Either the server sees that the connection is idle, or it is seen here that
	// the server is closing.
	return again && !c.server.closing.Load()
}

// closeIdle ends the connection unless it answers a request.
func (c *conn) closeIdle() {
	if c.state.CompareAndSwap(idle, removed) {
		c.raw.Close()
	}
}

// cut ends the connection.
func (c *conn) cut() { c.raw.Close() }

// date is the time of answers, written anew each second (RFC 9110 section 6.6.1).
type date struct {
	second int64 // since 1970
	text   []byte
}

func (d *date) now() []byte {
	now := time.Now()
	if second := now.Unix(); second != d.second || d.text == nil {
		d.second, d.text = second, now.UTC().AppendFormat(d.text[:0], http.TimeFormat)
	}
	return d.text
}
