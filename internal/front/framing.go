package front

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// unknown is the length of a body that the handler did not say.
const unknown = -1

// framing is how an answer's end is told (RFC 9112 section 6), as it is decided.
type framing struct {
	status   int   // 0: the handler has not said it
	length   int64 // of the body, in bytes; or unknown
	written  int64 // bytes of the body that came from the handler
	bodiless bool  // the request is HEAD: the body is counted, not sent
	ready    bool  // the head is written
	chunked  bool
	last     bool // the connection ends after the answer
	said          // by the handler's fields
}

// said is what the handler's fields say of the answer itself.
type said struct {
	typed      bool     // Content-Type
	coded      bool     // Content-Encoding
	dated      bool     // Date
	uncounted  bool     // the answer is chunked unless its length was said: fields may follow it
	connection []string // Connection
}

// allowsBody says whether answers of a status have a body (RFC 9110 section 6.4.1).
func allowsBody(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// complete ends the head, now that the beginning of the body is known, or all
// of it.
func (w *response) complete(beginning []byte, all bool) {
	w.ready = true
	if !w.dated {
		w.output = append(append(append(w.output, "Date: "...), w.conn.date.now()...), "\r\n"...)
	}
	w.last = w.last || w.conn.server.closing.Load()
	if !w.last && !w.full && !w.body.skim() {
		w.last = true // the rest of the request would be read as the next one
	}
	w.completeConnection()
	if allowsBody(w.status) {
		w.completeBody(beginning, all)
	}
	w.output = append(w.output, "\r\n"...)
}

// completeBody says how the body ends, and what it is.
func (w *response) completeBody(beginning []byte, all bool) {
	if all && w.length == unknown && !w.uncounted && (!w.bodiless || len(beginning) > 0) {
		w.length = int64(len(beginning))
	}
	if !w.typed && !w.coded && len(beginning) > 0 {
		w.output = appendField(w.output, "Content-Type", http.DetectContentType(beginning))
	}
	switch {
	case w.length != unknown:
		w.output = strconv.AppendInt(append(w.output, "Content-Length: "...), w.length, 10)
		w.output = append(w.output, "\r\n"...)
	case !w.bodiless:
		w.chunked = true
		w.output = append(w.output, "Transfer-Encoding: chunked\r\n"...)
	}
}

// completeConnection says whether the connection ends after the answer.
func (w *response) completeConnection() {
	if w.last && !saysClose(w.connection) {
		w.output = append(w.output, "Connection: close\r\n"...)
		return
	}
	for _, value := range w.connection {
		w.output = appendField(w.output, "Connection", value)
	}
}

// pass sends a part of the body on as the head says.
func (w *response) pass(p []byte) {
	if !w.ready {
		w.complete(p, false)
	}
	switch {
	case w.bodiless:
	case w.chunked:
		w.output = strconv.AppendInt(w.output, int64(len(p)), 16)
		w.output = append(w.output, "\r\n"...)
		w.put(p)
		w.output = append(w.output, "\r\n"...)
	default:
		w.put(p)
	}
}

// put adds bytes to what goes to the caller next, and sends it when there is too
// much of it.
func (w *response) put(p []byte) {
	if len(w.output)+len(p) <= outputSize {
		w.output = append(w.output, p...)
		return
	}
	if w.err == nil {
		both := net.Buffers{w.output, p}
		_, err := both.WriteTo(w.conn.raw)
		w.note(err)
	}
	w.output = w.output[:0]
}

// flush sends what there is.
func (w *response) flush() {
	if len(w.output) > 0 && w.err == nil {
		_, err := w.conn.raw.Write(w.output)
		w.note(err)
	}
	w.output = w.output[:0]
}

// note remembers that the caller cannot be reached, and has its request ended.
func (w *response) note(err error) {
	if err != nil {
		w.err = err
		w.life.End(nil)
	}
}

// finish ends the answer of a handler that has returned, and says whether
// another request may follow.
func (w *response) finish() (again bool) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.ready {
		w.complete(w.pending, true)
	}
	w.passPending()
	if w.chunked {
		w.output = append(w.output, "0\r\n"...)
		w.output = append(w.appendTrailers(w.output), "\r\n"...)
	}
	w.flush()
	whole := w.bodiless || w.length == unknown || !allowsBody(w.status) || w.written == w.length
	again = w.body.skim() && whole && !w.last && w.err == nil
	if w.timed {
		w.conn.input.forget()
		again = w.conn.raw.SetWriteDeadline(time.Time{}) == nil && again
	}
	return again
}

// breakOff sends what a handler that gave up had written: half an answer tells
// more than none, and nobody takes it for whole.
func (w *response) breakOff() {
	if w.ready {
		w.flush()
	}
}
