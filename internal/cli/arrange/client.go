package arrange

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Client is valetkey client.
func (p Commands) Client() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Manage clients: your registrations at providers",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.clientAddCommand(), p.clientRegisterCommand(), p.clientListCommand(), p.clientShowCommand(),
		p.clientUpdateCommand(), p.clientDeleteCommand())
	return cmd
}

// clientFlags are the settings of a client as flags.
type clientFlags struct {
	provider    string
	description string
	id          string
	variables   []string
	hosts       []string
	prompt.CredentialFlags
}

func (f *clientFlags) register(p Commands, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.provider, "provider", "", "the provider it is registered at")
	flags.StringVar(&f.description, "description", "", "a note to yourself")
	flags.StringVar(&f.id, "client-id", "", "the client id that the provider gave you")
	f.Register(cmd)
	flags.StringArrayVar(&f.variables, "var", nil, "a variable of the provider, `NAME=VALUE`; may be repeated")
	flags.StringArrayVar(&f.hosts, "allowed-host", nil, "an API host its tokens may go to; may be repeated (default: the base URL's)")
	_ = cmd.RegisterFlagCompletionFunc("provider", p.CompleteProviders)
}

// changes are the flags that were given, as a merge patch (RFC 7396).
func (f *clientFlags) changes(ctx context.Context, p Commands, cmd *cobra.Command) (map[string]any, error) {
	patch := map[string]any{}
	for flag, set := range map[string]struct {
		key   string
		value any
	}{
		"provider":     {"provider", f.provider},
		"description":  {"description", f.description},
		"client-id":    {"client_id", f.id},
		"allowed-host": {"allowed_hosts", f.hosts},
	} {
		if cmd.Flags().Changed(flag) {
			patch[set.key] = set.value
		}
	}
	variables, err := prompt.Pairs("var", f.variables)
	if err != nil {
		return nil, err
	}
	if variables != nil {
		patch["variables"] = variables
	}
	return patch, f.Patch(ctx, p.Prompt, patch)
}

func (p Commands) clientAddCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a client",
		Long: `Add a client: the id, and the secret if there is one, that a provider gave you
when you registered there. The redirect URI to register is printed.`,
		Args: cobra.ExactArgs(1),
		Example: `  valetkey client add contoso-app --provider contoso --client-id 6731de76 --client-secret-file secret.txt
  pass show contoso | valetkey client add contoso-app --provider contoso --client-id 6731de76 --client-secret-file -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.provider == "" || f.id == "" {
				return prompt.Usage("valetkey client add "+args[0]+" --provider PROVIDER --client-id ID; valetkey providers lists the providers",
					"a client needs --provider and --client-id")
			}
			spec, err := f.spec(cmd.Context(), p)
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := absent(cmd.Context(), s, args[0]); err != nil {
					return err
				}
				return p.showClient(s.Clients.Put(cmd.Context(), args[0], spec))
			})
		},
	}
	f.register(p, cmd)
	return cmd
}

// absent refuses to add what is there: that would be an update by accident.
func absent(ctx context.Context, s *prompt.Session, name string) error {
	_, err := s.Clients.Get(ctx, name)
	switch {
	case err == nil:
		return &api.Problem{
			Title:  "In conflict with what is there",
			Code:   api.CodeConflict,
			Detail: "client " + name + " is there already",
			Hint:   "valetkey client update " + name,
		}
	case prompt.IsCode(err, api.CodeNotFound):
		return nil
	}
	return err
}

func (f *clientFlags) spec(ctx context.Context, p Commands) (api.ClientSpec, error) {
	variables, err := prompt.Pairs("var", f.variables)
	if err != nil {
		return api.ClientSpec{}, err
	}
	spec := api.ClientSpec{
		Description:  f.description,
		Provider:     f.provider,
		Variables:    variables,
		ClientID:     f.id,
		AllowedHosts: f.hosts,
	}
	return spec, f.Spec(ctx, p.Prompt, &spec)
}

func (p Commands) clientUpdateCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use:               "update NAME",
		Short:             "Change a client: only what a flag names",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteClients,
		Example: `  valetkey client update contoso-app --client-secret-file new-secret.txt
  valetkey client update contoso-app --next-client-secret-file next.txt --client-secret-expires 2027-11-30`,
		RunE: func(cmd *cobra.Command, args []string) error {
			patch, err := f.changes(cmd.Context(), p, cmd)
			if err != nil {
				return err
			}
			if len(patch) == 0 {
				return prompt.Usage("valetkey client update "+args[0]+" --help", "nothing to change: give a flag")
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.showClient(s.Clients.Patch(cmd.Context(), args[0], patch))
			})
		},
	}
	f.register(p, cmd)
	f.RegisterRemovals(cmd)
	return cmd
}

func (p Commands) clientListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the clients",
		Args:    cobra.NoArgs,
		Example: "  valetkey client list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				var list api.ClientList
				var err error
				if list.Clients, err = prompt.Collect(s.Clients.List(cmd.Context())); err != nil {
					return err
				}
				if len(list.Clients) == 0 && p.Flags.Output == "table" {
					p.Note("no clients yet\nhint: valetkey client add NAME --provider PROVIDER --client-id ID; valetkey connect NAME makes one too")
					return nil
				}
				return p.Print(list, func(w io.Writer) {
					console.Row(w, "NAME", "PROVIDER", "CLIENT ID", "CAUSE")
					for _, c := range list.Clients {
						cause := ""
						if c.Cause != nil {
							cause = c.Cause.Title
						}
						console.Row(w, c.Name, c.Provider, c.ClientID, cause)
					}
				})
			})
		},
	}
}

func (p Commands) clientShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "Show a client and the redirect URI to register for it",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteClients,
		Example:           "  valetkey client show contoso-app",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.showClient(s.Clients.Get(cmd.Context(), args[0]))
			})
		},
	}
}

func (p Commands) clientDeleteCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "delete NAME",
		Short:             "Delete a client that no connection uses",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteClients,
		Example:           "  valetkey client delete contoso-app",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := s.Clients.Delete(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.Note("client %s is deleted", args[0])
				return nil
			})
		},
	}
}

func (p Commands) showClient(c api.Client, err error) error {
	if err != nil {
		return err
	}
	return p.Print(c, func(w io.Writer) {
		console.Row(w, "name", c.Name)
		console.Field(w, "description", c.Description)
		console.Row(w, "provider", c.Provider)
		console.Row(w, "client id", c.ClientID)
		showCredential(w, c)
		console.Field(w, "variables", console.Pairs(c.Variables))
		console.Field(w, "allowed hosts", strings.Join(c.AllowedHosts, " "))
		console.Row(w, "redirect URI", c.RedirectURI)
		if c.Cause != nil {
			console.Row(w, "cause", c.Cause.Title)
			console.Field(w, "", c.Cause.Detail)
			console.Field(w, "to do", c.Cause.Remedy)
		}
	})
}
