package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
)

func (p *program) showCommand() *cobra.Command {
	var events int
	cmd := &cobra.Command{
		Use:               "show NAME",
		Short:             "Show a connection: its state, why, and what to do",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeConnections,
		Example:           "  valetkey show contoso-mail\n  valetkey show contoso-mail --events 20",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.with(cmd.Context(), func(s *session) error {
				if events > 0 {
					return p.showEvents(cmd, s, args[0], events)
				}
				c, err := s.Connections.Get(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return p.print(c, func(w io.Writer) { p.connectionDetail(w, c) })
			})
		},
	}
	cmd.Flags().IntVar(&events, "events", 0, "show the last `N` things that happened to it instead")
	return cmd
}

func (p *program) connectionDetail(w io.Writer, c api.Connection) {
	row(w, "name", c.Name)
	field(w, "description", c.Description)
	row(w, "state", string(c.State))
	if c.Cause != nil {
		row(w, "cause", c.Cause.Title)
		field(w, "", c.Cause.Detail)
		field(w, "to do", c.Cause.Remedy)
	}
	row(w, "client", c.Client)
	field(w, "grant", c.Grant)
	field(w, "account", c.Account)
	row(w, "token valid until", p.when(c.ExpiresAt))
	row(w, "renews itself", yesNo(c.Renewable))
	if c.RefreshExpiresAt != nil {
		row(w, "until", p.when(c.RefreshExpiresAt))
	}
	row(w, "last renewed", p.when(c.LastRefreshedAt))
	row(w, "last used", p.when(c.LastUsedAt))
	row(w, "generation", fmt.Sprint(c.Generation))
	field(w, "scopes asked for", strings.Join(c.Scopes, " "))
	field(w, "scopes granted", strings.Join(c.GrantedScopes, " "))
	field(w, "scopes missing", strings.Join(c.MissingScopes, " "))
	field(w, "base URL", c.BaseURL)
	field(w, "variables", pairs(c.Variables))
	field(w, "tags", pairs(c.Tags))
	for _, warning := range c.Warnings {
		row(w, "warning", warning)
	}
}

func (p *program) showEvents(cmd *cobra.Command, s *session, name string, limit int) error {
	list := api.EventList{Events: []api.Event{}}
	for event, err := range s.Events(cmd.Context(), name) {
		if err != nil {
			return err
		}
		if list.Events = append(list.Events, event); len(list.Events) == limit {
			break
		}
	}
	return p.print(list, func(w io.Writer) {
		row(w, "WHEN", "WHAT", "DETAIL")
		for _, event := range list.Events {
			row(w, p.when(&event.At), event.Kind, pairs(event.Detail))
		}
	})
}

// pairs writes a map as k=v, sorted.
func pairs(m map[string]string) string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, key+"="+m[key])
	}
	return strings.Join(out, " ")
}
