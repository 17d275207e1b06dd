package proxy

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
)

// hints passes on what an API says before its answer, such as 103 Early Hints
// (RFC 9110 section 15.2, RFC 8297).
type hints struct {
	w     http.ResponseWriter
	trace httptrace.ClientTrace // a part of the same memory
	mu    sync.Mutex
	over  bool // the answer itself is there, or there will be none
}

// watch has 1xx answers to requests with the context passed on.
func (h *hints) watch(ctx context.Context) context.Context {
	h.trace.Got1xxResponse = h.pass
	return httptrace.WithClientTrace(ctx, &h.trace)
}

// end waits for a hint that is being written. The transport may have more to
// say on its own goroutine even after a call was given up.
func (h *hints) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
}

func (h *hints) pass(code int, fields textproto.MIMEHeader) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || code <= http.StatusSwitchingProtocols { // the server itself sends 100
		return nil
	}
	header := h.w.Header()
	before := maps.Clone(header)
	for name, values := range fields {
		if isForTrailer(name) {
			header[name] = values
		}
	}
	h.w.WriteHeader(code)
	clear(header)
	maps.Copy(header, before)
	return nil
}
