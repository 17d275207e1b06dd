package agent

import (
	"context"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Absent says why no tunnel to any of some agents stands here, and what to do.
func (r *Registry) Absent(ctx context.Context, agents []string) error {
	known := r.table.Load().byName
	for _, name := range agents {
		if _, ok := known[name]; !ok {
			return fault.New(api.CodeNeedsConfiguration, "there is no agent named %q", clip(name)).
				WithHint("make it: valetkey agent add %s; or correct api.agent", clip(name))
		}
	}
	names := strings.Join(agents, ", ")
	standing, err := r.standing(ctx)
	for _, t := range standing {
		for _, name := range agents {
			if err == nil && t.Agent == name && t.Node != r.Node {
				return fault.New(api.CodeUnavailable, "the agent %s is connected to the node %s, not to this one, %s", name, t.Node, r.Node).
					WithHint("start it with the URL of every node: valetkey agent run --url NODE1 --url NODE2 …")
			}
		}
	}
	return fault.New(api.CodeUnavailable, "the agent %s is not connected", names).
		WithHint("start it in its network: valetkey agent run --url URL --token TOKEN --allow HOST:PORT; valetkey agent list shows when it is there")
}
