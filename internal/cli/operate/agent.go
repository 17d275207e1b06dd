package operate

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Agent is valetkey agent.
func (p Commands) Agent() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Reach APIs in a private network through a program there",
		Long: `An agent runs inside a private network and dials out to the server. Connections
that name it (api.agent) reach their API through it, and nothing in that network
has to be opened. The agent itself decides what may be reached.

At the server:  valetkey agent add plant
There:          valetkey agent run --url https://valetkey.example.com --allow erp.contoso.internal:443`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.agentAddCommand(), p.agentListCommand(), p.agentRemoveCommand(), p.agentRunCommand())
	return cmd
}

func (p Commands) agentAddCommand() *cobra.Command {
	var spec api.AgentSpec
	var hosts []string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an agent and print its token, this once",
		Long: `Make an agent and print the token that it is started with. It is shown this
once; Valetkey keeps only its hash.

With --host all requests to that host go through the agent, those for tokens and
for discovery too: for an authorization server inside the network.`,
		Args: cobra.ExactArgs(1),
		Example: `  valetkey agent add plant >agent-token
  valetkey agent add plant --host sso.contoso.internal --description "the plant in Graz"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			spec.Name, spec.Hosts = args[0], hosts
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				added, err := s.AddAgent(cmd.Context(), spec)
				if err != nil {
					return err
				}
				if p.Flags.Output != "table" {
					return p.Print(added, nil)
				}
				p.Note("the token of the agent %s is shown this once; start it in its network with\n  VALETKEY_AGENT_TOKEN=… valetkey agent run --url URL --allow HOST:PORT", added.Name)
				_, err = fmt.Fprintln(p.Streams.Out, string(added.Token))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&spec.Description, "description", "", "where it is, for people")
	cmd.Flags().StringArrayVar(&hosts, "host", nil, "a host all of whose requests go through it, or *.DOMAIN; may be repeated")
	return cmd
}

func (p Commands) agentListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the agents, and whether they are connected",
		Args:    cobra.NoArgs,
		Example: "  valetkey agent list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				var list api.AgentList
				var err error
				if list.Agents, err = prompt.Collect(s.Agents(cmd.Context())); err != nil {
					return err
				}
				if len(list.Agents) == 0 && p.Flags.Output == "table" {
					p.Note("no agents yet\nhint: valetkey agent add NAME")
					return nil
				}
				return p.Print(list, func(w io.Writer) { p.agentTable(w, list.Agents) })
			})
		},
	}
}

// agentTable shows a line for each tunnel, and one for each agent without any.
func (p Commands) agentTable(w io.Writer, agents []api.Agent) {
	console.Row(w, "NAME", "STATE", "SINCE", "SEEN", "FROM", "VERSION", "NODE", "ALLOWS")
	for _, a := range agents {
		if len(a.Tunnels) == 0 {
			console.Row(w, a.Name, string(a.State), "-", "-", "-", "-", "-", "-")
		}
		for _, t := range a.Tunnels {
			allows := strings.Join(t.Allow, " ")
			if allows == "" {
				allows = "nothing"
			}
			console.Row(w, a.Name, string(a.State), p.When(&t.ConnectedAt), p.When(&t.LastSeenAt), t.Address, t.Version, t.Node, allows)
		}
	}
}

func (p Commands) agentRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "remove NAME",
		Short:   "End an agent at once",
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey agent remove plant",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := s.RemoveAgent(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.Note("agent %s is removed; its token opens no tunnel any more", args[0])
				return nil
			})
		},
	}
}
