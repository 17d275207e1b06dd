package prompt

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

// CompleteConnections lists the names of connections for the shell.
func (p *Prompt) CompleteConnections(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return complete(p, cmd, func(ctx context.Context, s *Session) iter.Seq2[api.Connection, error] { return s.Connections.List(ctx) },
		func(c api.Connection) string { return c.Name + "\t" + string(c.State) })
}

// CompleteClients lists the names of clients for the shell.
func (p *Prompt) CompleteClients(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return complete(p, cmd, func(ctx context.Context, s *Session) iter.Seq2[api.Client, error] { return s.Clients.List(ctx) },
		func(c api.Client) string { return c.Name + "\t" + c.Provider })
}

// CompleteProviders lists the names of providers for the shell.
func (p *Prompt) CompleteProviders(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return complete(p, cmd, func(ctx context.Context, s *Session) iter.Seq2[api.Provider, error] { return s.Providers.List(ctx) },
		func(c api.Provider) string { return c.Name + "\t" + c.Title })
}

// complete lists names of one kind for the shell.
func complete[T any](p *Prompt, cmd *cobra.Command, list func(context.Context, *Session) iter.Seq2[T, error], name func(T) string) ([]string, cobra.ShellCompDirective) {
	return p.Complete(cmd, func(ctx context.Context, s *Session) ([]string, error) {
		var names []string
		for item, err := range list(ctx, s) {
			if err != nil {
				return names, err
			}
			names = append(names, name(item))
		}
		return names, nil
	})
}

// Complete lists names for the shell. It says nothing when it cannot, and
// makes no data directory where there was none.
func (p *Prompt) Complete(cmd *cobra.Command, list func(context.Context, *Session) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionLimit)
	defer cancel()
	if p.Setting(p.Flags.URL, "VALETKEY_URL") == "" {
		dir, err := p.DataDir()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if _, err := os.Stat(dir); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	var names []string
	_ = p.With(ctx, func(s *Session) (err error) {
		names, err = list(ctx, s)
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}
