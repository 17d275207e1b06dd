package connection

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// List is valetkey list.
func (p Commands) List() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the connections and how they are",
		Args:    cobra.NoArgs,
		Example: "  valetkey list\n  valetkey list -o json | jq -r '.connections[] | select(.state != \"active\") | .name'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				list := api.ConnectionList{}
				var err error
				if list.Connections, err = prompt.Collect(s.Connections.List(cmd.Context())); err != nil {
					return err
				}
				if len(list.Connections) == 0 && p.Flags.Output == "table" {
					p.Note("no connections yet\nhint: valetkey connect NAME --provider PROVIDER; valetkey providers lists them")
					return nil
				}
				return p.Print(list, func(w io.Writer) { p.connectionTable(w, list.Connections) })
			})
		},
	}
}

func (p Commands) connectionTable(w io.Writer, connections []api.Connection) {
	console.Row(w, "NAME", "STATE", "CLIENT", "RENEWS", "TOKEN VALID UNTIL", "CAUSE")
	for _, c := range connections {
		cause := ""
		if c.Cause != nil {
			cause = c.Cause.Title
		}
		console.Row(w, c.Name, string(c.State), c.Client, console.YesNo(c.Renewable), p.When(c.ExpiresAt), cause)
	}
}
