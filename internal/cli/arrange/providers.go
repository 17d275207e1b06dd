package arrange

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Providers is valetkey providers.
func (p Commands) Providers() *cobra.Command {
	var search string
	cmd := &cobra.Command{
		Use:   "providers [NAME]",
		Short: "List the OAuth servers known here, or show one",
		Long: `List the providers: those shipped with Valetkey and your own. With a name, show
that provider in full, as YAML that valetkey apply takes under providers.

CHECKED says how far a description was checked: tried against the live provider,
documented by the vendor, collected from public descriptions, or unverified,
where one weak source is all there is: compare it with the vendor's page first.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.CompleteProviders,
		Example:           "  valetkey providers\n  valetkey providers --search \"mail marketing\"\n  valetkey providers microsoft\n  valetkey providers lint contoso.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && search != "" {
				return prompt.Usage("valetkey providers --search WORDS", "a name and --search exclude each other")
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if len(args) == 1 {
					return p.showProvider(cmd, s, args[0])
				}
				return p.listProviders(cmd, s, search)
			})
		},
	}
	cmd.Flags().StringVar(&search, "search", "", "only those with all these `WORDS` in their name, title or tags")
	cmd.AddCommand(p.lintProviders())
	return cmd
}

func (p Commands) listProviders(cmd *cobra.Command, s *prompt.Session, search string) error {
	var list api.ProviderList
	var err error
	if list.Providers, err = prompt.Collect(s.Providers.Search(cmd.Context(), search)); err != nil {
		return err
	}
	if len(list.Providers) == 0 && p.Flags.Output == "table" {
		p.Note("no provider has all of %q; fewer words find more, and docs/add-a-provider.md says how to describe one", search)
		return nil
	}
	return p.Print(list, func(w io.Writer) {
		console.Row(w, "NAME", "TITLE", "CHECKED", "FROM")
		for _, provider := range list.Providers {
			from := "you"
			if provider.BuiltIn {
				from = "valetkey"
			}
			console.Row(w, provider.Name, console.OrDash(provider.Title), console.OrDash(verification(provider)), from)
		}
	})
}

func verification(p api.Provider) string {
	if p.Provenance == nil {
		return ""
	}
	return p.Provenance.Verification
}

func (p Commands) showProvider(cmd *cobra.Command, s *prompt.Session, name string) error {
	provider, err := s.Providers.Get(cmd.Context(), name)
	if err != nil {
		return err
	}
	if p.Flags.Output != "table" {
		return p.Print(provider, nil)
	}
	if said := provenance(provider); said != "" {
		if _, err := fmt.Fprintln(p.Streams.Out, "#", said); err != nil {
			return err
		}
	}
	provider.Name, provider.BuiltIn = "", false
	return console.WriteYAML(p.Streams.Out, map[string]map[string]api.Provider{"providers": {name: provider}})
}

// provenance says in a line where a description comes from and how far to trust it.
func provenance(p api.Provider) string {
	from := p.Provenance
	if from == nil {
		return ""
	}
	said, known := map[string]string{
		api.VerificationTried:      "tried against the live provider",
		api.VerificationDocumented: "checked against the vendor's documentation",
		api.VerificationCollected:  "collected from public descriptions that agree; not checked against the vendor's own",
		api.VerificationUnverified: "UNVERIFIED: compare it with the vendor's documentation before you rely on it",
	}[from.Verification]
	if !known {
		return ""
	}
	if len(from.Sources) > 0 {
		said += "; source: " + strings.Join(from.Sources, ", ")
	}
	if from.Checked != "" {
		said += "; " + from.Checked
	}
	return said
}
