package app

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ListenCallback serves the callback on the listen address for a command that
// runs without a server, so that the redirect URI is the same either way.
func (a *App) ListenCallback(ctx context.Context) (stop func(context.Context) error, err error) {
	listener, err := net.Listen("tcp", a.config.Listen)
	if err != nil {
		return nil, badListen(a.config.Listen, err)
	}
	answered := newAnswered(a.handler)
	server := &http.Server{Handler: answered, ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeader}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	return func(ctx context.Context) error {
		answered.wait(ctx)
		err := server.Shutdown(ctx)
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// lastPage is how long a browser that brought an answer has to fetch the page
// that says how it went. Nobody may be there any more.
const lastPage = 2 * time.Second

// answered knows whether the browser that brought the provider's answer has seen
// how it went: the outcome is known before that page is fetched.
type answered struct {
	next    http.Handler
	brought atomic.Bool
	seen    chan struct{}
	once    sync.Once
}

func newAnswered(next http.Handler) *answered {
	return &answered{next: next, seen: make(chan struct{})}
}

func (a *answered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/oauth/callback") {
		a.brought.Store(true)
	}
	a.next.ServeHTTP(w, r)
	if strings.Contains(r.URL.Path, "/oauth/done/") {
		a.once.Do(func() { close(a.seen) })
	}
}

// wait returns when the page was fetched, or will not be.
func (a *answered) wait(ctx context.Context) {
	if !a.brought.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastPage)
	defer cancel()
	select {
	case <-a.seen:
	case <-ctx.Done():
	}
}
