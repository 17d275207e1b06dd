package operate

import (
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
)

// Audit is valetkey audit.
func (p Commands) Audit() *cobra.Command {
	var filter api.AuditFilter
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who did what, newest first",
		Long: `Show who did what: keys, clients, connections and providers that were made,
changed or deleted, tokens that were read, backups, rotations, sign-ins, and
what was refused. A token that the same key reads again and again is one entry
every few seconds, with its count. Entries are kept for two years.`,
		Args: cobra.NoArgs,
		Example: `  valetkey audit
  valetkey audit --since 24h --actor report-job
  valetkey audit --action connection.token --subject contoso-mail -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if filter.Limit < 1 {
				return prompt.Usage("give a number from 1 on, such as --limit 1000", "--limit cannot be %d", filter.Limit)
			}
			if since > 0 {
				filter.Since = p.Env.Now().Add(-since)
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				list := api.AuditList{Entries: []api.AuditEntry{}}
				for entry, err := range s.Audit(cmd.Context(), filter) {
					if err != nil {
						return err
					}
					if list.Entries = append(list.Entries, entry); len(list.Entries) == filter.Limit {
						break
					}
				}
				return p.showAudit(list)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&filter.Actor, "actor", "", "who: the name of a key or an operator")
	flags.StringVar(&filter.Action, "action", "", "what, or its beginning: key, client.put, connection.token")
	flags.StringVar(&filter.Subject, "subject", "", "to what: a name")
	flags.DurationVar(&since, "since", 0, "how far back, such as 24h (default: all)")
	flags.IntVar(&filter.Limit, "limit", 100, "how many at most")
	return cmd
}

func (p Commands) showAudit(list api.AuditList) error {
	if len(list.Entries) == 0 && p.Flags.Output == "table" {
		p.Note("nothing yet that matches")
		return nil
	}
	return p.Print(list, func(w io.Writer) {
		console.Row(w, "TIME", "WHO", "WHAT", "TO", "DETAIL")
		for _, e := range list.Entries {
			var detail []string
			for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
				detail = append(detail, name+"="+e.Detail[name])
			}
			console.Row(w, e.At.Local().Format("2006-01-02 15:04:05"), e.Actor, e.Action, e.Subject, strings.Join(detail, " "))
		}
	})
}
