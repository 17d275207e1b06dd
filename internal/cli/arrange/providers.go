package arrange

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Providers is valetkey providers.
func (p Commands) Providers() *cobra.Command {
	return &cobra.Command{
		Use:   "providers [NAME]",
		Short: "List the OAuth servers known here, or show one",
		Long: `List the providers: those shipped with Valetkey and your own. With a name, show
that provider in full, as YAML that valetkey apply takes under providers.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.CompleteProviders,
		Example:           "  valetkey providers\n  valetkey providers microsoft",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if len(args) == 1 {
					return p.showProvider(cmd, s, args[0])
				}
				var list api.ProviderList
				var err error
				if list.Providers, err = prompt.Collect(s.Providers.List(cmd.Context())); err != nil {
					return err
				}
				return p.Print(list, func(w io.Writer) {
					console.Row(w, "NAME", "TITLE", "FROM")
					for _, provider := range list.Providers {
						from := "you"
						if provider.BuiltIn {
							from = "valetkey"
						}
						console.Row(w, provider.Name, console.OrDash(provider.Title), from)
					}
				})
			})
		},
	}
}

func (p Commands) showProvider(cmd *cobra.Command, s *prompt.Session, name string) error {
	provider, err := s.Providers.Get(cmd.Context(), name)
	if err != nil {
		return err
	}
	if p.Flags.Output != "table" {
		return p.Print(provider, nil)
	}
	provider.Name, provider.BuiltIn = "", false
	return console.WriteYAML(p.Streams.Out, map[string]map[string]api.Provider{"providers": {name: provider}})
}
