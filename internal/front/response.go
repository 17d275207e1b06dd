package front

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/internal/lifetime"
)

const (
	outputSize  = 16 << 10 // bytes that leave together
	pendingSize = 2 << 10  // bytes of a body that wait for its length, as in the standard server
)

// errOver is a write after the handler has returned.
var errOver = errors.New("http: the answer is over")

// buffers is the memory of one answer, used again for others.
type buffers struct {
	output  []byte   // goes to the caller next: the head, and the body as it is framed
	pending []byte   // of the body, not framed yet
	names   []string // of the fields, in order
}

func newBuffers() *buffers {
	return &buffers{output: make([]byte, 0, outputSize), pending: make([]byte, 0, pendingSize)}
}

// response is the way of an answer: an [http.ResponseWriter] that can be flushed
// and that an [http.ResponseController] can tell about deadlines and duplex.
type response struct {
	conn   *conn
	body   *body // of the request
	life   *lifetime.Context
	header http.Header
	lent   *buffers // of the pool
	buffers
	framing
	trailers []string // fields that were announced for the end
	full     bool     // the handler reads while it writes
	timed    bool     // the handler has set a deadline
	over     bool
	err      error // of a write
}

func (w *response) open(c *conn, x *exchange, h *head) {
	w.conn, w.body, w.life = c, &x.body, &x.life
	w.lent = c.server.buffers.Get().(*buffers) //nolint:errcheck // the pool holds nothing else
	w.buffers = *w.lent
	w.framing = framing{length: unknown, bodiless: h.method == http.MethodHead, last: h.close}
}

// release ends the response: nothing that comes later reaches the caller, or
// the memory.
func (w *response) release() {
	w.over = true
	clear(w.names)
	*w.lent = buffers{w.output[:0], w.pending[:0], w.names[:0]}
	if cap(w.output) <= 2*outputSize {
		w.conn.server.buffers.Put(w.lent)
	}
	w.buffers, w.lent = buffers{}, nil
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

// WriteHeader implements [http.ResponseWriter]. The fields are taken as they
// stand now.
func (w *response) WriteHeader(status int) {
	switch {
	case w.over:
		return
	case w.status != 0:
		w.conn.server.logf("http: superfluous WriteHeader with %d after %d", status, w.status)
		return
	case status < 100 || status > 999:
		panic(fmt.Sprintf("invalid WriteHeader code %v", status))
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status)
		return
	}
	w.status = status
	w.begin()
}

// Write implements [http.ResponseWriter].
func (w *response) Write(p []byte) (int, error) {
	if w.over {
		return 0, errOver
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !allowsBody(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	w.written += int64(len(p))
	if w.length != unknown && w.written > w.length {
		return 0, http.ErrContentLength
	}
	w.collect(p)
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// collect keeps a part of a body until its length is known, or too much has come.
func (w *response) collect(p []byte) {
	if w.length != unknown || w.ready && !w.chunked {
		w.pass(p)
		return
	}
	for len(p) > cap(w.pending)-len(w.pending) {
		if len(w.pending) == 0 {
			w.pass(p)
			return
		}
		room := cap(w.pending) - len(w.pending)
		w.pending = append(w.pending, p[:room]...)
		p = p[room:]
		w.passPending()
	}
	w.pending = append(w.pending, p...)
}

func (w *response) passPending() {
	if len(w.pending) > 0 {
		w.pass(w.pending)
		w.pending = w.pending[:0]
	}
}

// FlushError sends what is there, as [http.ResponseController.Flush] has it.
func (w *response) FlushError() error {
	if w.over {
		return errOver
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.ready {
		w.complete(w.pending, false)
	}
	w.passPending()
	w.flush()
	return w.err
}

// Flush implements [http.Flusher].
func (w *response) Flush() { _ = w.FlushError() }

// SetReadDeadline bounds reading the request's body.
func (w *response) SetReadDeadline(moment time.Time) error {
	w.timed = true
	return w.conn.raw.SetReadDeadline(moment)
}

// SetWriteDeadline bounds writing the answer.
func (w *response) SetWriteDeadline(moment time.Time) error {
	w.timed = true
	return w.conn.raw.SetWriteDeadline(moment)
}

// EnableFullDuplex lets the handler read the request's body after it has begun
// to answer.
func (w *response) EnableFullDuplex() error {
	w.full = true
	return nil
}
