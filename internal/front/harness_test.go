package front

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// script is a caller's connection in memory: what it says comes in pieces, one
// for each read, and then it ends its half, unless it stays. Nothing depends on
// time.
type script struct {
	mu      sync.Mutex
	pieces  [][]byte
	stays   bool // it says no more, and does not end
	left    bool // it has gone
	answers bytes.Buffer
	ended   bool
	closed  chan struct{}
	moved   *sync.Cond
	due     bool // a deadline of reading is over
}

func newScript(pieces ...string) *script {
	s := &script{closed: make(chan struct{})}
	s.moved = sync.NewCond(&s.mu)
	for _, piece := range pieces {
		s.pieces = append(s.pieces, []byte(piece))
	}
	return s
}

// Read implements [net.Conn].
func (s *script) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.ended:
			return 0, net.ErrClosed
		case s.due:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(s.pieces) > 0:
			n := copy(p, s.pieces[0])
			if s.pieces[0] = s.pieces[0][n:]; len(s.pieces[0]) == 0 {
				s.pieces = s.pieces[1:]
			}
			return n, nil
		case !s.stays || s.left:
			return 0, io.EOF
		}
		s.moved.Wait()
	}
}

// Write implements [net.Conn].
func (s *script) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return 0, net.ErrClosed
	}
	s.moved.Broadcast()
	return s.answers.Write(p)
}

// Close implements [net.Conn].
func (s *script) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		close(s.closed)
	}
	s.moved.Broadcast()
	return nil
}

// SetReadDeadline implements [net.Conn]: a moment that is past wakes who reads.
func (s *script) SetReadDeadline(moment time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = !moment.IsZero() && !moment.After(time.Now())
	s.moved.Broadcast()
	return nil
}

// hasLeft implements view.
func (s *script) hasLeft() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left
}

func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 4711} }

// answered is what the server had said when it closed the connection.
func (s *script) answered() string {
	<-s.closed
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers.String()
}

// callers is a listener whose connections are scripts.
type callers struct {
	next   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newCallers() *callers {
	return &callers{next: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *callers) Accept() (net.Conn, error) {
	select {
	case conn := <-l.next:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *callers) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *callers) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// standardServer is one as the app makes it.
func standardServer(handler http.HandlerFunc, out io.Writer) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: handler, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: log.New(out, "", 0),
	}
}

// place is a served listener in memory.
type place struct {
	callers *callers
	log     *record
	server  server
}

// server is one of both.
type server interface {
	Serve(net.Listener) error
	Close() error
}

// record is a log that may be written and read at once.
type record struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func serveFront(t testing.TB, handler http.HandlerFunc) *place {
	t.Helper()
	out := &record{}
	p := &place{callers: newCallers(), log: out, server: New(standardServer(handler, out))}
	p.start(t)
	return p
}

func serveStandard(t testing.TB, handler http.HandlerFunc) *place {
	t.Helper()
	out := &record{}
	p := &place{callers: newCallers(), log: out, server: standardServer(handler, out)}
	p.start(t)
	return p
}

func (p *place) start(t testing.TB) {
	served := make(chan error, 1)
	go func() { served <- p.server.Serve(p.callers) }()
	t.Cleanup(func() {
		p.server.Close()
		<-served
	})
}

// say has a caller say something, piece by piece, and end; it gives what the
// server answered until it closed.
func (p *place) say(pieces ...string) string {
	s := newScript(pieces...)
	p.callers.next <- s
	return s.answered()
}
