package intake

import (
	"net/http"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// What a request may measure. The server's own limit on the header (package
// app) is higher, so that these can be named.
const (
	MaxURL        = 32 << 10 // bytes
	MaxFields     = 64 << 10 // bytes of names and values in the header
	MaxParameters = 4096     // in the query
	MaxAtOnce     = 1024     // requests of one caller under way, in any [Crowd]
)

// Oversized says by what a request is too large: an error and its status, 414
// or 431 (RFC 6585 section 5); nil and 0 when it is not. target is the request's
// path and query as they were sent.
func Oversized(r *http.Request, target string) (status int, err error) {
	const hint = "send what is long in the body"
	if n := len(target); n > MaxURL {
		return http.StatusRequestURITooLong, fault.New(api.CodeInvalid, "the URL has %d bytes; the limit is %d", n, MaxURL).WithHint(hint)
	}
	if n := strings.Count(r.URL.RawQuery, "&") + 1; n > MaxParameters {
		return http.StatusRequestURITooLong, fault.New(api.CodeInvalid, "the query has %d parameters; the limit is %d", n, MaxParameters).WithHint(hint)
	}
	size := 0
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if size > MaxFields {
		return http.StatusRequestHeaderFieldsTooLarge, fault.New(api.CodeInvalid, "the header has %d bytes; the limit is %d", size, MaxFields).WithHint(hint)
	}
	return 0, nil
}

// Crowd counts the requests under way of each caller, so that one that opens
// ever more leaves room for the others. The zero value is empty.
type Crowd struct {
	mu  sync.Mutex
	now map[string]int
}

// Enter lets one more request begin, or says in an error why not; without one,
// Leave must follow.
func (c *Crowd) Enter(caller string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now[caller] >= MaxAtOnce {
		return fault.New(api.CodeRateLimited, "this key has %d requests under way; no more are taken at once", MaxAtOnce).
			WithHint("wait for some to end, or use several keys")
	}
	if c.now == nil {
		c.now = make(map[string]int)
	}
	c.now[caller]++
	return nil
}

// Leave ends a request.
func (c *Crowd) Leave(caller string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now[caller]--; c.now[caller] == 0 {
		delete(c.now, caller)
	}
}
