package cli

import "github.com/spf13/cobra"

func (p *program) deleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a connection and its tokens",
		Long: `Delete a connection and the tokens it holds. The provider is not told: revoke it
first where its grant should end there as well.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeConnections,
		Example:           "  valetkey revoke contoso-mail && valetkey delete contoso-mail",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(s *session) error {
				if err := s.Connections.Delete(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.note("connection %s is deleted", args[0])
				return nil
			})
		},
	}
}
