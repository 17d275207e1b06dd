package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
)

func (p *program) refreshCommand() *cobra.Command {
	return p.actionCommand(&cobra.Command{
		Use:     "refresh NAME",
		Short:   "Renew a connection's token now",
		Long:    "Renew a connection's token now, whether or not it is due. Valetkey does this by\nitself; the command shows whether it works.",
		Example: "  valetkey refresh contoso-mail",
	}, func(ctx context.Context, s *session, name string) (api.Connection, error) {
		return s.Refresh(ctx, name)
	})
}

// actionCommand completes a command that does one thing to a connection and
// shows how it is afterwards.
func (p *program) actionCommand(cmd *cobra.Command, act func(context.Context, *session, string) (api.Connection, error)) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.ValidArgsFunction = p.completeConnections
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return p.with(cmd.Context(), func(s *session) error {
			c, err := act(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			return p.print(c, func(w io.Writer) { p.connectionDetail(w, c) })
		})
	}
	return cmd
}
