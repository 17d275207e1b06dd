package connection

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/operation"
)

// Operations is valetkey operations.
func (p Commands) Operations() *cobra.Command {
	return &cobra.Command{
		Use:   "operations NAME [OPERATION]",
		Short: "List what a connection can run, or show one operation",
		Long: `List the named requests that a connection can run: those of its provider and its
own. With an operation's name, show the parameters it takes.`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: p.completeOperations,
		Example:           "  valetkey operations contoso-mail\n  valetkey operations contoso-mail list-messages",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				known, err := s.Operations(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				if len(args) == 2 {
					return p.showOperation(operation.Set{Connection: args[0], Operations: known}, args[1])
				}
				return p.listOperations(args[0], known)
			})
		},
	}
}

func (p Commands) listOperations(name string, known map[string]api.Operation) error {
	if len(known) == 0 && p.Flags.Output == "table" {
		p.Note("connection %s has no operations\nhint: describe some under operations of its provider or of the connection; docs/operations.md shows how", name)
		return nil
	}
	return p.Print(api.OperationList{Operations: known}, func(w io.Writer) {
		console.Row(w, "NAME", "REQUEST", "TITLE")
		for _, name := range slices.Sorted(maps.Keys(known)) {
			op := known[name]
			console.Row(w, name, operation.Method(op)+" "+op.Path, console.OrDash(op.Title))
		}
	})
}

func (p Commands) showOperation(set operation.Set, name string) error {
	op, err := set.Find(name)
	if err != nil {
		return err
	}
	return p.Print(op, func(w io.Writer) {
		console.Row(w, "name", name)
		console.Field(w, "title", op.Title)
		console.Field(w, "description", op.Description)
		console.Row(w, "request", operation.Method(op)+" "+op.Path)
		if op.Destructive {
			console.Row(w, "destructive", "what it does cannot be taken back")
		}
		console.Field(w, "scopes", strings.Join(op.Scopes, " "))
		console.Field(w, "docs", op.Docs)
		if len(op.Parameters) == 0 {
			return
		}
		console.Row(w)
		console.Row(w, "PARAMETER", "TYPE", "NEEDED", "DEFAULT", "WHAT IT IS")
		for _, key := range slices.Sorted(maps.Keys(op.Parameters)) {
			parameter := op.Parameters[key]
			console.Row(w, key, operation.TypeOf(parameter), console.YesNo(operation.Needs(op, key)),
				console.OrDash(operation.DefaultOf(parameter)), console.OrDash(parameter.Description))
		}
	})
}

// completeOperations lists connections, and then the operations of the one chosen.
func (p Commands) completeOperations(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return p.CompleteConnections(cmd, args, typed)
	}
	return p.Complete(cmd, func(ctx context.Context, s *prompt.Session) ([]string, error) {
		known, err := s.Operations(ctx, args[0])
		names := make([]string, 0, len(known))
		for _, name := range slices.Sorted(maps.Keys(known)) {
			names = append(names, name+"\t"+known[name].Title)
		}
		return names, err
	})
}
