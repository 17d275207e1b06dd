package connection

import (
	"context"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/importer/tokenfile"
)

// ImportToken is valetkey import token.
func (p Commands) ImportToken() *cobra.Command {
	var f connectFlags
	var name string
	cmd := &cobra.Command{
		Use:   "token FILE",
		Short: "Take over tokens that were obtained elsewhere",
		Long: `Take over a token file: a token answer as the provider gave it, or what another
tool keeps, such as {"access_token": …, "refresh_token": …, "expires_in": …}.
A lifetime in it counts from the file's last change. With - the file comes from
stdin; at a terminal you are asked for it, or for a refresh token alone, and what
you type is not shown. The connection is made if it is not there; say whose API it is as for
valetkey connect.

Whatever else renews these tokens must stop: a refresh token that is used once
is lost to one of the two.`,
		Args: cobra.ExactArgs(1),
		Example: `  valetkey import token token.json --name contoso-mail
  valetkey import token token.json --name contoso-mail --provider contoso --client-id 6731de76 --client-secret-file secret.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return prompt.Usage("valetkey import token "+args[0]+" --name NAME", "the connection has no name")
			}
			set, err := p.readTokenFile(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.importToken(cmd.Context(), s, name, f, set)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&name, "name", "", "the connection that gets the tokens")
	f.registrationFlags.register(cmd)
	flags.StringVar(&f.baseURL, "base-url", "", "the API's base `URL` (default: the provider's)")
	flags.StringArrayVar(&f.variables, "var", nil, "a variable of the provider, `NAME=VALUE`; may be repeated")
	flags.StringArrayVar(&f.scopes, "scope", nil, "a scope the tokens have, or a list with spaces, commas or ~; may be repeated (default: the provider's)")
	_ = cmd.RegisterFlagCompletionFunc("name", p.CompleteConnections)
	_ = cmd.RegisterFlagCompletionFunc("provider", p.CompleteProviders)
	_ = cmd.RegisterFlagCompletionFunc("client", p.CompleteClients)
	return cmd
}

func (p Commands) importToken(ctx context.Context, s *prompt.Session, name string, f connectFlags, set api.TokenImport) error {
	if _, err := p.arrange(ctx, s, name, f); err != nil {
		return err
	}
	if _, err := s.ImportToken(ctx, name, set); err != nil {
		return err
	}
	return p.connected(ctx, s, name)
}

// maxTokenFile bounds a token file, in bytes.
const maxTokenFile = 1 << 20

// readTokenFile reads a token file; what it says of lifetimes counts from its
// last change.
func (p Commands) readTokenFile(ctx context.Context, path string) (api.TokenImport, error) {
	in := p.Streams.In
	if path == "-" && console.Terminal(in) {
		text, err := p.Streams.Person().ReadSecret(ctx, path, "refresh token, or the text of a token file")
		if err != nil {
			return api.TokenImport{}, err
		}
		return typedToken(text, p.Env.Now())
	}
	written := p.Env.Now()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return api.TokenImport{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the token file %s cannot be read: %s", path, console.Reason(err)).
				WithHint("give a file that you can read, or - for stdin")
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil {
			written = info.ModTime()
		}
		in = file
	}
	body, err := io.ReadAll(io.LimitReader(in, maxTokenFile))
	if err != nil {
		return api.TokenImport{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the token file %s cannot be read: %s", path, console.Reason(err))
	}
	return tokenfile.Read(path, body, written)
}

// typedToken is what a person typed or pasted: a token file in one line, or a
// refresh token.
func typedToken(text api.Secret, now time.Time) (api.TokenImport, error) {
	plain := strings.TrimSpace(string(text))
	if strings.HasPrefix(plain, "{") {
		return tokenfile.Read("what was typed", []byte(plain), now)
	}
	if strings.ContainsFunc(plain, unicode.IsSpace) {
		return api.TokenImport{}, prompt.Usage("paste one refresh token, or the JSON of a token file in one line", "what was typed is no token")
	}
	return api.TokenImport{RefreshToken: api.Secret(plain)}, nil
}
