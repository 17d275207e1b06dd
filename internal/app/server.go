package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/front"
	"github.com/valetkey/valetkey/internal/heap"
	"github.com/valetkey/valetkey/internal/sweeper"
)

const (
	// headerTimeout bounds how slowly a caller may send its request's header.
	headerTimeout = 10 * time.Second
	// idleTimeout is how long a caller's connection is kept between requests.
	idleTimeout = 2 * time.Minute
	// maxHeader bounds a request's header, in bytes. What package rest takes is
	// less; up to here its answer names the limit.
	maxHeader = 1 << 20
	// maxStreams bounds the requests of one HTTP/2 connection at once, and with
	// it what a caller can cause that opens and resets them without end.
	maxStreams = 250
	// grace is how long requests and renewals may go on once the server is told to stop.
	grace = 20 * time.Second
	// flushEvery is how often what is buffered is written.
	flushEvery = 5 * time.Second
	// tidyEvery is how often what is no longer needed is removed.
	tidyEvery = time.Hour
	// maxSocketPath is what every system accepts as the path of a unix socket, in bytes.
	maxSocketPath = 100
)

// SocketFile is the name of the operator's socket in the data directory.
const SocketFile = "valetkey.sock"

// Server is an App with its listeners.
type Server struct {
	*App
	URL     string // where it listens
	network net.Listener
	socket  net.Listener // nil where the path is too long for one
}

// Listen binds the listeners and opens the App. It binds first: whoever cannot
// have the address has nothing to do with the data.
func Listen(ctx context.Context, config Config) (*Server, error) {
	config = Config.withListen(config)
	if err := makeDataDir(config.DataDir); err != nil {
		return nil, err
	}
	network, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return nil, badListen(config.Listen, err)
	}
	s := &Server{network: network, URL: "http://" + network.Addr().String()}
	if config.PublicURL == "" {
		config.PublicURL = s.URL
	}
	if s.socket, err = listenSocket(config); err != nil {
		return nil, errors.Join(err, network.Close())
	}
	if s.App, err = Open(ctx, config); err != nil {
		s.closeListeners()
		return nil, err
	}
	return s, nil
}

// withListen fills in the listen address alone: the public URL follows from
// the address that is bound.
func (c Config) withListen() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

func listenSocket(config Config) (net.Listener, error) {
	path := filepath.Join(config.DataDir, SocketFile)
	if len(path) > maxSocketPath {
		config.Log.Warn("no unix socket: its path would be too long; use --url and a key", slog.String("path", path))
		return nil, nil
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		if conn, dialErr := net.Dial("unix", path); dialErr == nil {
			_ = conn.Close()
			return nil, fault.New(api.CodeConflict, "a server already runs on the data directory %s", config.DataDir).
				WithHint("stop it, or choose another directory with --data DIR")
		}
		// Nobody answers: a server that was killed left the socket behind.
		if os.Remove(path) == nil {
			listener, err = net.Listen("unix", path)
		}
	}
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot make the socket %s: %s", path, reason(err)).
			WithHint("the data directory must be on a file system that has unix sockets")
	}
	return listener, os.Chmod(path, 0o600)
}

// Run serves until the context ends, then lets requests and renewals finish
// and closes everything. Call it once.
func (s *Server) Run(ctx context.Context) error {
	servers := map[*front.Server]net.Listener{front.New(s.httpServer(s.Handler())): s.network}
	if s.socket != nil {
		servers[front.New(s.httpServer(s.OperatorHandler()))] = s.socket
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, len(servers))
	for server, listener := range servers {
		go func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	var chores sync.WaitGroup
	chores.Go(func() { s.keepHouse(ctx) })
	chores.Go(func() { s.follow(ctx, s.store.Changes(ctx)) })
	chores.Go(func() { s.followLinks(ctx) })
	chores.Go(func() { s.beat(ctx) })
	if s.watcher != nil {
		chores.Go(func() { s.watch(ctx) })
	}
	if s.sweeper != nil {
		chores.Go(func() { s.sweep(ctx) })
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	cancel()
	chores.Wait()
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer done()
	var drained sync.WaitGroup // together: none accepts while another finishes
	for server := range servers {
		drained.Go(func() {
			if server.Shutdown(stop) != nil {
				_ = server.Close() // the grace is over: streams are cut
			}
		})
	}
	drained.Wait()
	return errors.Join(err, s.Close(stop))
}

func (s *Server) closeListeners() {
	_ = s.network.Close()
	if s.socket != nil {
		_ = s.socket.Close()
	}
}

func (s *Server) httpServer(handler http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // as servers in front speak it (RFC 9113 section 3.3)
	return &http.Server{
		Handler:           handler,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
	}
}

// sweep renews tokens ahead of need until the context ends.
func (s *Server) sweep(ctx context.Context) {
	ticker := time.NewTicker(sweeper.Every)
	defer ticker.Stop()
	s.sweeper.Run(ctx, ticker.C)
}

// keepHouse writes what is buffered and removes what is over.
func (s *Server) keepHouse(ctx context.Context) {
	flush, tidy, probe := time.NewTicker(flushEvery), time.NewTicker(tidyEvery), time.NewTicker(probeEvery)
	defer probe.Stop()
	defer flush.Stop()
	defer tidy.Stop()
	s.recount(ctx) // from now on somebody counts
	pace := heap.New()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			err = errors.Join(s.broker.Flush(ctx), s.keys.Flush(ctx), s.audit.Flush(ctx), s.keepMark(ctx))
			s.unwritten.Store(nil)
			if err != nil && ctx.Err() == nil {
				s.unwritten.Store(&err)
			}
			s.spill.Replay(ctx)
			s.rotate(ctx)
			s.recount(ctx)
			pace.Adjust()
		case <-s.audit.Full():
			err = s.audit.Flush(ctx)
		case <-tidy.C:
			err = errors.Join(s.broker.Tidy(ctx), s.operators.Tidy(ctx), s.links.Tidy(ctx), s.prune(ctx))
		case <-probe.C:
			s.probe(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("housekeeping failed; it is tried again", slog.Any("error", err))
		}
	}
}

// reason strips an operating system's error to its last words: the message
// around it names the file or address already.
func reason(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}
