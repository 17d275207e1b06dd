package app

import (
	"context"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/internal/agent"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/store/agents"
	"github.com/valetkey/valetkey/internal/tunnel"
)

// lead is the ways into private networks, as package egress takes them.
type lead struct {
	agents *agent.Registry
	hub    *tunnel.Hub
}

// Through implements [egress.Agents].
func (l lead) Through(host string) []string { return l.agents.Through(host) }

// Dial implements [egress.Agents].
func (l lead) Dial(ctx context.Context, agents []string, address string) (net.Conn, error) {
	return l.hub.Dial(ctx, agents, address)
}

// egress reads the agents and makes the way out, which may lead through them.
func (a *App) egress(ctx context.Context) (_ *egress.Egress, err error) {
	a.hub = &tunnel.Hub{Clock: tunnel.Clock{Now: a.config.Now}}
	a.agents, err = agent.New(ctx, agent.Config{
		Store:   agents.Desk{DB: a.store},
		Hub:     a.hub,
		Node:    nodeName(),
		Version: a.config.Version.Version,
		Note:    a.audit.Record,
		Now:     a.config.Now,
		Logger:  a.config.Log,
	})
	if err != nil {
		return nil, err
	}
	return a.config.egress(a.lead)
}

// nodeName is this process's for people: its machine, and its number there.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return host + "/" + strconv.Itoa(os.Getpid())
}

// beat writes down which agents are connected here until the context ends.
func (s *Server) beat(ctx context.Context) {
	if err := s.agents.Open(ctx, !s.store.Shared()); err != nil && ctx.Err() == nil {
		s.config.Log.Warn("agents of an earlier process are listed for a while", slog.Any("error", err))
	}
	ticker := time.NewTicker(agent.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.agents.Beat(ctx); err != nil && ctx.Err() == nil {
				s.config.Log.Warn("it is not written which agents are connected", slog.Any("error", err))
			}
		}
	}
}
