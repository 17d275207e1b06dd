package tunnel

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const streamBuffer = 32 << 10 // bytes

// stream is one stream of a tunnel as a [net.Conn]. Deadlines need a reader of
// its own, which stays one buffer ahead. Like a socket's, what has come can be
// read though the deadline is over: whoever looks whether a connection is quiet
// learns that it is not.
type stream struct {
	to   string
	up   *io.PipeWriter // what is sent
	body io.ReadCloser  // what comes
	drop func()         // resets the stream
	lost func() error   // why the tunnel broke, once it has

	mu       sync.Mutex
	changed  sync.Cond
	data     []byte // read ahead
	err      error  // what ended the way back
	deadline time.Time
	alarm    *time.Timer
	late     *time.Timer // ends a write
	overdue  atomic.Bool // it did
	closed   bool
}

func newStream(to string, up *io.PipeWriter, body io.ReadCloser, drop func(), lost func() error) *stream {
	s := &stream{to: to, up: up, body: body, drop: drop, lost: lost}
	s.changed.L = &s.mu
	go s.pump()
	return s
}

// pump reads ahead, one buffer at a time.
func (s *stream) pump() {
	buffer := make([]byte, streamBuffer)
	for {
		n, err := s.body.Read(buffer)
		s.mu.Lock()
		s.data = buffer[:n]
		if err != nil && err != io.EOF { //nolint:errorlint // a body's end is never wrapped
			err = s.explain(err)
		}
		s.err = err
		s.changed.Broadcast()
		for len(s.data) > 0 && !s.closed {
			s.changed.Wait()
		}
		over := s.err != nil || s.closed
		s.mu.Unlock()
		if over {
			return
		}
	}
}

// explain gives the reason of the tunnel's end in place of a stream's.
func (s *stream) explain(err error) error {
	if lost := s.lost(); lost != nil {
		return lost
	}
	return err
}

// Read implements [net.Conn].
func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, net.ErrClosed
		case len(s.data) > 0:
			n := copy(p, s.data)
			s.data = s.data[n:]
			if len(s.data) == 0 {
				s.changed.Broadcast()
			}
			return n, nil
		case s.err != nil:
			return 0, s.err
		case !s.deadline.IsZero() && !time.Now().Before(s.deadline):
			return 0, os.ErrDeadlineExceeded
		}
		s.changed.Wait()
	}
}

// Write implements [net.Conn].
func (s *stream) Write(p []byte) (int, error) {
	n, err := s.up.Write(p)
	switch {
	case err != nil && s.overdue.Load():
		err = os.ErrDeadlineExceeded
	case err != nil:
		err = s.explain(err)
	}
	return n, err
}

// CloseWrite ends the way there and leaves the way back open.
func (s *stream) CloseWrite() error { return s.up.Close() }

// Close implements [net.Conn].
func (s *stream) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, timer := range []*time.Timer{s.alarm, s.late} {
		if timer != nil {
			timer.Stop()
		}
	}
	s.changed.Broadcast()
	s.mu.Unlock()
	_ = s.up.CloseWithError(net.ErrClosed)
	s.drop()
	return s.body.Close()
}

// LocalAddr implements [net.Conn].
func (s *stream) LocalAddr() net.Addr { return address("tunnel") }

// RemoteAddr implements [net.Conn].
func (s *stream) RemoteAddr() net.Addr { return address(s.to) }

// SetDeadline implements [net.Conn].
func (s *stream) SetDeadline(t time.Time) error {
	_ = s.SetWriteDeadline(t)
	return s.SetReadDeadline(t)
}

// SetReadDeadline implements [net.Conn].
func (s *stream) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	if s.alarm != nil {
		s.alarm.Stop()
	}
	if !t.IsZero() {
		s.alarm = time.AfterFunc(time.Until(t), s.wake)
	}
	return nil
}

func (s *stream) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
}

// SetWriteDeadline implements [net.Conn]. What was half written cannot be gone
// on with, so that the way there ends when it passes.
func (s *stream) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.late != nil {
		s.late.Stop()
	}
	if !t.IsZero() {
		s.late = time.AfterFunc(time.Until(t), func() {
			s.overdue.Store(true)
			_ = s.up.CloseWithError(os.ErrDeadlineExceeded)
		})
	}
	return nil
}
