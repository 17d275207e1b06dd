package h1

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/internal/lifetime"
)

const protocolHTTP2 = "h2"

// dial makes a connection to an origin.
func (c *Client) dial(ctx context.Context, to origin) (*conn, error) {
	address := canonical(to)
	raw, err := c.standard.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	k := newConn(to, raw)
	if to.tls {
		k.gate = &gate{Conn: raw}
		secured, err := c.secure(ctx, k.gate, address)
		if err != nil {
			return nil, err
		}
		k.net, k.tls = secured, new(secured.ConnectionState())
	}
	return k, nil
}

// canonical is the address of an origin, with a port.
func canonical(to origin) string {
	if port := strings.LastIndexByte(to.host, ':'); port > strings.LastIndexByte(to.host, ']') {
		return to.host
	}
	if to.tls {
		return to.host + ":443"
	}
	return to.host + ":80"
}

// secure shakes hands over a new connection. On failure it is closed.
func (c *Client) secure(ctx context.Context, raw net.Conn, address string) (*tls.Conn, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.standard.TLSClientConfig != nil {
		config = c.standard.TLSClientConfig.Clone()
	}
	config.NextProtos = []string{protocolHTTP2, "http/1.1"}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			raw.Close()
			return nil, err
		}
		config.ServerName = host
	}
	if limit := c.standard.TLSHandshakeTimeout; limit > 0 {
		var done context.CancelFunc
		ctx, done = context.WithTimeoutCause(ctx, limit, errHandshakeTimeout{})
		defer done()
	}
	secured := tls.Client(raw, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		raw.Close()
		if ctx.Err() != nil {
			err = lifetime.Cause(ctx)
		}
		return nil, err
	}
	return secured, nil
}

// errHandshakeTimeout is a net.Error in the words of the standard Transport.
type errHandshakeTimeout struct{}

// Error implements error.
func (errHandshakeTimeout) Error() string { return "TLS handshake timeout" }

// Timeout implements net.Error.
func (errHandshakeTimeout) Timeout() bool { return true }

// Temporary implements net.Error.
func (errHandshakeTimeout) Temporary() bool { return true }

// overHTTP2 sends a request through the standard HTTP/2, which takes k, if there
// is one, when it has no connection to the origin yet.
func (c *Client) overHTTP2(r *http.Request, k *conn) (*http.Response, error) {
	host := r.URL.Host
	if k != nil {
		c.modern.add(host)
		address := canonical(k.to)
		c.spare.add(address, k)
		defer c.spare.drop(address, k)
	}
	response, err := c.http2.RoundTrip(r)
	if err == nil && response.ProtoMajor < 2 {
		c.modern.remove(host) // it speaks HTTP/2 no more
	}
	return response, err
}

// dialTLS is how the standard HTTP/2 gets a connection.
func (c *Client) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	if k := c.spare.take(address); k != nil {
		return k.net, nil
	}
	raw, err := c.standard.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	secured, err := c.secure(ctx, raw, address)
	if err != nil {
		return nil, err
	}
	return secured, nil
}

// spare holds, by address, new connections that speak HTTP/2, for as long as
// the requests take that made them.
type spare struct {
	mu    sync.Mutex
	conns map[string][]*conn
}

func (s *spare) add(address string, k *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = make(map[string][]*conn)
	}
	s.conns[address] = append(s.conns[address], k)
}

func (s *spare) take(address string) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := s.conns[address]
	if len(conns) == 0 {
		return nil
	}
	s.set(address, conns[1:])
	return conns[0]
}

// drop closes a connection that nobody took.
func (s *spare) drop(address string, k *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := s.conns[address]
	if i := slices.Index(conns, k); i >= 0 {
		s.set(address, slices.Delete(conns, i, i+1))
		k.abort()
	}
}

func (s *spare) set(address string, conns []*conn) {
	if len(conns) == 0 {
		delete(s.conns, address)
		return
	}
	s.conns[address] = conns
}

// maxModern bounds the origins that are remembered.
const maxModern = 4096

// modern remembers the hosts that chose HTTP/2.
type modern struct {
	mu    sync.RWMutex
	hosts map[string]bool
}

func (m *modern) has(host string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.hosts[host]
}

func (m *modern) add(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.hosts == nil || len(m.hosts) >= maxModern {
		m.hosts = make(map[string]bool)
	}
	m.hosts[host] = true
}

func (m *modern) remove(host string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.hosts, host)
}
