package arrange

import (
	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/connection"
)

// Import is valetkey import.
func (p Commands) Import() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Take over what you have elsewhere",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(connection.Commands{Prompt: p.Prompt}.ImportToken())
	return cmd
}
