package arrange

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/fault"
)

// lintProviders is valetkey providers lint. It needs no server and no data.
func (p Commands) lintProviders() *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check files with descriptions of providers",
		Long: `Check descriptions of providers: every mistake with file, line, column and the
nearest known key. A file holds one bare description, named like the file, or a
manifest with providers. Nothing is sent anywhere and nothing is changed.

The exit code is 0 when nothing is wrong, and 5 otherwise.`,
		Args:    cobra.MinimumNArgs(1),
		Example: "  valetkey providers lint contoso.yaml\n  valetkey providers lint providers/*.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			var mistakes []string
			for _, file := range args {
				n, err := lintFile(file)
				if err != nil {
					mistakes = append(mistakes, fault.As(err).Message)
					continue
				}
				p.Note("%s: %d described, nothing wrong", file, n)
			}
			if len(mistakes) == 0 {
				return nil
			}
			return prompt.InConfiguration(fault.New(api.CodeInvalid, "%s", strings.Join(mistakes, "\n")).
				WithHint("docs/providers.md has every key"))
		},
	}
}

// lintFile returns how many descriptions a file holds.
func lintFile(file string) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, prompt.Unreadable(file, err)
	}
	found, err := catalog.ParseFile(file, data)
	return len(found), err
}
