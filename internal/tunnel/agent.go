package tunnel

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	firstPause   = time.Second      // before the second try; it doubles with each
	longestPause = time.Minute      // between two tries
	steady       = time.Minute      // after a tunnel that lasted so long, pauses are short again
	helloLimit   = 30 * time.Second // for the server to answer
	maxProblem   = 64 << 10         // bytes of an answer that is no tunnel
	maxStreams   = 10_000           // of one tunnel at once
)

// Agent is the private end. URL, Token, Way and Dial are required.
type Agent struct {
	URL     string            // the server's public URL
	Token   string            // as valetkey agent add shows it
	Allow   AllowList         // what requests are let through to
	Version string            // of this program
	Way     http.RoundTripper // to the server; it must pass 101 on and follow no redirect
	// Instance is random, and of one run of the program; default: a new one.
	Instance string
	Dial     func(ctx context.Context, network, address string) (net.Conn, error) // to allowed hosts
	Log      *slog.Logger                                                         // default: discards
	Clock
}

// Clock is what an [Agent] and a [Hub] know of time. The zero value is the system's.
type Clock struct {
	Now   func() time.Time
	After func(time.Duration) <-chan time.Time
	// Beats are the ticks of one tunnel's keepalive, [Beat] apart, and what ends them.
	Beats  func() (<-chan time.Time, func())
	Spread func() float64 // in [0, 1): how pauses are spread
}

func (c Clock) withDefaults() Clock {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.After == nil {
		c.After = time.After
	}
	if c.Beats == nil {
		c.Beats = func() (<-chan time.Time, func()) {
			ticker := time.NewTicker(Beat)
			return ticker.C, ticker.Stop
		}
	}
	if c.Spread == nil {
		c.Spread = spread
	}
	return c
}

// spread is a random number in [0, 1).
func spread() float64 {
	var b [1]byte
	_, _ = rand.Read(b[:]) // it never fails
	return float64(b[0]) / 256
}

// NewInstance is a name for one run of the program.
func NewInstance() string { return rand.Text() }

// Run keeps a tunnel open until the context ends, which is no error, or until
// the server says that this agent must not come back: its token is unknown, it
// was removed or replaced, or its version does not fit.
func (a Agent) Run(ctx context.Context) error {
	a.Clock = a.withDefaults()
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	if a.Instance == "" {
		a.Instance = NewInstance()
	}
	target, err := a.target()
	if err != nil {
		return err
	}
	pause := firstPause
	for {
		begun := a.Now()
		err := a.serve(ctx, target)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was told to stop
		}
		if final := (*finalError)(nil); errors.As(err, &final) {
			return final.error
		}
		if a.Now().Sub(begun) >= steady {
			pause = firstPause
		}
		wait := pause/2 + time.Duration(a.Spread()*float64(pause/2))
		a.Log.Warn("no tunnel; it is tried again", slog.String("server", a.URL), slog.String("reason", fault.As(err).Message), slog.Duration("in", wait.Round(time.Millisecond)))
		select {
		case <-ctx.Done():
			return nil
		case <-a.After(wait):
		}
		pause = min(2*pause, longestPause)
	}
}

// finalError is one that another try would meet again.
type finalError struct{ error }

// Unwrap gives the error itself to errors.As.
func (e *finalError) Unwrap() error { return e.error }

// target is where the tunnel begins. The token travels in its request, so that
// only TLS will do, but on one machine.
func (a Agent) target() (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(a.URL, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(api.CodeInvalid, "--url is not the URL of a server").WithHint("write it as --url https://valetkey.example.com")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.New(api.CodeInvalid, "the token would cross the network in clear to %s", u.Host).
			WithHint("use https; http is accepted on this machine's loopback address only")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path + Path}, nil
}

// serve opens a tunnel and serves it until it ends; it always returns an error.
func (a Agent) serve(ctx context.Context, target *url.URL) error {
	conn, told, err := a.open(ctx, target)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { conn.Shut(StatusGoingAway, "the agent stops") })
	defer stop()
	beats, end := a.Beats()
	defer end()
	go conn.Watch(beats)
	a.Log.Info("connected", slog.String("server", a.URL), slog.String("agent", told.Get(headerName)),
		slog.String("node", told.Get(headerNode)), slog.String("allow", strings.Join(a.Allow.Texts(), " ")))
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true) // within the tunnel, which is TLS already
	server := &http.Server{
		Handler:   &door{allow: a.Allow, dial: a.Dial, log: a.Log},
		Protocols: protocols,
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ErrorLog:  slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
	_ = server.Serve(&single{conn: conn}) // why is the tunnel's cause
	_ = conn.Close()
	return a.judge(conn.Cause())
}

// judge says whether the agent may come back after its tunnel ended.
func (a Agent) judge(cause error) error {
	var ended *Ended
	if !errors.As(cause, &ended) {
		return fault.Wrap(cause, api.CodeUnreachable, "the tunnel broke off")
	}
	switch ended.Status {
	case StatusReplaced:
		return &finalError{fault.New(api.CodeConflict, "%s", ended.Reason).
			WithHint("one agent runs once: end the other one, or give this one a name of its own: valetkey agent add NAME")}
	case StatusRemoved:
		return &finalError{fault.New(api.CodeUnauthenticated, "%s", ended.Reason).WithHint("valetkey agent add NAME, at the server, makes a new token")}
	}
	return fault.New(api.CodeUnreachable, "%s", ended.Error())
}

// open asks the server for a tunnel (RFC 6455 section 4.1).
func (a Agent) open(ctx context.Context, target *url.URL) (*Conn, http.Header, error) {
	key := base64.StdEncoding.EncodeToString([]byte(rand.Text())[:16])
	header := http.Header{
		"Authorization": {"Bearer " + a.Token}, "Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {key}, "Sec-Websocket-Protocol": {subprotocol},
	}
	Hello{Protocol: Spoken(), Version: a.Version, Instance: a.Instance, Allow: a.Allow.Texts()}.write(header)
	// The context of the request is that of the connection: only the answer has a limit.
	hello, cancel := context.WithCancelCause(ctx)
	limit := time.AfterFunc(helloLimit, func() { cancel(context.DeadlineExceeded) })
	request := (&http.Request{Method: http.MethodGet, URL: target, Host: target.Host, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(hello)
	response, err := a.Way.RoundTrip(request)
	if !limit.Stop() && err == nil {
		err = context.DeadlineExceeded
		_ = response.Body.Close()
	}
	if err != nil {
		cancel(nil)
		return nil, nil, fault.Wrap(err, api.CodeUnreachable, "%s", fault.As(err).Message)
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		defer cancel(nil)
		defer response.Body.Close()
		return nil, nil, refusal(response)
	}
	raw, ok := response.Body.(io.ReadWriteCloser)
	if !ok || response.Header.Get("Sec-Websocket-Accept") != acceptance(key) {
		cancel(nil)
		_ = response.Body.Close()
		return nil, nil, fault.New(api.CodeUnreachable, "what answers at %s is no Valetkey server", target.Host)
	}
	conn := newConn(raw, bufio.NewReader(raw), true)
	context.AfterFunc(hello, func() { _ = conn.Close() })
	go func() { <-conn.Done(); cancel(nil) }()
	return conn, response.Header, nil
}

// refusal reads why the server opens no tunnel. What an agent cannot mend by
// waiting ends it.
func refusal(response *http.Response) error {
	var problem api.Problem
	text, _ := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	if json.Unmarshal(text, &problem) != nil || problem.Code == "" {
		return fault.New(api.CodeUnreachable, "the server answered %d instead of opening a tunnel", response.StatusCode).
			WithHint("give --url as the server's public URL")
	}
	told := fault.New(problem.Code, "%s", problem.Error()).WithHint("%s", problem.Hint)
	if slices.Contains([]api.Code{api.CodeUnauthenticated, api.CodeConflict, api.CodeForbidden, api.CodeInvalid}, problem.Code) {
		return &finalError{told}
	}
	return told
}

// single is a listener of one connection.
type single struct {
	conn  *Conn
	given bool
}

// Accept implements [net.Listener]: the connection, and then its end.
func (s *single) Accept() (net.Conn, error) {
	if !s.given {
		s.given = true
		return s.conn, nil
	}
	<-s.conn.Done()
	return nil, fmt.Errorf("the tunnel has ended: %w", net.ErrClosed)
}

// Close implements [net.Listener].
func (s *single) Close() error { return nil }

// Addr implements [net.Listener].
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }
