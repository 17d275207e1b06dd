package cli

import (
	"context"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
)

// completionLimit is how long a person waits for a completion.
const completionLimit = 2 * time.Second

func (p *program) completeConnections(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return complete(p, cmd, func(ctx context.Context, s *session) iter.Seq2[api.Connection, error] { return s.Connections.List(ctx) },
		func(c api.Connection) string { return c.Name + "\t" + string(c.State) })
}

func (p *program) completeClients(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return complete(p, cmd, func(ctx context.Context, s *session) iter.Seq2[api.Client, error] { return s.Clients.List(ctx) },
		func(c api.Client) string { return c.Name + "\t" + c.Provider })
}

func (p *program) completeProviders(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return complete(p, cmd, func(ctx context.Context, s *session) iter.Seq2[api.Provider, error] { return s.Providers.List(ctx) },
		func(c api.Provider) string { return c.Name + "\t" + c.Title })
}

// complete lists names for the shell. It says nothing when it cannot, and
// makes no data directory where there was none.
func complete[T any](p *program, cmd *cobra.Command, list func(context.Context, *session) iter.Seq2[T, error], name func(T) string) ([]string, cobra.ShellCompDirective) {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionLimit)
	defer cancel()
	if p.setting(p.flags.url, "VALETKEY_URL") == "" {
		dir, err := p.dataDir()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if _, err := os.Stat(dir); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	var names []string
	_ = p.with(ctx, func(s *session) error {
		for item, err := range list(ctx, s) {
			if err != nil {
				return err
			}
			names = append(names, name(item))
		}
		return nil
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
