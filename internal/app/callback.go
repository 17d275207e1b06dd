package app

import (
	"context"
	"errors"
	"net"
	"net/http"
)

// ListenCallback serves the callback on the listen address for a command that
// runs without a server, so that the redirect URI is the same either way.
func (a *App) ListenCallback(ctx context.Context) (stop func(context.Context) error, err error) {
	listener, err := net.Listen("tcp", a.config.Listen)
	if err != nil {
		return nil, badListen(a.config.Listen, err)
	}
	server := &http.Server{Handler: a.handler, ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeader}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	return func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
