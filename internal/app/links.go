package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/link"
)

// webhookLimit bounds one delivery of a webhook.
const webhookLimit = 15 * time.Second

// makeLinks makes the connect links, and has them judge who authorizes.
func (a *App) makeLinks(out *egress.Egress) {
	a.links = link.New(link.Config{
		Broker:        a.broker,
		Store:         a.store,
		Journal:       a.spill,
		Seal:          a.keyring,
		HTTP:          out.Client(webhookLimit),
		PublicURL:     a.broker.PublicURL,
		ReturnOrigins: a.config.ReturnOrigins,
		Now:           a.config.Now,
		Log:           a.config.Log,
	})
	a.broker.Accept, a.broker.Consented = a.links.Accept, a.links.Consented
}

// followLinks looks after links until the context ends.
func (s *Server) followLinks(ctx context.Context) {
	ticker := time.NewTicker(link.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.links.Tick(ctx); err != nil && ctx.Err() == nil {
				s.config.Log.Error("connect links are not looked after; it is tried again", slog.Any("error", err))
			}
		}
	}
}
