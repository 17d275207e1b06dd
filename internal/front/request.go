package front

import (
	"context"
	"net/http"
	"runtime"

	"github.com/valetkey/valetkey/internal/lifetime"
)

// exchange is a request with the way of its answer.
type exchange struct {
	life     lifetime.Context
	response response
	body     body
}

// respond has the handler answer a request, and says whether another may follow.
func (c *conn) respond(h head) (again bool) {
	x := &exchange{}
	x.life.Begin(context.Background())
	defer x.life.End(nil)
	c.presence.begin(&x.life)
	defer c.presence.end()

	r := request(&x.life, c, &h)
	if h.length > 0 {
		x.body.input, x.body.left = &c.input, h.length
		r.Body = &x.body
	}
	x.response.open(c, x, &h)
	defer x.response.release()
	if !c.handle(&x.response, r) {
		x.response.breakOff()
		return false
	}
	again = x.response.finish()
	if r.MultipartForm != nil {
		_ = r.MultipartForm.RemoveAll() // as the standard server does: what is left is in the temporary directory
	}
	return again
}

// request is what the standard server would make of a head.
func request(ctx context.Context, c *conn, h *head) *http.Request {
	return (&http.Request{
		Method: h.method, URL: h.url, RequestURI: h.target,
		Proto: version, ProtoMajor: 1, ProtoMinor: 1,
		Header: h.header, Host: h.host, RemoteAddr: c.remote,
		Body: http.NoBody, ContentLength: h.length, Close: h.close,
	}).WithContext(ctx)
}

const maxStack = 64 << 10 // bytes of a stack in the log

// handle calls the handler. A panic is logged, unless it is the one that breaks
// an answer off on purpose.
func (c *conn) handle(w http.ResponseWriter, r *http.Request) (done bool) {
	defer func() {
		if thrown := recover(); thrown != nil && thrown != http.ErrAbortHandler { //nolint:errorlint // thrown as it is
			c.logPanic(thrown)
		}
	}()
	handler := c.server.standard.Handler
	if handler == nil {
		handler = http.DefaultServeMux
	}
	handler.ServeHTTP(w, r)
	return true
}

func (c *conn) logPanic(thrown any) {
	stack := make([]byte, maxStack)
	stack = stack[:runtime.Stack(stack, false)]
	c.server.logf("http: panic serving %v: %v\n%s", c.remote, thrown, stack)
}
