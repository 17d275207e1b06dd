package operate

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Key is valetkey key.
func (p Commands) Key() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list and revoke the keys that callers show to Valetkey",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.keyCreateCommand(), p.keyListCommand(), p.keyRevokeCommand())
	return cmd
}

func (p Commands) keyCreateCommand() *cobra.Command {
	var connections []string
	var role string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a key and print it, this once",
		Long: `Make a key and print it. It is shown this once; Valetkey keeps only its hash.

Roles: operator may do everything; caller may call and fetch tokens of its
connections; proxy may call and never sees a token; viewer reads everything
but tokens.`,
		Args: cobra.ExactArgs(1),
		Example: `  valetkey key create report-job --connection contoso-mail --role proxy
  VALETKEY_KEY=$(valetkey key create ci --role viewer --expires 720h)`,
		RunE: func(cmd *cobra.Command, args []string) error {
			spec := api.KeySpec{Name: args[0], Role: api.Role(role), Connections: connections}
			if expires < 0 {
				return prompt.Usage("give a time ahead, such as --expires 720h", "--expires cannot be negative")
			}
			if expires > 0 {
				at := p.Env.Now().Add(expires)
				spec.ExpiresAt = &at
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				for _, name := range connections {
					if _, err := s.Connections.Get(cmd.Context(), name); prompt.IsCode(err, api.CodeNotFound) {
						p.Note("note: there is no connection %s yet; the key reaches it once it is made", name)
					}
				}
				key, err := s.Keys.Create(cmd.Context(), spec)
				if err != nil {
					return err
				}
				if p.Flags.Output != "table" {
					return p.Print(key, nil)
				}
				p.Note("key %s (%s) is shown this once:", key.Name, key.Role)
				_, err = fmt.Fprintln(p.Streams.Out, string(key.Secret))
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&connections, "connection", nil, "a connection it reaches; may be repeated (default: all)")
	flags.StringVar(&role, "role", string(api.RoleCaller), "what it may do: operator, caller, proxy or viewer")
	flags.DurationVar(&expires, "expires", 0, "how long it is good, such as 720h (default: for ever)")
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{"operator", "caller", "proxy", "viewer"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("connection", func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return p.CompleteConnections(cmd, nil, typed)
	})
	return cmd
}

func (p Commands) keyListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the keys, without the keys themselves",
		Args:    cobra.NoArgs,
		Example: "  valetkey key list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				var list api.KeyList
				var err error
				if list.Keys, err = prompt.Collect(s.Keys.List(cmd.Context())); err != nil {
					return err
				}
				if len(list.Keys) == 0 && p.Flags.Output == "table" {
					p.Note("no keys yet\nhint: valetkey key create NAME")
					return nil
				}
				return p.Print(list, func(w io.Writer) {
					console.Row(w, "NAME", "ROLE", "CONNECTIONS", "BEGINS WITH", "EXPIRES", "LAST USED")
					for _, key := range list.Keys {
						reach := "all"
						if len(key.Connections) > 0 {
							reach = strings.Join(key.Connections, " ")
						}
						console.Row(w, key.Name, string(key.Role), reach, key.Prefix, p.When(key.ExpiresAt), p.When(key.LastUsedAt))
					}
				})
			})
		},
	}
}

func (p Commands) keyRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke NAME",
		Short:   "End a key at once",
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey key revoke report-job",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := s.Keys.Revoke(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.Note("key %s is revoked", args[0])
				return nil
			})
		},
	}
}
