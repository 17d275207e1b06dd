package connection

import (
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Link is valetkey link.
func (p Commands) Link() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link",
		Short: "Ask someone without an account to authorize a connection",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.linkCreateCommand(), p.linkListCommand(), p.linkExtendCommand(), p.linkRevokeCommand())
	return cmd
}

// linkFlags is what a link is made with.
type linkFlags struct {
	spec    api.ConnectLinkSpec
	brand   api.ConnectLinkBrand
	expires time.Duration
	logo    string // path
	consent bool
	client  string
	grant   string
	scopes  []string
	vars    []string
}

func (f *linkFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.spec.ExpectedAccount, "account", "", "the account that is expected, such as maria@contoso.com; another one is refused")
	flags.DurationVar(&f.expires, "expires", 0, "how long it is open, such as 48h (default: 7 days)")
	flags.StringVar(&f.brand.Name, "brand", "", "who asks, as the person sees it")
	flags.StringVar(&f.brand.Message, "message", "", "what to tell the person")
	flags.StringVar(&f.logo, "logo", "", "a PNG or SVG file of at most 32 KiB")
	flags.StringVar(&f.spec.ReturnTo, "return-to", "", "where the browser goes afterwards; an allowed origin only")
	flags.StringVar(&f.spec.Webhook, "webhook", "", "an https address that is told how it ended")
	flags.BoolVar(&f.consent, "admin-consent", false, "ask an administrator to allow the app in their organisation")
	flags.BoolVar(&f.spec.ThenAuthorize, "then-authorize", false, "with --admin-consent: the administrator authorizes the connection, too")
	flags.StringVar(&f.client, "client", "", "make the connection under this client when the link is used")
	flags.StringArrayVar(&f.scopes, "scope", nil, "with --client: a scope to ask for; may be repeated")
	flags.StringVar(&f.grant, "grant", "", "with --client: the grant, such as client_credentials")
	flags.StringArrayVar(&f.vars, "var", nil, "with --client: a variable of the connection, `NAME=VALUE`; may be repeated")
}

// complete is the link that the flags describe.
func (f *linkFlags) complete(connection string) (api.ConnectLinkSpec, error) {
	spec := f.spec
	spec.Connection, spec.ExpiresIn = connection, api.Duration(f.expires)
	if f.expires < 0 {
		return spec, prompt.Usage("give a time ahead, such as --expires 48h", "--expires cannot be negative")
	}
	if len(f.scopes)+len(f.vars)+len(f.grant) > 0 && f.client == "" {
		return spec, prompt.Usage("add --client NAME, or leave --scope, --grant and --var away", "--scope, --grant and --var are for a connection that the link makes")
	}
	variables, err := prompt.Pairs("var", f.vars)
	if err != nil {
		return spec, err
	}
	if f.client != "" {
		spec.Create = &api.ConnectionSpec{Client: f.client, Grant: f.grant, Scopes: f.scopes, Variables: variables}
	}
	if f.consent {
		spec.Kind = api.LinkAdminConsent
	}
	if f.logo != "" {
		content, err := os.ReadFile(f.logo)
		if err != nil {
			return spec, prompt.Usage("give the path of a PNG or SVG file", "the logo cannot be read: %v", err)
		}
		kind := "image/png"
		if strings.HasSuffix(strings.ToLower(f.logo), ".svg") {
			kind = "image/svg+xml"
		}
		f.brand.Logo = "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(content)
	}
	if f.brand != (api.ConnectLinkBrand{}) {
		spec.Brand = &f.brand
	}
	return spec, nil
}

func (p Commands) linkCreateCommand() *cobra.Command {
	var f linkFlags
	cmd := &cobra.Command{
		Use:   "create CONNECTION",
		Short: "Make a link and print its address, this once",
		Long: `Make a link and print its address. Whoever opens it sees who asks, for which
account and for what, and authorizes the connection at the provider. It needs no
account here, works once, and is open for 7 days. The address is shown this once.

With --client the connection need not exist: the link makes it when it is used.

With --admin-consent the person is an administrator of another organisation, who
allows the app there. Which organisation it was is kept with the connection.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example: `  valetkey link create maria-mail --account maria@contoso.com --brand Contoso
  valetkey link create ben-mail --client contoso --scope Mail.Read --expires 48h
  valetkey link create fabrikam --client contoso-bc --grant client_credentials --admin-consent`,
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := f.complete(args[0])
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				made, err := s.ConnectLinks().Create(cmd.Context(), spec)
				if err != nil {
					return err
				}
				if p.Flags.Output != "table" {
					return p.Print(made, nil)
				}
				p.Note("link %s is open until %s; its address is shown this once:", made.ID, made.ExpiresAt.Local().Format("2006-01-02 15:04 MST"))
				if made.WebhookSecret != "" {
					p.Note("its webhook is signed with %s", string(made.WebhookSecret))
				}
				_, err = fmt.Fprintln(p.Streams.Out, string(made.URL))
				return err
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (p Commands) linkListCommand() *cobra.Command {
	var connection string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the links, without the secret part of their addresses",
		Args:    cobra.NoArgs,
		Example: "  valetkey link list --connection maria-mail",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				var list api.ConnectLinkList
				var err error
				if list.Links, err = prompt.Collect(s.ConnectLinks().List(cmd.Context(), connection)); err != nil {
					return err
				}
				if len(list.Links) == 0 && p.Flags.Output == "table" {
					p.Note("no links yet\nhint: valetkey link create CONNECTION")
					return nil
				}
				return p.Print(list, func(w io.Writer) {
					console.Row(w, "ID", "CONNECTION", "STATUS", "ACCOUNT", "EXPIRES", "ENDED", "ALLOWED BY")
					for _, link := range list.Links {
						console.Row(w, link.ID, link.Connection, string(link.Status), link.ExpectedAccount, p.When(&link.ExpiresAt), p.When(link.EndedAt), console.Pairs(link.Granted))
					}
				})
			})
		},
	}
	cmd.Flags().StringVar(&connection, "connection", "", "only links of this connection")
	return cmd
}

func (p Commands) linkExtendCommand() *cobra.Command {
	var by time.Duration
	cmd := &cobra.Command{
		Use:     "extend ID",
		Short:   "Give a link more time, counted from now",
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey link extend ID --expires 48h",
		RunE: func(cmd *cobra.Command, args []string) error {
			if by <= 0 {
				return prompt.Usage("give a time ahead, such as --expires 48h", "--expires must be positive")
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				link, err := s.ConnectLinks().Extend(cmd.Context(), args[0], api.ConnectLinkPatch{ExpiresIn: api.Duration(by)})
				if err != nil {
					return err
				}
				p.Note("link %s is open until %s", link.ID, link.ExpiresAt.Local().Format("2006-01-02 15:04 MST"))
				return nil
			})
		},
	}
	cmd.Flags().DurationVar(&by, "expires", 7*24*time.Hour, "how long it is open from now on")
	return cmd
}

func (p Commands) linkRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke ID",
		Short:   "End a link at once; what it authorized stays",
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey link revoke ID",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := s.ConnectLinks().Revoke(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.Note("link %s is revoked", args[0])
				return nil
			})
		},
	}
}
