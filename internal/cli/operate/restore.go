package operate

import (
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
)

const restoreHelp = `Read a backup into the data directory, or into the database that
VALETKEY_DATABASE or --database names: SQLite and PostgreSQL read each other's.
No server may run on it. Everything is read or nothing.

The keyring in the backup is opened with the master key: keyring.json in the
data directory, or VALETKEY_MASTER_KEY. With --passphrase-file the passphrase
of the backup opens it, and a master key that is missing is made.

A refresh token that was spent after the backup must not be sent again: some
providers take that for theft and end the grant. So connections that may have
been renewed since are not renewed before you confirm:
valetkey restore confirm. Their access tokens work as long as they are valid.`

// Restore is valetkey restore.
func (p Commands) Restore() *cobra.Command {
	var flags prompt.ServerFlags
	var passphraseFile string
	var force bool
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Read a backup into an empty data directory or database",
		Long:  restoreHelp,
		Args:  cobra.ExactArgs(1),
		Example: `  valetkey --data /var/lib/valetkey restore valetkey.backup
  valetkey restore --database postgres://valetkey@db.internal/valetkey valetkey.backup`,
		RunE: func(cmd *cobra.Command, args []string) error {
			passphrase, err := p.passphrase(passphraseFile)
			if err != nil {
				return err
			}
			config, err := p.AppConfig(flags)
			if err != nil {
				return err
			}
			file, err := os.Open(args[0])
			if err != nil {
				return fault.Wrap(err, api.CodeNotFound, "the backup %s cannot be read: %s", args[0], console.Reason(err))
			}
			defer file.Close()
			done, err := app.Restore(cmd.Context(), config, file, app.RestoreOptions{Passphrase: secret.NewText(string(passphrase)), Force: force})
			if err != nil {
				return err
			}
			p.Note("restored the backup of %s into %s: %d rows", done.CreatedAt.Local().Format("2006-01-02 15:04:05 MST"), done.Place, done.Rows)
			if done.Suspect > 0 {
				p.Note("%d connections are not renewed before you confirm that nothing renewed them since\nhint: valetkey restore confirm", done.Suspect)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&passphraseFile, "passphrase-file", "", "a `FILE` with the passphrase that the backup was written with")
	cmd.Flags().StringVar(&flags.Database, "database", "", "a PostgreSQL database, postgres://USER@HOST/NAME, instead of SQLite\nin the data directory (VALETKEY_DATABASE, or VALETKEY_DATABASE_FILE)")
	cmd.Flags().BoolVar(&force, "force", false, "replace what is there")
	cmd.AddCommand(p.restoreConfirmCommand())
	return cmd
}

func (p Commands) restoreConfirmCommand() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "confirm [NAME]...",
		Short: "Let restored connections be renewed again",
		Long: `Let connections that came from a backup be renewed again. Without names and
without --all it lists those that wait.

Confirm where nothing renewed the connection after the backup was taken, for
example because it was taken when the server was stopped. Where you are not
sure, authorize it again instead: valetkey connect NAME.`,
		Example: `  valetkey restore confirm
  valetkey restore confirm contoso-mail
  valetkey restore confirm --all`,
		ValidArgsFunction: p.CompleteConnections,
		RunE: func(cmd *cobra.Command, names []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				waiting, err := p.waiting(cmd, s)
				if err != nil {
					return err
				}
				if all {
					names = names[:0]
					for _, c := range waiting {
						names = append(names, c.Name)
					}
				}
				if len(names) == 0 {
					return p.showWaiting(waiting)
				}
				for _, name := range names {
					if _, err := s.ConfirmRestored(cmd.Context(), name); err != nil {
						return err
					}
				}
				p.Note("%s connections are renewed again", strconv.Itoa(len(names)))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every connection that waits")
	return cmd
}

// waiting are the connections that wait for a confirmation.
func (p Commands) waiting(cmd *cobra.Command, s *prompt.Session) ([]api.Connection, error) {
	all, err := prompt.Collect(s.Connections.List(cmd.Context()))
	if err != nil {
		return nil, err
	}
	waiting := []api.Connection{}
	for _, c := range all {
		if c.Cause != nil && c.Cause.Code == api.CauseRestored {
			waiting = append(waiting, c)
		}
	}
	return waiting, nil
}

func (p Commands) showWaiting(waiting []api.Connection) error {
	if len(waiting) == 0 && p.Flags.Output == "table" {
		p.Note("no connection waits for a confirmation")
		return nil
	}
	return p.Print(waiting, func(w io.Writer) {
		console.Row(w, "NAME", "CLIENT", "TOKEN UNTIL", "LAST RENEWED")
		for _, c := range waiting {
			console.Row(w, c.Name, c.Client, p.When(c.ExpiresAt), p.When(c.LastRefreshedAt))
		}
	})
}
