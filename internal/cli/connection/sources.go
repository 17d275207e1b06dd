package connection

import (
	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// sourceFlags say where an assertion or a subject token comes from, at each
// use, and which token of an answer the connection holds.
type sourceFlags struct {
	assertionPath, subjectPath       string
	assertionCommand, subjectCommand []string
	subjectType                      string
	tokenSet                         string
}

func (f *sourceFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.assertionPath, "assertion-path", "", "a `FILE` on the server with an assertion that somebody else keeps fresh, read at each use")
	flags.StringArrayVar(&f.assertionCommand, "assertion-command", nil, "a `PROGRAM` that prints the assertion, then each of its arguments; see valetkey serve --allow-command")
	flags.StringVar(&f.subjectPath, "subject-path", "", "a `FILE` on the server with the token to exchange, read at each use")
	flags.StringArrayVar(&f.subjectCommand, "subject-command", nil, "a `PROGRAM` that prints the token to exchange, then each of its arguments; see valetkey serve --allow-command")
	flags.StringVar(&f.subjectType, "subject-token-type", "", "what the subject is: access_token (default), id_token, jwt, saml2 or a URI")
	flags.StringVar(&f.tokenSet, "token-set", "", "which `NAME` of token_sets the connection holds, where the provider gives several tokens at once")
}

// settings writes the flags into a connection.
func (f sourceFlags) settings(spec *api.ConnectionSpec) (changed bool, err error) {
	if f.assertionPath != "" && len(f.assertionCommand) > 0 || f.subjectPath != "" && len(f.subjectCommand) > 0 {
		return false, prompt.Usage("give one of the two", "a path and a command for the same token exclude each other")
	}
	if f.assertionPath != "" || len(f.assertionCommand) > 0 {
		spec.Assertion, changed = &api.TokenSource{File: f.assertionPath, Command: f.assertionCommand}, true
	}
	if f.subjectPath != "" || len(f.subjectCommand) > 0 {
		spec.Subject, changed = &api.TokenSource{File: f.subjectPath, Command: f.subjectCommand}, true
	}
	if f.subjectType != "" {
		if spec.Subject == nil {
			return changed, prompt.Usage("add --subject, --subject-path or --subject-command", "--subject-token-type is about a subject, and there is none")
		}
		subject := *spec.Subject
		subject.Type = f.subjectType
		spec.Subject, changed = &subject, true
	}
	if f.tokenSet != "" {
		spec.TokenSet, changed = f.tokenSet, true
	}
	return changed, nil
}
