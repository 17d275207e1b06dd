package connection

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// Revoke is valetkey revoke.
func (p Commands) Revoke() *cobra.Command {
	return p.actionCommand(&cobra.Command{
		Use:   "revoke NAME",
		Short: "Give up a connection's grant, at the provider too",
		Long: `Give up a connection's grant: its tokens are revoked at the provider where the
provider can be told (RFC 7009), and forgotten here. The connection itself
stays; valetkey connect NAME authorizes it anew.`,
		Example: "  valetkey revoke contoso-mail",
	}, func(ctx context.Context, s *prompt.Session, name string) (api.Connection, error) {
		return s.Revoke(ctx, name)
	})
}
