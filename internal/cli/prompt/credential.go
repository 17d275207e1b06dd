package prompt

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
)

// CredentialFlags are the flags by which a command says how a client
// authenticates.
type CredentialFlags struct {
	secretFile      string
	nextFiles       []string
	noNext          bool
	secretExpires   string
	keyFile         string
	keyPath         string
	certificatePath string
	assertionFile   string
	assertionFrom   []string
	method          string
	given           func(flag string) bool
}

// Register adds the flags to a command.
func (f *CredentialFlags) Register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.given = flags.Changed
	flags.StringVar(&f.secretFile, "client-secret-file", "", "the `FILE` with its secret; - for stdin or a prompt")
	flags.StringArrayVar(&f.nextFiles, "next-client-secret-file", nil, "a `FILE` with a secret to try where the provider refuses the first; may be repeated")
	flags.StringVar(&f.secretExpires, "client-secret-expires", "", "the `DAY` its secret ends, such as 2027-11-30, or a time as RFC 3339 has it")
	flags.StringVar(&f.keyFile, "private-key-file", "", "the `FILE` with its private key, which is kept here: PEM with or without its certificate, JWK, or a service account's JSON")
	flags.StringVar(&f.keyPath, "private-key-path", "", "a `FILE` on the server with its private key, read at each use")
	flags.StringVar(&f.certificatePath, "certificate-path", "", "a `FILE` on the server with the key's certificate in PEM, read at each use")
	flags.StringVar(&f.assertionFile, "client-assertion-file", "", "a `FILE` on the server with an assertion that somebody else keeps fresh, in place of a secret")
	flags.StringArrayVar(&f.assertionFrom, "client-assertion-command", nil, "a `PROGRAM` that prints such an assertion, then each of its arguments; see valetkey serve --allow-command")
	flags.StringVar(&f.method, "auth-method", "", "client_secret_basic, client_secret_post, private_key_jwt, client_secret_jwt,\ntls_client_auth, self_signed_tls_client_auth or none (default: the provider's, else it is found out)")
}

// RegisterRemovals adds the flags that take something away.
func (f *CredentialFlags) RegisterRemovals(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.noNext, "no-next-client-secret", false, "remove the secrets of --next-client-secret-file")
}

// Spec writes what the flags say into a client.
func (f *CredentialFlags) Spec(ctx context.Context, p *Prompt, spec *api.ClientSpec) (err error) {
	if spec.ClientSecret, err = p.secretFrom(ctx, f.secretFile, "client secret"); err != nil {
		return err
	}
	if spec.PrivateKey, err = p.secretFrom(ctx, f.keyFile, "private key"); err != nil {
		return err
	}
	if next, err := f.next(ctx, p); err != nil || next != nil {
		spec.ClientSecrets = &next
		if err != nil {
			return err
		}
	}
	spec.TokenEndpointAuthMethod, spec.PrivateKeyPath, spec.CertificatePath = f.method, f.keyPath, f.certificatePath
	spec.ClientAssertion = f.assertion()
	spec.ClientSecretExpiresAt, err = f.expires()
	return err
}

// Patch writes the flags that were given into a merge patch (RFC 7396).
func (f *CredentialFlags) Patch(ctx context.Context, p *Prompt, patch map[string]any) error {
	var spec api.ClientSpec
	if err := f.Spec(ctx, p, &spec); err != nil {
		return err
	}
	for flag, set := range map[string]struct {
		key   string
		value any
	}{
		"client-secret-file":       {"client_secret", spec.ClientSecret},
		"next-client-secret-file":  {"client_secrets", spec.ClientSecrets},
		"no-next-client-secret":    {"client_secrets", []string{}},
		"client-secret-expires":    {"client_secret_expires_at", spec.ClientSecretExpiresAt},
		"private-key-file":         {"private_key", spec.PrivateKey},
		"private-key-path":         {"private_key_path", spec.PrivateKeyPath},
		"certificate-path":         {"certificate_path", spec.CertificatePath},
		"client-assertion-file":    {"client_assertion", f.replacement()},
		"client-assertion-command": {"client_assertion", f.replacement()},
		"auth-method":              {"token_endpoint_auth_method", f.method},
	} {
		if f.given(flag) {
			patch[set.key] = set.value
		}
	}
	return nil
}

// next are the secrets to try after the first.
func (f *CredentialFlags) next(ctx context.Context, p *Prompt) ([]api.Secret, error) {
	if f.noNext && len(f.nextFiles) > 0 {
		return nil, Usage("give one of the two", "--next-client-secret-file and --no-next-client-secret exclude each other")
	}
	var next []api.Secret
	for _, path := range f.nextFiles {
		text, err := p.secretFrom(ctx, path, "next client secret")
		if err != nil {
			return nil, err
		}
		if text != nil {
			next = append(next, *text)
		}
	}
	return next, nil
}

func (f *CredentialFlags) assertion() *api.AssertionSource {
	if f.assertionFile == "" && len(f.assertionFrom) == 0 {
		return nil
	}
	return &api.AssertionSource{FromFile: f.assertionFile, FromCommand: f.assertionFrom}
}

// replacement is the assertion's source as a patch sets it: what was there
// before goes.
func (f *CredentialFlags) replacement() any {
	from := f.assertion()
	if from == nil {
		return nil
	}
	replaced := map[string]any{"from_file": nil, "from_command": nil}
	if from.FromFile != "" {
		replaced["from_file"] = from.FromFile
	}
	if len(from.FromCommand) > 0 {
		replaced["from_command"] = from.FromCommand
	}
	return replaced
}

// expires reads a day, which ends in UTC, or a time.
func (f *CredentialFlags) expires() (*time.Time, error) {
	text := strings.TrimSpace(f.secretExpires)
	if text == "" {
		return nil, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			at = at.UTC()
			return &at, nil
		}
	}
	return nil, Usage("write it like 2027-11-30, as the provider shows it", "--client-secret-expires %q is not a day", text)
}

// secretFrom reads a secret from a file, or with "-" from stdin or a prompt;
// nil without a path.
func (p *Prompt) secretFrom(ctx context.Context, path, prompt string) (*api.Secret, error) {
	if path == "" {
		return nil, nil
	}
	text, err := p.Streams.Person().ReadSecret(ctx, path, prompt)
	if err != nil {
		return nil, err
	}
	return &text, nil
}
