package connection

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Show is valetkey show.
func (p Commands) Show() *cobra.Command {
	var events int
	cmd := &cobra.Command{
		Use:               "show NAME",
		Short:             "Show a connection: its state, why, and what to do",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		Example:           "  valetkey show contoso-mail\n  valetkey show contoso-mail --events 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if events > 0 {
					return p.showEvents(cmd, s, args[0], events)
				}
				c, err := s.Connections.Get(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return p.Print(c, func(w io.Writer) { p.connectionDetail(w, c) })
			})
		},
	}
	cmd.Flags().IntVar(&events, "events", 0, "show the last `N` things that happened to it instead")
	return cmd
}

func (p Commands) connectionDetail(w io.Writer, c api.Connection) {
	console.Row(w, "name", c.Name)
	console.Field(w, "description", c.Description)
	console.Row(w, "state", string(c.State))
	if c.Cause != nil {
		console.Row(w, "cause", c.Cause.Title)
		console.Field(w, "", c.Cause.Detail)
		console.Field(w, "to do", c.Cause.Remedy)
	}
	console.Row(w, "client", c.Client)
	console.Field(w, "grant", c.Grant)
	console.Field(w, "account", c.Account)
	console.Row(w, "token valid until", p.When(c.ExpiresAt))
	console.Row(w, "renews itself", console.YesNo(c.Renewable))
	if c.RefreshExpiresAt != nil {
		console.Row(w, "until", p.When(c.RefreshExpiresAt))
	}
	console.Row(w, "last renewed", p.When(c.LastRefreshedAt))
	console.Row(w, "last used", p.When(c.LastUsedAt))
	console.Row(w, "generation", fmt.Sprint(c.Generation))
	console.Field(w, "scopes asked for", strings.Join(c.Scopes, " "))
	console.Field(w, "scopes granted", strings.Join(c.GrantedScopes, " "))
	console.Field(w, "scopes missing", strings.Join(c.MissingScopes, " "))
	console.Field(w, "base URL", c.BaseURL)
	console.Field(w, "variables", console.Pairs(c.Variables))
	console.Field(w, "told by provider", console.Pairs(c.Captured))
	console.Field(w, "tags", console.Pairs(c.Tags))
	for _, warning := range c.Warnings {
		console.Row(w, "warning", warning)
	}
}

func (p Commands) showEvents(cmd *cobra.Command, s *prompt.Session, name string, limit int) error {
	list := api.EventList{Events: []api.Event{}}
	for event, err := range s.Events(cmd.Context(), name) {
		if err != nil {
			return err
		}
		if list.Events = append(list.Events, event); len(list.Events) == limit {
			break
		}
	}
	return p.Print(list, func(w io.Writer) {
		console.Row(w, "WHEN", "WHAT", "DETAIL")
		for _, event := range list.Events {
			console.Row(w, p.When(&event.At), event.Kind, console.Pairs(event.Detail))
		}
	})
}
