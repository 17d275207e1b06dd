package tunnel

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// dialLimit bounds how long the agent tries to reach a host.
const dialLimit = 10 * time.Second

// door is the agent's end of each stream: it dials what is allowed and passes
// bytes both ways.
type door struct {
	allow AllowList
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	log   *slog.Logger
}

// ServeHTTP implements [http.Handler] for CONNECT (RFC 9113 section 8.5).
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := r.Host
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
		return
	}
	if !d.allow.Allows(to) {
		d.log.Warn("refused: it is not on the list; add --allow "+to+" if requests may go there", slog.String("to", to))
		http.Error(w, "not allowed", http.StatusForbidden)
		return
	}
	ctx, done := context.WithTimeout(r.Context(), dialLimit)
	target, err := d.dial(ctx, "tcp", to)
	done()
	if err != nil {
		d.log.Warn("cannot be reached", slog.String("to", to), slog.String("reason", plain(err)))
		http.Error(w, plain(err), http.StatusBadGateway)
		return
	}
	d.log.Debug("connected", slog.String("to", to))
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush() // an error shows with the first byte
	join(w, r, target)
}

// join passes bytes both ways. When the host ends in good order, so does the
// stream; when it breaks off, the stream is reset, so that nobody takes what
// came for the whole. It returns when the way back has ended.
func join(w http.ResponseWriter, r *http.Request, target net.Conn) {
	defer target.Close()
	go func() {
		_, err := io.Copy(target, r.Body)
		half, ok := target.(interface{ CloseWrite() error })
		if err != nil || !ok || half.CloseWrite() != nil {
			_ = target.Close()
		}
	}()
	_, err := io.Copy(flushing{w, http.NewResponseController(w)}, target)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// flushing sends each write at once.
type flushing struct {
	io.Writer
	control *http.ResponseController
}

// Write implements [io.Writer].
func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}

// plain says in words why a host cannot be reached.
func plain(err error) string {
	var dns *net.DNSError
	var late net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host"
	case errors.As(err, &dns):
		return "the name cannot be resolved"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "it refused the connection"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route to it"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return "it did not accept the connection in time"
	}
	return "it cannot be reached"
}
