package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/valetkey/valetkey/internal/egress/h1"
)

// Config says what outgoing requests may reach. The zero value reaches public
// addresses only.
type Config struct {
	AllowPrivate  []netip.Prefix // ranges that are otherwise refused; see [ParseRanges]
	AllowLoopback bool           // 127.0.0.0/8 and ::1
	Resolver      *net.Resolver  // nil: the machine's
	RootCAs       *x509.CertPool // nil: the machine's
	DialTimeout   time.Duration  // to connect, per host; 0: 10 s
	TLSTimeout    time.Duration  // for the TLS handshake; 0: 10 s
	// Proxy chooses an HTTP proxy for a request; nil: none. The proxy's own
	// address must be allowed. The proxy resolves the names that it is asked
	// for, so the guard then sees only targets that are addresses.
	Proxy func(*http.Request) (*url.URL, error)
	// Outbound is the operator's proxy, in place of Proxy.
	Outbound Outbound
	Agents   Agents // nil: there are none
}

// Limits of the pools and of an answer's header.
const (
	defaultTimeout     = 10 * time.Second
	idleTimeout        = 90 * time.Second
	continueTimeout    = time.Second
	maxIdle            = 2048
	maxIdlePerHost     = 512
	maxResponseHeader  = 256 << 10 // bytes
	sessionCacheSize   = 256
	pingAfter          = 30 * time.Second
	pingTimeout        = 15 * time.Second
	keepAliveInterval  = 30 * time.Second
	happyEyeballsDelay = 300 * time.Millisecond
)

// Egress sends requests. It is safe for concurrent use.
type Egress struct {
	guard  guard
	dialer net.Dialer
	base   *http.Transport // what lean does not take
	lean   *h1.Client
	proxy  func(*http.Request) (*url.URL, error)
	known  []string // addresses of the operator's proxies, which the guard lets pass
	trusts trusts
	agents Agents   // nil: there are none
	by     []string // agents through which all goes; nil: whoever leads to the host
}

// New makes an Egress.
func New(config Config) *Egress {
	if config.Outbound.choose != nil {
		config.Proxy = config.Outbound.choose
	}
	config.Proxy = around(config.Agents, config.Proxy)
	e := &Egress{
		known:  config.Outbound.hosts,
		agents: config.Agents,
		guard:  newGuard(config.AllowPrivate, config.AllowLoopback),
		proxy:  config.Proxy,
		dialer: net.Dialer{
			Timeout:       orDefault(config.DialTimeout),
			KeepAlive:     keepAliveInterval,
			FallbackDelay: happyEyeballsDelay,
			Resolver:      config.Resolver,
		},
	}
	e.base = &http.Transport{
		Proxy:                  config.Proxy,
		DialContext:            e.dial,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // bytes, ranges and ETags pass as the API sent them
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    orDefault(config.TLSTimeout),
		ExpectContinueTimeout:  continueTimeout,
		MaxResponseHeaderBytes: maxResponseHeader,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            config.RootCAs,
			ClientSessionCache: tls.NewLRUClientSessionCache(sessionCacheSize),
		},
	}
	e.lean = h1.New(e.base)
	return e
}

// Transport sends calls of an API. Its errors carry a [fault.Error] that wraps
// the cause. It follows no redirect and puts no limit on the time of an
// answer: the caller's context does.
func (e *Egress) Transport() http.RoundTripper { return e }

// Client sends token and discovery requests. It follows no redirect, and the
// whole exchange, body included, must end within timeout.
func (e *Egress) Client(timeout time.Duration) *http.Client { return clientOver(e, timeout) }

// ClientShowing is Client with a certificate of ours, given in PEM with its
// private key (RFC 8705 section 2). Its connections serve nobody else.
func (e *Egress) ClientShowing(pair []byte, timeout time.Duration) (*http.Client, error) {
	way, err := e.Trusting(Trust{Pair: pair})
	if err != nil {
		return nil, err
	}
	return clientOver(way, timeout), nil
}

func clientOver(way http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport:     way,
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CloseIdleConnections drops the pooled connections.
func (e *Egress) CloseIdleConnections() {
	e.lean.CloseIdleConnections()
	e.trusts.closeIdle()
}

// RoundTrip implements [http.RoundTripper].
func (e *Egress) RoundTrip(r *http.Request) (*http.Response, error) {
	if e.proxy != nil && len(e.through(r.URL.Hostname())) == 0 {
		if err := e.guard.checkLiteral(r.URL.Hostname()); err != nil {
			closeBody(r)
			return nil, err
		}
	}
	response, err := e.lean.RoundTrip(r)
	if err != nil {
		return nil, explain(err, r.URL.Host)
	}
	return response, nil
}

// DialContext connects to an address, host:port, under the same guard.
func (e *Egress) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return e.dial(ctx, network, address)
}

// dial connects to one of the addresses of a host, each judged by the guard
// when its socket is about to connect.
func (e *Egress) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if agents := e.through(host); len(agents) > 0 {
		return e.agents.Dial(ctx, agents, address)
	}
	dialer := e.dialer
	if !slices.Contains(e.known, address) {
		dialer.ControlContext = e.guard.control(host)
	}
	return dialer.DialContext(ctx, network, address)
}

// closeBody keeps the promise of a RoundTripper to close the body always.
func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

func orDefault(d time.Duration) time.Duration {
	if d == 0 {
		return defaultTimeout
	}
	return d
}
