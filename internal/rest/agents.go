package rest

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/tunnel"
)

// Agents are the programs that lead into private networks; *agent.Registry has
// them.
type Agents interface {
	Add(ctx context.Context, spec api.AgentSpec) (api.NewAgent, error)
	List(ctx context.Context) ([]api.Agent, error)
	Remove(ctx context.Context, name string) error
	// Connect serves the request of an agent until its tunnel ends. It checks
	// the agent's token itself.
	Connect(w http.ResponseWriter, r *http.Request) error
}

// agentPage is one page of agents.
type agentPage struct {
	api.AgentList
	NextCursor string `json:"next_cursor,omitempty"`
}

// agentRoutes are those of agents.
func (s *Server) agentRoutes() []route {
	return []route{
		{"GET /v1/agents", settings, s.listAgents, op("Agents", "List agents", "With the tunnels that stand, on any node.").query(pageQuery{}).out(agentPage{})},
		{"POST /v1/agents", administer, s.addAgent, op("Agents", "Add an agent", "The answer shows the token that it is started with, this once.").in(api.AgentSpec{}).out(api.NewAgent{}).creates()},
		{"DELETE /v1/agents/{name}", administer, s.removeAgent, op("Agents", "Remove an agent", "Its tunnels end at once, and its token opens none any more.")},
		{"GET " + tunnel.Path, nil, s.connectAgent, op("Agents", "Open a tunnel", "For valetkey agent run alone: a WebSocket upgrade with the agent's token as bearer.").header()},
	}
}

func (s *Server) listAgents(w http.ResponseWriter, r *http.Request) error {
	if s.config.Agents == nil {
		return none("agents")
	}
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	all, err := s.config.Agents.List(r.Context())
	if err != nil {
		return err
	}
	items, next := window(all, page, func(a api.Agent) string { return a.Name })
	return answer(w, http.StatusOK, agentPage{AgentList: api.AgentList{Agents: present(items)}, NextCursor: next})
}

func (s *Server) addAgent(w http.ResponseWriter, r *http.Request) error {
	if s.config.Agents == nil {
		return none("agents")
	}
	var spec api.AgentSpec
	if err := decode(r, &spec, api.Agent{}); err != nil {
		return err
	}
	added, err := s.config.Agents.Add(r.Context(), spec)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, added)
}

func (s *Server) removeAgent(w http.ResponseWriter, r *http.Request) error {
	if s.config.Agents == nil {
		return none("agents")
	}
	return deleted(w, s.config.Agents.Remove(r.Context(), r.PathValue("name")))
}

func (s *Server) connectAgent(w http.ResponseWriter, r *http.Request) error {
	if s.config.Agents == nil {
		return none("agents")
	}
	return s.config.Agents.Connect(w, r)
}
