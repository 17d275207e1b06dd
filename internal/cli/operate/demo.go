package operate

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
	"github.com/valetkey/valetkey/internal/cli/connection"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/demo"
)

// demoWait is how long a person may take in the browser.
const demoWait = 10 * time.Minute

const demoHelp = `Run everything once, on this machine, with no account anywhere: start the server
and a practice provider, register a client, authorize a connection, call the
API through it, let the token expire, call again, restart, and try to cheat.
Each step says what happened, what it proves, and where to look.

Your browser opens for the login and consent; with --yes the command fills in
those pages by itself. Afterwards the server stays up to be explored, unless
--once. The data is thrown away at the end, unless --data names a directory.`

// Demo is valetkey demo.
func (p Commands) Demo() *cobra.Command {
	var o demo.Options
	cmd := &cobra.Command{
		Use:     "demo",
		Short:   "See it all work in a few seconds, with a practice provider",
		Long:    demoHelp,
		Args:    cobra.NoArgs,
		Example: "  valetkey demo\n  valetkey demo --yes --once",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.demo(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.ByItself, "yes", false, "log in and consent by itself, without a browser")
	cmd.Flags().BoolVar(&o.Once, "once", false, "end when the steps are done")
	return cmd
}

func (p Commands) demo(ctx context.Context, o demo.Options) error {
	if p.Flags.Data != "" {
		return p.playDemo(ctx, o)
	}
	dir, err := os.MkdirTemp("", "valetkey-demo-") // the data of everyday is not for practice
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p.Flags.Data = dir
	if err := p.playDemo(ctx, o); err != nil || !o.Once {
		return err
	}
	_, err = fmt.Fprintln(p.Streams.Out, "The data of this run is gone; to look around with the commands above, leave --once out.")
	return err
}

func (p Commands) playDemo(ctx context.Context, o demo.Options) (err error) {
	if o.Server, err = p.AppConfig(prompt.ServerFlags{}); err != nil {
		return err
	}
	o.Server.Database = "" // practice leaves the database of everyday alone
	o.Out, o.Browser = p.Streams.Out, p.Env.Browser
	o.Await = func(ctx context.Context, c *client.Client, name string, a api.Authorization) error {
		return connection.Commands{Prompt: p.Prompt}.Await(ctx, &prompt.Session{Client: c}, connection.Pending{Connection: name, Authorization: a, Wait: demoWait})
	}
	return demo.Run(ctx, o)
}
