package arrange

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/manifest"
)

// Export is valetkey export.
func (p Commands) Export() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print everything as YAML that apply takes, without secrets",
		Long: `Print your providers, clients and connections as YAML that valetkey apply takes.
Secrets and tokens are not in it; applied where the clients are already, each
keeps its secret.`,
		Args:    cobra.NoArgs,
		Example: "  valetkey export > valetkey.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				state, err := currentState(cmd.Context(), s)
				if err != nil {
					return err
				}
				desired := manifest.Export(state)
				if p.Flags.Output == "json" {
					encoder := json.NewEncoder(p.Streams.Out)
					encoder.SetIndent("", "  ")
					return encoder.Encode(desired)
				}
				text, err := desired.Encode()
				if err == nil {
					_, err = p.Streams.Out.Write(text)
				}
				return err
			})
		},
	}
}
