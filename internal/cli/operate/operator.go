package operate

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/secret"
)

// Operator is valetkey operator.
func (p Commands) Operator() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Let people into the pages",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.operatorResetCommand())
	return cmd
}

func (p Commands) operatorResetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "reset",
		Short: "Print a link that sets an operator's name and password, once",
		Long: `Print a link that lets whoever opens it set the name and password of an operator
of the pages: a new one, or one whose password is lost. It works once, for an
hour. All sessions of that operator end. A link made before works no longer.`,
		Args:    cobra.NoArgs,
		Example: "  valetkey operator reset",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				link, err := s.NewOperatorLink(cmd.Context())
				if err != nil {
					return err
				}
				if p.Flags.Output != "table" {
					return p.Print(link, nil)
				}
				p.Note("open this in a browser before %s:", link.ExpiresAt.Local().Format("15:04 MST"))
				_, err = fmt.Fprintln(p.Streams.Out, link.URL)
				return err
			})
		},
	}
}

// welcome says where the pages are, with a link for the first operator.
func (p Commands) welcome(ctx context.Context, server *app.Server) error {
	link, expires, err := server.FirstRun(ctx)
	if err != nil {
		return err
	}
	if link == "" {
		p.Note("pages: %s", server.PublicURL())
		return nil
	}
	p.Note("first run: set your password before %s at", expires.Local().Format("15:04 MST"))
	p.Note("  %s", link)
	return nil
}

// openIDSettings reads the OpenID provider that operators sign in with.
func (p Commands) openIDSettings() (app.OpenIDConfig, error) {
	text, err := p.SecretSetting("", "VALETKEY_OIDC_CLIENT_SECRET")
	return app.OpenIDConfig{
		Issuer:       p.Env.Getenv("VALETKEY_OIDC_ISSUER"),
		ClientID:     p.Env.Getenv("VALETKEY_OIDC_CLIENT_ID"),
		ClientSecret: secret.NewText(text),
		Allowed:      strings.Fields(strings.ReplaceAll(p.Env.Getenv("VALETKEY_OIDC_ALLOWED"), ",", " ")),
	}, err
}
