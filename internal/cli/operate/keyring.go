package operate

import (
	"context"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
	"github.com/valetkey/valetkey/internal/console"
	"github.com/valetkey/valetkey/internal/secret"
)

// Keyring is valetkey keyring.
func (p Commands) Keyring() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keyring",
		Short: "Rotate the keys that seal secrets at rest",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.keyringListCommand(), p.keyringRotateCommand(), p.keyringRetireCommand(), p.keyringRewrapCommand(), p.keyringNewCommand())
	return cmd
}

func (p Commands) keyringListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the keys, and how much each has sealed",
		Args:    cobra.NoArgs,
		Example: "  valetkey keyring list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				ring, err := s.Keyring(cmd.Context())
				if err != nil {
					return err
				}
				return p.showKeyring(ring)
			})
		},
	}
}

func (p Commands) showKeyring(ring api.Keyring) error {
	if p.Flags.Output == "table" {
		p.Note("master key: %s", ring.MasterKey)
		if !ring.MasterKeyAnswers {
			p.Note("the master key does not answer; the keys are used until %s", p.When(ring.KeysUsedUntil))
		}
		if ring.Rotating {
			p.Note("rotating: %d secrets are still under other keys", ring.Remaining)
		}
		if ring.CountedAt == nil {
			p.Note("there are many secrets, and they are being counted: ask again in a minute")
		} else if p.Env.Now().Sub(*ring.CountedAt) > time.Minute {
			p.Note("the secrets were counted %s", p.When(ring.CountedAt))
		}
		if ring.Damaged > 0 {
			p.Note("%d secrets open with no key and stay as they are; the server's log names them", ring.Damaged)
		}
	}
	return p.Print(ring, func(w io.Writer) {
		console.Row(w, "KEY", "STATE", "SECRETS", "CREATED", "FORGOTTEN")
		for _, key := range ring.Keys {
			console.Row(w, key.ID, string(key.State), strconv.FormatInt(key.Rows, 10), p.When(key.CreatedAt), p.When(key.ForgottenAt))
		}
	})
}

// pollKeyring is between two batches that the command asks for.
const pollKeyring = 50 * time.Millisecond

func (p Commands) keyringRotateCommand() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Add a key and seal everything with it",
		Long: `Add a key. Once every node has read it, it seals what is new, and what older
keys sealed is sealed anew while everything runs. The command waits for the end
of that; it may be interrupted, and a server goes on by itself.

The older keys stay and open what they sealed, also in backups, until they are
retired: valetkey keyring retire ID.`,
		Args:    cobra.NoArgs,
		Example: "  valetkey keyring rotate",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				ring, err := s.RotateKeyring(cmd.Context())
				for err == nil && ring.Rotating && !noWait {
					if err = pause(cmd.Context(), pollKeyring); err == nil {
						ring, err = s.StepKeyring(cmd.Context())
					}
				}
				if err != nil {
					return err
				}
				return p.showKeyring(ring)
			})
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "leave sealing anew to the server")
	return cmd
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (p Commands) keyringRetireCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "retire ID",
		Short: "Set an old key aside; it is forgotten an hour later",
		Long: `Set an old key aside. This is refused while anything is sealed with it. For an
hour it still opens what a node may bring late; then it is forgotten. A backup
from before the rotation needs it: take a new one first.`,
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey keyring retire 1f3a9c07",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				if err := s.RetireKey(cmd.Context(), args[0]); err != nil {
					return err
				}
				p.Note("key %s is set aside", args[0])
				return nil
			})
		},
	}
}

func (p Commands) keyringRewrapCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rewrap URI",
		Short: "Seal the keyring under another master key",
		Long: `Seal the keyring under another master key: a file, or a key of a key service.
Secrets stay as they are. From then on set VALETKEY_MASTER_KEY to this URI
wherever Valetkey is started; nodes that run go on until they are.

  file:///path                              a file, made when it is missing
  env:NAME                                  a variable with such a file's content
  hcvault://HOST/transit/keys/NAME          HashiCorp Vault (VAULT_TOKEN)
  aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID    AWS (AWS_ACCESS_KEY_ID, …)
  gcp-kms://projects/P/locations/L/keyRings/R/cryptoKeys/K    Google Cloud`,
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey keyring rewrap hcvault://vault.example.com:8200/transit/keys/valetkey",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				ring, err := s.RewrapKeyring(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				p.Note("from now on start Valetkey with VALETKEY_MASTER_KEY=%s", args[0])
				return p.showKeyring(ring)
			})
		},
	}
}

func (p Commands) keyringNewCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "new FILE",
		Short:   "Write a new master key to a file",
		Args:    cobra.ExactArgs(1),
		Example: "  valetkey keyring new /etc/valetkey/master.json",
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			if _, err = secret.CreateKeyring(path); err != nil {
				return err
			}
			p.Note("keep it apart from the database: VALETKEY_MASTER_KEY=file://%s", path)
			return nil
		},
	}
}
