package connection

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Test is valetkey test.
func (p Commands) Test() *cobra.Command {
	return &cobra.Command{
		Use:   "test NAME",
		Short: "Call the API once to see whether a connection works",
		Long: `Send the test request of the connection or its provider (api.test), which is
harmless, and say what the API answered. Ends 0 when the API accepted it.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example:           "  valetkey test contoso-mail && echo works",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				answer, err := s.Test(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				err = p.Print(answer, func(w io.Writer) {
					for _, leg := range answer.Legs {
						outcome := "ok"
						if !leg.OK {
							outcome = "failed"
						}
						console.Row(w, leg.Leg, outcome, leg.Detail)
					}
				})
				if err == nil && !answer.OK {
					err = answeredWith(answer.Status, "valetkey show "+args[0])
				}
				return err
			})
		},
	}
}

// answeredWith is the API's refusal as an error.
func answeredWith(status int, hint string) error {
	return &api.Problem{
		Title:  "The API answered with an error",
		Status: status,
		Code:   api.CodeUpstream,
		Detail: fmt.Sprintf("the API answered %d %s", status, http.StatusText(status)),
		Hint:   hint,
	}
}
