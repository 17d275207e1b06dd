package cli

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program",
		Args:    cobra.NoArgs,
		Example: "  valetkey version\n  valetkey version -o json",
		RunE: func(*cobra.Command, []string) error {
			v := p.version()
			return p.print(v, func(w io.Writer) {
				fmt.Fprintf(w, "valetkey %s (%s, %s/%s)\n", v.Version, v.Go, v.OS, v.Arch)
			})
		},
	}
}

// BuildVersion is the module version that the program was built from, as the
// Go toolchain recorded it; "devel" for a working tree.
func BuildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
