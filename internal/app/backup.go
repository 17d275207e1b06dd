package app

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"net"
	"os"
	"path/filepath"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/backup"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/custody"
)

// backupDesk writes backups of an app's database.
type backupDesk struct{ app *App }

// Backup writes one, with what is buffered until now. A database that takes
// nothing just now, on a full disk, can still be read: then its backup lacks
// what is buffered, and is needed most.
func (b backupDesk) Backup(ctx context.Context, to io.Writer, request api.BackupRequest) error {
	if err := errors.Join(b.app.broker.Flush(ctx), b.app.keys.Flush(ctx), b.app.audit.Flush(ctx)); err != nil {
		b.app.config.Log.Warn("a backup lacks what the database did not take: when things were last used, and the last of the audit trail", slog.Any("error", err))
	}
	head := backup.Head{CreatedAt: b.app.config.Now().UTC(), Program: b.app.config.Version.Version}
	if request.Passphrase != "" {
		salt := secret.NewSalt()
		master, err := secret.PassphraseMaster(secret.NewText(string(request.Passphrase)), salt)
		if err != nil {
			return err
		}
		sealed, err := b.app.keyring.Export(master)
		if err != nil {
			return err
		}
		head.Keyring = &backup.PassphraseKeyring{Salt: salt, Sealed: []byte(sealed)}
	}
	return backup.Write(ctx, to, custody.Desk{DB: b.app.store}, head)
}

// RestoreOptions say how a backup is put in place.
type RestoreOptions struct {
	Passphrase secret.Text // that the backup was written with; zero: the master key opens it
	Force      bool        // replace what is there
}

// Restored is what a restore did.
type Restored struct {
	backup.Summary
	Place   string // where the database lies
	Suspect int64  // connections that wait for a confirmation
}

// Restore replaces everything by a backup, in one transaction. Connections
// whose refresh token may have been spent since wait for a person.
func Restore(ctx context.Context, config Config, file io.ReadSeeker, options RestoreOptions) (done Restored, err error) {
	config = config.withDefaults()
	if done.Summary, err = backup.Check(file, math.MaxInt64); err != nil {
		return done, err
	}
	if err := notServed(config.DataDir); err != nil {
		return done, err
	}
	if err := makeDataDir(config.DataDir); err != nil {
		return done, err
	}
	db, err := store.Open(ctx, store.Config{Path: filepath.Join(config.DataDir, "valetkey.db"), URL: config.Database, Log: config.Log, Now: config.Now})
	if err != nil {
		return done, err
	}
	done.Place = db.Place()
	err = restoring{config, options, custody.Desk{DB: db}}.run(ctx, done.Summary, file)
	if err = errors.Join(err, db.Close()); err != nil {
		return done, err
	}
	a, err := Open(ctx, config) // it marks what waits, and proves that all fits
	if err != nil {
		return done, err
	}
	done.Suspect = a.suspects
	return done, a.Close(ctx)
}

// restoring is one restore into one database.
type restoring struct {
	config  Config
	options RestoreOptions
	desk    custody.Desk
}

func (r restoring) run(ctx context.Context, summary backup.Summary, file io.ReadSeeker) error {
	schema, err := r.desk.Schema(ctx)
	if err != nil {
		return err
	}
	empty, err := r.desk.Empty(ctx)
	if err != nil {
		return err
	}
	if !empty && !r.options.Force {
		return fault.New(api.CodeConflict, "there is something in %s already", r.desk.DB.Place()).
			WithHint("restore into an empty --data directory or database, or replace all that is there with --force")
	}
	ring, err := restoredKeyring(r.config, summary, r.options)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return r.desk.Load(ctx, func(l *custody.Loader) error {
		if err := backup.Read(file, schema, l); err != nil {
			return err
		}
		if err := l.PutSetting(keyring.Setting, ring); err != nil {
			return err
		}
		return l.PutSetting(restoredSetting, []byte(summary.CreatedAt.Format(timeText)))
	})
}

// restoredKeyring is the backup's keyring under the master key from now on. It
// writes nothing but a master key's file that is missing, once a passphrase has
// shown that the keyring opens.
func restoredKeyring(config Config, summary backup.Summary, options RestoreOptions) (secret.Sealed, error) {
	text, proof := secret.Sealed(summary.Settings[keyring.Setting]), secret.Sealed(summary.Settings[keyring.ProofSetting])
	var from secret.Master
	if !options.Passphrase.IsZero() {
		if summary.Keyring == nil {
			return nil, fault.New(api.CodeInvalid, "this backup was written without a passphrase").
				WithHint("leave --passphrase-file out, and give the master key that sealed it: keyring.json in the data directory, or VALETKEY_MASTER_KEY")
		}
		var err error
		if from, err = secret.PassphraseMaster(options.Passphrase, summary.Keyring.Salt); err != nil {
			return nil, err
		}
		text = secret.Sealed(summary.Keyring.Sealed)
		if err := keyring.Fits(text, proof, from); err != nil {
			return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the passphrase does not open the keyring of this backup").
				WithHint("give the passphrase that the backup was written with; nothing was changed")
		}
	}
	to, err := restoreMaster(config, !options.Passphrase.IsZero(), summary.Keyring != nil)
	if err != nil {
		return nil, err
	}
	if options.Passphrase.IsZero() {
		from = to
	}
	return keyring.Move(text, proof, from, to)
}

// restoreMaster finds the master key of the place that is restored into. It
// may be made anew only where a passphrase opens the backup's keyring.
func restoreMaster(config Config, mayMake, passphrase bool) (secret.Master, error) {
	path := config.MasterKey.path(config.DataDir)
	if path == "" {
		return serviceMaster(config.MasterKey)
	}
	file, err := secret.OpenKeyring(path)
	if errors.Is(err, fs.ErrNotExist) && mayMake {
		file, err = createKeyring(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		hint := "put the keyring.json that belongs to it there, or name its master key with VALETKEY_MASTER_KEY; nothing was changed"
		if passphrase {
			hint = "use --passphrase-file, or " + hint
		}
		return secret.Master{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the backup's keyring cannot be opened: there is no %s", path).WithHint("%s", hint)
	}
	if err != nil {
		return secret.Master{}, err
	}
	return secret.FileMaster(file), nil
}

// notServed refuses a data directory that a server runs on.
func notServed(dataDir string) error {
	conn, err := net.Dial("unix", filepath.Join(dataDir, SocketFile))
	if err != nil {
		return nil
	}
	_ = conn.Close() // it said what there was to say
	return fault.New(api.CodeConflict, "a server runs on the data directory %s", dataDir).WithHint("stop it first")
}

// markFile is the name of the high-water mark's file in the data directory.
const markFile = "highwater.json"

// writeFile replaces a file, whole or not at all.
func writeFile(path string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
