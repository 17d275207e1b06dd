package operate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/fault"
)

// Backup is valetkey backup.
func (p Commands) Backup() *cobra.Command {
	var passphraseFile string
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write everything to one file, while it runs",
		Long: `Write everything to one file, as it is at one moment, while everything runs. The
file takes the place of one of the same name, once it is whole.

Secrets are in it as they are in the database: sealed. To open them again the
master key is needed: keep keyring.json, or the key service's key, apart from
the file. With --passphrase-file the passphrase in that file will do as well.

valetkey restore reads it, into SQLite or PostgreSQL.`,
		Args: cobra.ExactArgs(1),
		Example: `  valetkey backup valetkey.backup
  valetkey backup --passphrase-file passphrase.txt /mnt/backups/valetkey.backup`,
		RunE: func(cmd *cobra.Command, args []string) error {
			passphrase, err := p.passphrase(passphraseFile)
			if err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				size, err := writeBackup(cmd.Context(), s, args[0], api.BackupRequest{Passphrase: passphrase})
				if err != nil {
					return err
				}
				p.Note("wrote %s, %d bytes", args[0], size)
				if passphrase == "" {
					p.Note("to restore it the master key is needed: valetkey keyring list names it")
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&passphraseFile, "passphrase-file", "", "a `FILE` with a passphrase that opens the backup as well")
	return cmd
}

// passphrase reads the first line of a file.
func (p Commands) passphrase(path string) (api.Secret, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(err, api.CodeInvalid, "the passphrase file %s cannot be read: %s", path, console.Reason(err))
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fault.New(api.CodeInvalid, "the passphrase file %s is empty", path)
	}
	return api.Secret(line), nil
}

// writeBackup writes to a file beside the one that is wanted, and gives it the
// name once it is whole and on the disk.
func writeBackup(ctx context.Context, s *prompt.Session, path string, request api.BackupRequest) (size int64, err error) {
	unwritable := func(err error) error {
		return fault.Wrap(err, api.CodeInvalid, "the backup %s cannot be written: %s", path, console.Reason(err)).
			WithHint("choose a directory of yours that has room; no file was changed")
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".valetkey-backup-*") // mode 0600
	if err != nil {
		return 0, unwritable(err)
	}
	defer os.Remove(file.Name())
	if err := s.Client.Backup(ctx, file, request); err != nil {
		_ = file.Close() // its error would only follow from this one
		return 0, err
	}
	info, err := file.Stat()
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, unwritable(err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return 0, unwritable(err)
	}
	return info.Size(), nil
}
