package h1

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/valetkey/valetkey/internal/lifetime"
)

// Client sends requests. It is safe for concurrent use.
type Client struct {
	standard *http.Transport
	http2    *http.Transport
	modern   modern // origins that speak HTTP/2
	spare    spare  // connections for http2
	pool     pool
	desks    sync.Pool // of *desk
}

// New makes a Client that keeps to the settings of the standard Transport, which
// gets what is unusual. The standard one must have a DialContext, and must not
// be changed afterwards.
func New(standard *http.Transport) *Client {
	c := &Client{standard: standard, http2: standard.Clone()}
	c.http2.DialTLSContext = c.dialTLS
	c.pool = pool{
		most: standard.MaxIdleConns, mostPerOrigin: standard.MaxIdleConnsPerHost, timeout: standard.IdleConnTimeout,
		idle: make(map[origin][]*conn),
	}
	c.desks.New = func() any { return newDesk() }
	return c
}

// CloseIdleConnections drops the pooled connections.
func (c *Client) CloseIdleConnections() {
	c.pool.clear()
	c.http2.CloseIdleConnections()
	c.standard.CloseIdleConnections()
}

// origin is what a connection leads to.
type origin struct {
	tls  bool
	host string // as in the URL, with the port if that has one
}

// RoundTrip implements [http.RoundTripper].
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.standard.Proxy != nil || !isUsual(r) {
		return c.passOn(r)
	}
	to := origin{r.URL.Scheme == "https", r.URL.Host}
	if to.tls && c.modern.has(to.host) {
		return c.overHTTP2(r, nil)
	}
	k := c.pool.take(to)
	if k == nil {
		var err error
		if k, err = c.dial(r.Context(), to); err != nil {
			closeBody(r)
			return nil, err
		}
		if k.speaksHTTP2() {
			return c.overHTTP2(r, k)
		}
	}
	d := c.desks.Get().(*desk) //nolint:errcheck // the pool holds nothing else
	if err := d.write(r); err != nil {
		c.pool.put(k)
		c.giveBack(d)
		return nil, err
	}
	return c.deliver(r, k, d)
}

// deliver sends a written request, a second time if the first went to a
// connection that the host had given up and cannot have acted.
func (c *Client) deliver(r *http.Request, k *conn, d *desk) (*http.Response, error) {
	response, err := c.exchange(r, k, d)
	if err == nil {
		return response, nil
	}
	if k.reused && r.Context().Err() == nil && mayRepeat(r, err) {
		fresh, dialErr := c.dial(r.Context(), k.to)
		switch {
		case dialErr != nil:
			err = dialErr
		case fresh.speaksHTTP2():
			body := bytes.Clone(d.message[d.head:])
			c.giveBack(d)
			again := r.WithContext(r.Context())
			again.Body = http.NoBody
			if len(body) > 0 {
				again.Body = io.NopCloser(bytes.NewReader(body))
			}
			return c.overHTTP2(again, fresh)
		default:
			if response, err = c.exchange(r, fresh, d); err == nil {
				return response, nil
			}
		}
	}
	c.giveBack(d)
	if r.Context().Err() != nil {
		err = lifetime.Cause(r.Context())
	}
	return nil, bare(err)
}

// mayRepeat says whether a request that failed on a reused connection cannot
// have acted, or may act twice.
func mayRepeat(r *http.Request, err error) bool {
	failed := (*silence)(nil)
	if !errors.As(err, &failed) {
		return false
	}
	if failed.unsent {
		return true
	}
	if r.Body != nil && r.Body != http.NoBody {
		return false
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return len(r.Header["Idempotency-Key"]) > 0 || len(r.Header["X-Idempotency-Key"]) > 0
}

// passOn gives a request to the standard library.
func (c *Client) passOn(r *http.Request) (*http.Response, error) {
	if c.standard.Proxy == nil && r.URL != nil && r.URL.Scheme == "https" && len(r.Header["Upgrade"]) == 0 && c.modern.has(r.URL.Host) {
		return c.overHTTP2(r, nil)
	}
	return c.standard.RoundTrip(r)
}

// closeBody keeps the promise of a RoundTripper to close the body always.
func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
