package connection

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// Token is valetkey token.
func (p Commands) Token() *cobra.Command {
	var minTTL time.Duration
	var header bool
	var resource string
	var proof api.ProofRequest
	cmd := &cobra.Command{
		Use:   "token NAME",
		Short: "Print a valid access token and nothing else",
		Long: `Print an access token that is valid now, renewed first where needed.

What is printed is a secret: anybody who has it can call the API until it
expires. A program that can send its requests through Valetkey (valetkey call,
or /proxy/NAME/ of the server) never needs to see it.

A token of the type DPoP is bound to a key that stays here: each request needs
a proof in its header DPoP, for its own method and address. --proof-for prints
such a proof in place of the token.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example: `  TOKEN=$(valetkey token contoso-mail --min-ttl 5m)
  curl -H "$(valetkey token contoso-mail --header)" https://api.contoso.example/v1/me`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if proof.URL != "" {
					return p.printProof(s.Proof(cmd.Context(), args[0], proof))
				}
				token, err := s.TokenFor(cmd.Context(), args[0], resource, minTTL)
				if err != nil {
					return err
				}
				if token.TokenType == "DPoP" {
					p.Note("this token is bound to a key: send it as Authorization: DPoP, with a header DPoP of its own for each request\nhint: valetkey token %s --proof-for URL --method GET, or valetkey call %s", args[0], args[0])
				}
				return p.printToken(token, header)
			})
		},
	}
	cmd.Flags().DurationVar(&minTTL, "min-ttl", 0, "renew it first unless it is valid for this long, such as 5m")
	cmd.Flags().StringVar(&resource, "resource", "", "for another `RESOURCE` out of the same grant: an additional token of the provider by its name, or a URI")
	cmd.Flags().BoolVar(&header, "header", false, "print the whole header line, as curl -H takes it")
	cmd.Flags().StringVar(&proof.URL, "proof-for", "", "print a proof of possession for a request to this `URL` instead")
	cmd.Flags().StringVar(&proof.Method, "method", "GET", "the method of that request")
	cmd.Flags().StringVar(&proof.Nonce, "nonce", "", "the DPoP-Nonce of the API's last answer")
	return cmd
}

func (p Commands) printProof(proof api.Proof, err error) error {
	if err != nil {
		return err
	}
	if p.Flags.Output != "table" {
		return p.Print(proof, nil)
	}
	_, err = fmt.Fprintln(p.Streams.Out, proof.Proof)
	return err
}

func (p Commands) printToken(token api.AccessToken, header bool) error {
	value := string(token.AccessToken)
	switch {
	case header:
		name := token.Header
		if name == "" {
			name = "Authorization"
			if token.Scheme == "" {
				token.Scheme = "Bearer"
			}
		}
		value = name + ": " + strings.TrimSpace(token.Scheme+" "+value)
	case p.Flags.Output != "table":
		return p.Print(token, nil)
	}
	_, err := fmt.Fprintln(p.Streams.Out, value)
	return err
}
