package connection

import (
	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// Delete is valetkey delete.
func (p Commands) Delete() *cobra.Command {
	return &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a connection and its tokens",
		Long: `Delete a connection and the tokens it holds. The provider is not told: revoke it
first where its grant should end there as well.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example:           "  valetkey revoke contoso-mail && valetkey delete contoso-mail",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := s.Connections.Delete(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.Note("connection %s is deleted", args[0])
				return nil
			})
		},
	}
}
