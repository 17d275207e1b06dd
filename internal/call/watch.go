package call

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/lifetime"
)

// defaultTimeout is how long the API may do nothing before its answer begins.
const defaultTimeout = 40 * time.Second

var errNoAnswer = errors.New("no answer in time")

// watch cancels an attempt when nothing moves for too long before the header
// of the answer is there. Afterwards only the caller's context ends it.
type watch struct {
	lifetime.Context
	timer   *time.Timer
	timeout time.Duration
	done    atomic.Bool
}

func startWatch(parent context.Context, timeout time.Duration) *watch {
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	w := &watch{timeout: timeout}
	w.Begin(parent)
	w.timer = time.AfterFunc(timeout, w.ring)
	return w
}

// ring ends the attempt, unless its answer came just when an upload had set the
// timer again.
func (w *watch) ring() {
	if !w.done.Load() {
		w.End(errNoAnswer)
	}
}

// progress starts the time again: a part of the body has gone out.
func (w *watch) progress() {
	if !w.done.Load() {
		w.timer.Reset(w.timeout)
	}
}

// answered ends the time limit.
func (w *watch) answered() {
	w.done.Store(true)
	w.timer.Stop()
}

// end ends the watch altogether.
func (w *watch) end() {
	w.answered()
	w.End(nil)
}

// fail ends the watch of an attempt that failed and says why it did.
func (w *watch) fail(err error, host string) error {
	timedOut := errors.Is(lifetime.Cause(&w.Context), errNoAnswer)
	w.end()
	if timedOut {
		return fault.Wrap(errNoAnswer, api.CodeUnreachable, "%s: no answer within %s", host, w.timeout).
			WithHint("if the API is known to be slow, raise api.timeout of the connection")
	}
	if shown := (*fault.Error)(nil); errors.As(err, &shown) {
		return err
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s: the call failed", host)
}

// body lets go of the attempt's context when the answer's body is closed. A
// body that can be written (a switched protocol) stays so.
func (w *watch) body(body io.ReadCloser) io.ReadCloser {
	held := watched{body, w}
	if writer, ok := body.(io.Writer); ok {
		return &watchedStream{held, writer}
	}
	return &held
}

type watched struct {
	io.ReadCloser
	watch *watch
}

// Close implements [io.Closer].
func (b *watched) Close() error {
	err := b.ReadCloser.Close()
	b.watch.End(nil)
	return err
}

type watchedStream struct {
	watched
	io.Writer
}

// CloseWrite ends the way to the API and leaves the way back open.
func (s *watchedStream) CloseWrite() error {
	if half, ok := s.Writer.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
