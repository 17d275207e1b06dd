package app

import (
	"context"
	"os"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/desired"
	"github.com/valetkey/valetkey/internal/manifest"
	"github.com/valetkey/valetkey/internal/watch"
)

// ApplyConfig says which files a server applies by itself.
type ApplyConfig struct {
	Path  string // a manifest, or a directory of them; "": none
	Prune bool   // delete what they do not name
}

// makeWatcher makes what applies files, where some are named.
func (a *App) makeWatcher() {
	if a.config.Apply.Path == "" {
		return
	}
	a.watcher = &watch.Watcher{
		Path:  a.config.Apply.Path,
		Prune: a.config.Apply.Prune,
		Env:   manifest.Environment{Getenv: os.Getenv, ReadFile: os.ReadFile},
		Apply: desired.Applier{Domain: a.broker}.Apply,
		Now:   a.config.Now,
		Log:   a.config.Log,
	}
}

// applied is how the server stands to the files it applies; nil: there are none.
func (a *App) applied() *api.ApplyStatus {
	if a.watcher == nil {
		return nil
	}
	status := a.watcher.Status()
	return &status
}

// watch keeps everything as the files say until the context ends.
func (s *Server) watch(ctx context.Context) {
	ticker := time.NewTicker(watch.Every)
	defer ticker.Stop()
	s.watcher.Run(ctx, ticker.C)
}
