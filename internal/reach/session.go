package reach

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/fault"
)

// Engine is what a command needs of the server that it is for itself.
type Engine interface {
	OperatorHandler() http.Handler
	ListenCallback(ctx context.Context) (stop func(context.Context) error, err error)
	Close(ctx context.Context) error
}

// Session is one way in.
type Session struct {
	*client.Client
	Own Engine // nil when a server does the work
}

// CloseGrace is how long a command that did the work itself waits for what is
// still being written.
const CloseGrace = 10 * time.Second

// dialTimeout bounds the question whether a server answers on the socket.
const dialTimeout = 2 * time.Second

// Way says where Valetkey may be.
type Way struct {
	URL    string     // a server to talk to over HTTP; "": the data directory's
	Key    string     // the key to show it
	Config app.Config // of the data directory, and for doing the work here
}

// Open finds Valetkey. Close the session when the command is done.
func Open(ctx context.Context, way Way) (*Session, error) {
	c, err := running(ctx, way)
	if c != nil || err != nil {
		return &Session{Client: c}, err
	}
	config, err := withPort(way.Config)
	if err != nil {
		return nil, err
	}
	own, err := app.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Session{Client: client.NewForHandler(own.OperatorHandler()), Own: own}, nil
}

// withPort chooses the port where any will do: the redirect URI names it before
// somebody listens there, which is while an authorization runs and no longer.
func withPort(config app.Config) (app.Config, error) {
	_, port, err := net.SplitHostPort(config.Listen)
	if err != nil || port != "0" || config.PublicURL != "" {
		return config, nil // what is no address, app.Open says
	}
	listener, err := net.Listen("tcp", config.Listen)
	if err != nil {
		return config, fault.Wrap(err, api.CodeNeedsConfiguration, "no port is free on %s", config.Listen).
			WithHint("choose another address with VALETKEY_LISTEN")
	}
	config.Listen = listener.Addr().String()
	return config, listener.Close()
}

// running is the client of a server that runs, or nil when none does.
func running(ctx context.Context, way Way) (*client.Client, error) {
	if way.URL != "" {
		return client.New(client.Options{URL: way.URL, Key: way.Key})
	}
	path := filepath.Join(way.Config.DataDir, client.SocketName)
	if !answers(ctx, path) {
		return nil, nil
	}
	socket := url.URL{Scheme: "unix", Path: filepath.ToSlash(path)}
	return client.New(client.Options{URL: socket.String()})
}

// answers reports whether somebody accepts on the socket. A server that was
// killed leaves a socket that nobody answers.
func answers(ctx context.Context, path string) bool {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// Close writes what is buffered when the work was done here.
func (s *Session) Close(ctx context.Context) error {
	if s == nil || s.Own == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), CloseGrace)
	defer cancel()
	return s.Own.Close(ctx)
}
