package arrange

import (
	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/schema"
)

// Schema is valetkey schema.
func (p Commands) Schema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema [manifest|provider]",
		Short: "Print the JSON Schema of the YAML files, for editors",
		Long: `Print the JSON Schema (draft 2020-12) of the files that valetkey apply takes, or
with provider of a file that holds one bare description. An editor with a YAML
language server then completes keys and marks mistakes:

  # yaml-language-server: $schema=valetkey.schema.json`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []string{"manifest", "provider"},
		Example:   "  valetkey schema > valetkey.schema.json",
		RunE: func(_ *cobra.Command, args []string) error {
			write := schema.Manifest
			switch {
			case len(args) == 0 || args[0] == "manifest":
			case args[0] == "provider":
				write = schema.Provider
			default:
				return prompt.Usage("valetkey schema, or valetkey schema provider", "there is no schema of %q", args[0])
			}
			text, err := write()
			if err == nil {
				_, err = p.Streams.Out.Write(text)
			}
			return err
		},
	}
}
