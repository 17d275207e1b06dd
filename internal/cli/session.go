package cli

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/app"
)

// engine is what a command needs of the server that it is for itself.
type engine interface {
	OperatorHandler() http.Handler
	ListenCallback(ctx context.Context) (stop func(context.Context) error, err error)
	Close(ctx context.Context) error
}

// session is one way in.
type session struct {
	*client.Client
	own engine // nil when a server does the work
}

// closeGrace is how long a command that did the work itself waits for what is
// still being written.
const closeGrace = 10 * time.Second

// open finds Valetkey: by URL, by the socket in the data directory, or by
// opening the data directory in this process.
func (p *program) open(ctx context.Context) (*session, error) {
	c, err := p.running(ctx)
	if c != nil || err != nil {
		return &session{Client: c}, err
	}
	config, err := p.appConfig(serverFlags{})
	if err != nil {
		return nil, err
	}
	own, err := app.Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return &session{Client: client.NewForHandler(own.OperatorHandler()), own: own}, nil
}

// running is the client of a server that runs, or nil when none does.
func (p *program) running(ctx context.Context) (*client.Client, error) {
	if server := p.setting(p.flags.url, "VALETKEY_URL"); server != "" {
		key, err := p.secretSetting(p.flags.key, "VALETKEY_KEY")
		if err != nil {
			return nil, err
		}
		c, err := client.New(client.Options{URL: server, Key: key})
		return c, inConfiguration(err)
	}
	dir, err := p.dataDir()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, client.SocketName)
	if !answers(ctx, path) {
		return nil, nil
	}
	socket := url.URL{Scheme: "unix", Path: filepath.ToSlash(path)}
	return client.New(client.Options{URL: socket.String()})
}

// answers reports whether somebody accepts on the socket. A server that was
// killed leaves a socket that nobody answers.
func answers(ctx context.Context, path string) bool {
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// close writes what is buffered when the work was done here.
func (s *session) close(ctx context.Context) error {
	if s == nil || s.own == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	return s.own.Close(ctx)
}

// with opens a session for the time of do.
func (p *program) with(ctx context.Context, do func(*session) error) (err error) {
	s, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if closed := s.close(ctx); err == nil {
			err = closed
		}
	}()
	return do(s)
}
