package front

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Server serves one listener. Make it with [New].
type Server struct {
	standard *http.Server
	unusual  *handover
	buffers  sync.Pool // of *buffers

	closing atomic.Bool
	serving sync.WaitGroup // connections

	mu       sync.Mutex // guards what follows, and that nothing is added once closing
	listener net.Listener
	conns    map[*conn]struct{}
}

// New makes a Server in front of a standard one, which must not be served
// otherwise. Its Handler, ReadHeaderTimeout, IdleTimeout and ErrorLog count
// here too; a request whose head is larger than its MaxHeaderBytes, and all
// else, is for it to judge.
func New(standard *http.Server) *Server {
	s := &Server{standard: standard, unusual: newHandover(), conns: make(map[*conn]struct{})}
	s.buffers.New = func() any { return newBuffers() }
	return s
}

// Serve answers the requests that come through a listener, until [Server.Shutdown]
// or [Server.Close]; it returns [http.ErrServerClosed] then. Call it once.
func (s *Server) Serve(listener net.Listener) error {
	if !s.open(listener) {
		listener.Close()
		return http.ErrServerClosed
	}
	s.unusual.address = listener.Addr()
	failed := make(chan error, 2)
	go func() { failed <- s.standard.Serve(s.unusual) }()
	go func() { failed <- s.accept(listener) }()
	err := <-failed
	listener.Close()
	if s.closing.Load() {
		return http.ErrServerClosed
	}
	return err
}

func (s *Server) open(listener net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.listener = listener
	return true
}

// How long is waited when no connection can be accepted, as when too many files
// are open.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

func (s *Server) accept(listener net.Listener) error {
	pause := time.Duration(0)
	for {
		raw, err := listener.Accept()
		switch {
		case err == nil:
			pause = 0
			s.take(raw)
		case s.closing.Load():
			return http.ErrServerClosed
		case isTemporary(err):
			pause = min(max(2*pause, firstPause), longestPause)
			s.logf("http: Accept error: %v; retrying in %v", err, pause)
			time.Sleep(pause)
		default:
			return err
		}
	}
}

// isTemporary asks the listener, as the standard server does.
func isTemporary(err error) bool {
	asked, ok := err.(net.Error)   //nolint:errorlint // package net gives it as it came
	return ok && asked.Temporary() //nolint:staticcheck // there is no other word for it
}

// take serves a new connection.
func (s *Server) take(raw net.Conn) {
	view := viewOf(raw)
	if view == nil {
		s.unusual.give(raw)
		return
	}
	c := newConn(s, raw, view)
	if !s.add(c) {
		raw.Close()
		return
	}
	go c.serve()
}

func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[c] = struct{}{}
	s.serving.Add(1)
	return true
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.serving.Done()
}

// Shutdown stops listening, closes idle connections and waits for the requests
// under way, at most until the context ends. See [http.Server.Shutdown].
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.stop((*conn).closeIdle)
	standard := make(chan error, 1)
	go func() { standard <- s.standard.Shutdown(ctx) }()
	done := make(chan struct{})
	go func() { s.serving.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		return errors.Join(err, ctx.Err())
	}
	return errors.Join(err, <-standard)
}

// Close ends everything at once. See [http.Server.Close].
func (s *Server) Close() error {
	return errors.Join(s.stop((*conn).cut), s.standard.Close())
}

// stop ends the listener and has each connection end in a way.
func (s *Server) stop(end func(*conn)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing.Store(true)
	var err error
	if s.listener != nil {
		err = s.listener.Close()
		s.listener = nil
	}
	s.unusual.close()
	for c := range s.conns {
		end(c)
	}
	return err
}

func (s *Server) logf(format string, args ...any) {
	if s.standard.ErrorLog != nil {
		s.standard.ErrorLog.Printf(format, args...)
		return
	}
	log.Printf(format, args...)
}
