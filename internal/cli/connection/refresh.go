package connection

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// Refresh is valetkey refresh.
func (p Commands) Refresh() *cobra.Command {
	return p.actionCommand(&cobra.Command{
		Use:     "refresh NAME",
		Short:   "Renew a connection's token now",
		Long:    "Renew a connection's token now, whether or not it is due. Valetkey does this by\nitself; the command shows whether it works.",
		Example: "  valetkey refresh contoso-mail",
	}, func(ctx context.Context, s *prompt.Session, name string) (api.Connection, error) {
		return s.Refresh(ctx, name)
	})
}

// actionCommand completes a command that does one thing to a connection and
// shows how it is afterwards.
func (p Commands) actionCommand(cmd *cobra.Command, act func(context.Context, *prompt.Session, string) (api.Connection, error)) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.ValidArgsFunction = p.CompleteConnections
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return p.With(cmd.Context(), func(s *prompt.Session) error {
			c, err := act(cmd.Context(), s, args[0])
			if err != nil {
				return err
			}
			return p.Print(c, func(w io.Writer) { p.connectionDetail(w, c) })
		})
	}
	return cmd
}
