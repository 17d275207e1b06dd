package operate

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Version is valetkey version.
func (p Commands) Version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Args:    cobra.NoArgs,
		Example: "  valetkey version\n  valetkey version -o json",
		RunE: func(*cobra.Command, []string) error {
			v := p.BuildInfo()
			return p.Print(v, func(w io.Writer) {
				fmt.Fprintf(w, "valetkey %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
			})
		},
	}
}
