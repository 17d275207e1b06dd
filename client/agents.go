package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// Agents walks the agents, with the tunnels that stand.
func (c *Client) Agents(ctx context.Context) iter.Seq2[api.Agent, error] {
	return pages[api.Agent](ctx, c, []string{"v1", "agents"}, "agents", nil)
}

// AddAgent makes an agent. The answer is the one time its token is shown.
func (c *Client) AddAgent(ctx context.Context, spec api.AgentSpec) (api.NewAgent, error) {
	var out api.NewAgent
	err := c.do(ctx, request{method: http.MethodPost, path: []string{"v1", "agents"}, body: spec}, &out)
	return out, err
}

// RemoveAgent ends an agent and its tunnels.
func (c *Client) RemoveAgent(ctx context.Context, name string) error {
	return c.do(ctx, request{method: http.MethodDelete, path: []string{"v1", "agents", name}}, nil)
}
