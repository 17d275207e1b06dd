package operate

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/demo"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// Sandbox is valetkey sandbox.
func (p Commands) Sandbox() *cobra.Command {
	var listen, faults string
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run the practice provider: an OAuth server and mail API to break",
		Long:  "Run the practice provider alone: an OAuth server with login and consent pages and\na mail API behind it. With --faults it misbehaves, so that you see what Valetkey\nmakes of it.\n\nFaults, separated by commas:\n" + faultList(),
		Args:  cobra.NoArgs,
		Example: `  valetkey sandbox
  valetkey sandbox --token-lifetime 5s --faults drop_after_rotate=1,api_429=2`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			parsed, err := sandbox.ParseFaults(faults)
			if err != nil {
				return prompt.Usage("valetkey sandbox --help lists the faults", "%s", err)
			}
			return p.runSandbox(cmd.Context(), listen, sandbox.Config{TokenLifetime: lifetime, Faults: parsed})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:8540", "the address to listen on; port 0 takes a free one")
	flags.StringVar(&faults, "faults", "", "how it misbehaves")
	flags.DurationVar(&lifetime, "token-lifetime", time.Hour, "how long an access token is valid")
	return cmd
}

func faultList() string {
	var b strings.Builder
	for _, f := range sandbox.FaultNames() {
		fmt.Fprintf(&b, "  %s\n      %s\n", f.Usage(), f.Explanation)
	}
	return strings.TrimRight(b.String(), "\n")
}

func (p Commands) runSandbox(ctx context.Context, listen string, config sandbox.Config) error {
	s, err := demo.StartProvider(ctx, listen, config)
	if err != nil {
		return err
	}
	defer s.Stop()
	if err := p.introduce(s.Credentials()); err != nil {
		return err
	}
	return s.Wait(ctx)
}

// introduce prints all that is needed to use it. Its secret and password are
// made up, which is why they may be shown.
func (p Commands) introduce(c sandbox.Credentials) error {
	shown := map[string]any{
		"issuer": c.Issuer, "client_id": c.ClientID, "client_secret": c.ClientSecret,
		"public_client_id": c.PublicClientID, "username": c.Username, "password": c.Password,
		"api_base_url": c.APIBaseURL, "scopes": c.Scopes,
	}
	return p.Print(shown, func(w io.Writer) {
		console.Row(w, "issuer", c.Issuer)
		console.Row(w, "client id", c.ClientID)
		console.Row(w, "client secret", c.ClientSecret)
		console.Row(w, "client without a secret", c.PublicClientID)
		console.Row(w, "test user", c.Username)
		console.Row(w, "password", c.Password)
		console.Row(w, "API base URL", c.APIBaseURL)
		console.Row(w, "scopes", strings.Join(c.Scopes, " "))
		fmt.Fprintf(w, `
connect to it from another terminal:
  printf %%s '%s' | valetkey connect practice --issuer %s \
    --client-id %s --client-secret-file - --base-url %s --test-path /me \
    --scope openid --scope email --scope User.Read --scope Mail.Read --scope offline_access
`, c.ClientSecret, c.Issuer, c.ClientID, c.APIBaseURL)
	})
}
