package connection

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Test is valetkey test.
func (p Commands) Test() *cobra.Command {
	noRefresh := false
	cmd := &cobra.Command{
		Use:   "test NAME",
		Short: "See whether a connection works, renewal included",
		Long: `Go through the life of a connection's token: obtain it, send the test request of
the connection or its provider (api.test), which is harmless, renew the token now
and send the request again. The first leg that fails is the last one, and says
what to do. Ends 0 when all of them work, 6 when the API refused.

--no-refresh leaves out the renewal and what follows it.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example:           "  valetkey test contoso-mail && echo works",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				answer, err := p.test(cmd.Context(), s, args[0], noRefresh)
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
						if leg.Hint != "" {
							console.Row(w, "", "", "hint: "+leg.Hint)
						}
					}
				})
				if err == nil && !answer.OK {
					err = failedLeg(answer)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&noRefresh, "no-refresh", false, "leave out the renewal and what follows it")
	return cmd
}

func (p Commands) test(ctx context.Context, s *prompt.Session, name string, noRefresh bool) (api.TestResult, error) {
	if noRefresh {
		return s.TestWithoutRefresh(ctx, name)
	}
	return s.Test(ctx, name)
}

// failedLeg is the leg that ended a test as an error.
func failedLeg(tested api.TestResult) error {
	failed := tested.Legs[slices.IndexFunc(tested.Legs, func(leg api.Leg) bool { return !leg.OK })]
	return &api.Problem{
		Title: "The test failed at the leg " + failed.Leg, Status: tested.Status, Code: api.CodeUpstream,
		Detail: failed.Detail, Hint: failed.Hint,
	}
}

// answeredWith is the API's refusal as an error, with what it said where the
// rules of the connection tell.
func answeredWith(status int, said, hint string) error {
	detail := fmt.Sprintf("the API answered %d %s", status, http.StatusText(status))
	if said != "" {
		detail += ": " + said
	}
	return &api.Problem{
		Title: "The API answered with an error", Status: status, Code: api.CodeUpstream,
		Detail: detail, Hint: hint,
	}
}
