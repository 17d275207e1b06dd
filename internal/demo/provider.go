package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// Provider is the practice provider behind a listener.
type Provider struct {
	*sandbox.Server
	server *http.Server
	failed chan error
}

// StartProvider listens on the address first, since the issuer is the address
// it got; port 0 takes a free one. The caller ends it with Stop.
func StartProvider(ctx context.Context, listen string, config sandbox.Config) (*Provider, error) {
	var listeners net.ListenConfig
	listener, err := listeners.Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot listen on %s: %s", listen, listenReason(err)).
			WithHint("choose another address with --listen 127.0.0.1:0")
	}
	config.Issuer = "http://" + listener.Addr().String()
	s, err := sandbox.New(config)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	started := &Provider{
		Server: s,
		server: &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second},
		failed: make(chan error, 1),
	}
	go func() { started.failed <- started.server.Serve(listener) }()
	return started, nil
}

// Stop ends the listener; requests that hang on purpose are cut.
func (p *Provider) Stop() { _ = p.server.Close() }

// Wait returns nil when ctx ends, or the error that ended the listener before.
func (p *Provider) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

func listenReason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}
