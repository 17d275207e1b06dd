package cli

import (
	"io"
	"iter"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/console"
)

func (p *program) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the connections and how they are",
		Args:    cobra.NoArgs,
		Example: "  valetkey list\n  valetkey list -o json | jq -r '.connections[] | select(.state != \"active\") | .name'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(s *session) error {
				list := api.ConnectionList{}
				var err error
				if list.Connections, err = collect(s.Connections.List(cmd.Context())); err != nil {
					return err
				}
				if len(list.Connections) == 0 && p.flags.output == "table" {
					p.note("no connections yet\nhint: valetkey connect NAME --provider PROVIDER; valetkey providers lists them")
					return nil
				}
				return p.print(list, func(w io.Writer) { p.connectionTable(w, list.Connections) })
			})
		},
	}
}

func (p *program) connectionTable(w io.Writer, connections []api.Connection) {
	console.Row(w, "NAME", "STATE", "CLIENT", "RENEWS", "TOKEN VALID UNTIL", "CAUSE")
	for _, c := range connections {
		cause := ""
		if c.Cause != nil {
			cause = c.Cause.Title
		}
		console.Row(w, c.Name, string(c.State), c.Client, console.YesNo(c.Renewable), p.when(c.ExpiresAt), cause)
	}
}

// collect reads a list to its end; nothing found is an empty list.
func collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	all := []T{}
	for item, err := range seq {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}
