package connection

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// grantFlags are what some grants take besides the client.
type grantFlags struct {
	assertionFile   string
	subjectFile     string
	username        string
	passwordFile    string
	subject         string // a connection
	sources         sourceFlags
	requestedType   string
	audiences       []string
	grantParameters []string
	tokenFile       string
}

func (f *grantFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.assertionFile, "assertion-file", "", "the `FILE` with an assertion, for saml2_bearer and jwt_bearer; it is sent once, not kept")
	flags.StringVar(&f.subjectFile, "subject-token-file", "", "the `FILE` with a user's token, for token_exchange and on_behalf_of; it is sent once, not kept")
	flags.StringVar(&f.username, "username", "", "for the grant password, which a server must allow")
	flags.StringVar(&f.passwordFile, "password-file", "", "the `FILE` with the password; - for stdin or a prompt")
	flags.StringVar(&f.subject, "subject", "", "the `CONNECTION` whose token is exchanged, for token_exchange and on_behalf_of")
	f.sources.register(cmd)
	flags.StringVar(&f.requestedType, "requested-token-type", "", "what token_exchange is to give, such as access_token, jwt or saml2")
	flags.StringArrayVar(&f.audiences, "audience", nil, "whom the token of token_exchange is for; may be repeated")
	flags.StringArrayVar(&f.grantParameters, "grant-param", nil, "a further parameter of the grant's token request, `NAME=VALUE`; may be repeated")
	flags.StringVar(&f.tokenFile, "token-file", "", "a `FILE` that is kept in step with each new token, for programs that read one")
}

// settings writes the flags that are kept with the connection.
func (f grantFlags) settings(spec *api.ConnectionSpec) (changed bool, err error) {
	if f.subject != "" {
		spec.Subject, changed = &api.TokenSource{Connection: f.subject}, true
	}
	if set, err := f.sources.settings(spec); set || err != nil {
		if changed = true; err != nil {
			return changed, err
		}
	}
	if f.requestedType != "" {
		spec.RequestedTokenType, changed = f.requestedType, true
	}
	if len(f.audiences) > 0 {
		spec.Audience, changed = f.audiences, true
	}
	if len(f.grantParameters) > 0 {
		if spec.GrantParams, err = prompt.Pairs("grant-param", f.grantParameters); err != nil {
			return changed, err
		}
		changed = true
	}
	if f.tokenFile != "" {
		if spec.TokenFile, err = filepath.Abs(f.tokenFile); err != nil {
			return changed, prompt.Usage("give an absolute path", "the path %s has no meaning here", f.tokenFile)
		}
		changed = true
	}
	return changed, nil
}

// input reads what is sent once.
func (p Commands) input(ctx context.Context, f grantFlags) (input api.GrantInput, given bool, err error) {
	for _, one := range []struct {
		path, what string
		to         *api.Secret
	}{
		{f.assertionFile, "assertion", &input.Assertion},
		{f.subjectFile, "user's token", &input.SubjectToken},
		{f.passwordFile, "password", &input.Password},
	} {
		if one.path == "" {
			continue
		}
		text, err := p.Streams.Person().ReadSecret(ctx, one.path, one.what)
		if err != nil {
			return input, true, err
		}
		*one.to, given = text, true
	}
	input.Username = f.username
	return input, given, nil
}

// supply finishes an authorization that needs no browser.
func (p Commands) supply(ctx context.Context, s *prompt.Session, name string, input api.GrantInput, err error) error {
	if err == nil {
		_, err = s.Authorize(ctx, name, api.AuthorizeRequest{GrantInput: input})
	}
	if err != nil {
		return err
	}
	return p.connected(ctx, s, name)
}

// byItself says whether the token is obtained without a person.
func byItself(grant string, spec api.ConnectionSpec) bool {
	switch grant {
	case grantClientCredentials, grantJWTBearer, "custom":
		return true
	case "saml2_bearer":
		return spec.Assertion != nil
	case "token_exchange", "on_behalf_of":
		return spec.Subject != nil
	}
	return false
}
