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
	cmd := &cobra.Command{
		Use:   "token NAME",
		Short: "Print a valid access token and nothing else",
		Long: `Print an access token that is valid now, renewed first where needed.

What is printed is a secret: anybody who has it can call the API until it
expires. A program that can send its requests through Valetkey (valetkey call,
or /proxy/NAME/ of the server) never needs to see it.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example: `  TOKEN=$(valetkey token contoso-mail --min-ttl 5m)
  curl -H "$(valetkey token contoso-mail --header)" https://api.contoso.example/v1/me`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				token, err := s.Token(cmd.Context(), args[0], minTTL)
				if err != nil {
					return err
				}
				return p.printToken(token, header)
			})
		},
	}
	cmd.Flags().DurationVar(&minTTL, "min-ttl", 0, "renew it first unless it is valid for this long, such as 5m")
	cmd.Flags().BoolVar(&header, "header", false, "print the whole header line, as curl -H takes it")
	return cmd
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
