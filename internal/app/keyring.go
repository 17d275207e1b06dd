package app

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/kms"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/custody"
)

// keyringFile is the name of the master key's file in the data directory.
const keyringFile = "keyring.json"

// settle is how long the nodes on one PostgreSQL have to read a new key before
// it seals. They hear of it within a second, and look every five.
const settle = 15 * time.Second

// MasterKeyConfig says which key seals the keyring.
type MasterKeyConfig struct {
	URI    string              // file:///path, env:NAME, or a key service's; "": keyring.json in the data directory
	Cache  time.Duration       // how long the keys are used while it cannot be asked; 0: keyring.DefaultCache
	Getenv func(string) string // for env:NAME and the key services' credentials; nil: nothing is set
}

// path is the file that holds the master key; "" when none does.
func (c MasterKeyConfig) path(dataDir string) string {
	if c.URI == "" {
		return filepath.Join(dataDir, keyringFile)
	}
	if path, ok := strings.CutPrefix(c.URI, "file://"); ok {
		return path
	}
	return ""
}

func (c MasterKeyConfig) getenv(name string) string {
	if c.Getenv == nil {
		return ""
	}
	return c.Getenv(name)
}

// openKeyring opens the keyring that sealed the database, or makes the first
// one. It writes nothing when they do not fit.
func openKeyring(ctx context.Context, config Config, db *store.DB) (*keyring.Holder, error) {
	desk := custody.Desk{DB: db}
	master, file, err := openMaster(ctx, config.MasterKey, config.DataDir, desk)
	if err != nil {
		return nil, err
	}
	made := keyring.Config{Store: desk, Master: master, Legacy: file, Cache: config.MasterKey.Cache, Now: config.Now, Log: config.Log}
	if db.Shared() {
		made.Settle = settle
	}
	return keyring.Open(ctx, made)
}

// openMaster finds the master key. The file is nil for a key that is in none.
func openMaster(ctx context.Context, config MasterKeyConfig, dataDir string, settings custody.Desk) (secret.Master, *secret.Keyring, error) {
	if path := config.path(dataDir); path != "" {
		file, err := openMasterFile(ctx, path, settings)
		if err != nil {
			return secret.Master{}, nil, err
		}
		return secret.FileMaster(file), file, nil
	}
	master, err := serviceMaster(config)
	return master, nil, err
}

// serviceMaster is a master key that is in no file of ours.
func serviceMaster(config MasterKeyConfig) (secret.Master, error) {
	if name, ok := strings.CutPrefix(config.URI, "env:"); ok {
		file, err := secret.ReadKeyring([]byte(config.getenv(name)), config.URI)
		if err != nil {
			return secret.Master{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the variable %s holds no master key", name).
				WithHint("put into it what valetkey keyring new FILE writes; nothing was changed")
		}
		return secret.FileMaster(file), nil
	}
	remote, err := kms.Open(config.URI, kms.Access{HTTP: &http.Client{Timeout: kms.Timeout}, Getenv: config.getenv, Now: time.Now})
	if err != nil {
		return secret.Master{}, err
	}
	return secret.RemoteMaster(config.URI, remote), nil
}

// openMasterFile opens the file, or makes it where nothing was ever sealed.
func openMasterFile(ctx context.Context, path string, settings custody.Desk) (*secret.Keyring, error) {
	file, err := secret.OpenKeyring(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	for _, name := range []string{keyring.Setting, keyring.ProofSetting} {
		_, settingErr := settings.Setting(ctx, name)
		if settingErr == nil {
			// Another first start may have made both meanwhile: the file comes first.
			if file, again := secret.OpenKeyring(path); !errors.Is(again, fs.ErrNotExist) {
				return file, again
			}
			return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the keyring file %s is gone, and the database was sealed with it", path).
				WithHint("put the keyring file back from your backup, or copy it from another node; nothing was changed")
		}
		if !errors.Is(settingErr, ledger.ErrNotFound) {
			return nil, settingErr
		}
	}
	return createKeyring(path)
}

// createKeyring makes the file. Two programs may start at once on an empty
// directory: the file system lets one of them make it, the other opens it.
func createKeyring(path string) (*secret.Keyring, error) {
	file, err := secret.CreateKeyring(path)
	if errors.Is(err, fs.ErrExist) {
		return secret.OpenKeyring(path)
	}
	return file, err
}

// Keyring is what operators may do with the keys.
type keyringDesk struct {
	*keyring.Holder
	app *App
}

// Rewrap moves the keyring to another master key.
func (k keyringDesk) Rewrap(ctx context.Context, uri string) error {
	config := k.app.config.MasterKey
	config.URI = uri
	var master secret.Master
	var err error
	if path := config.path(k.app.config.DataDir); path != "" {
		var file *secret.Keyring
		if file, err = createKeyring(path); err == nil {
			master = secret.FileMaster(file)
		}
	} else {
		master, err = serviceMaster(config)
	}
	if err != nil {
		return err
	}
	return k.Holder.Rewrap(ctx, master)
}

// Retire sets a key aside by its id.
func (k keyringDesk) Retire(ctx context.Context, id string) error {
	parsed, err := secret.ParseKeyID(id)
	if err != nil {
		return err
	}
	return k.Holder.Retire(ctx, parsed)
}

// Rotate adds a key and says what there is then.
func (k keyringDesk) Rotate(ctx context.Context) (api.Keyring, error) {
	if _, err := k.Holder.Rotate(ctx); err != nil {
		return api.Keyring{}, err
	}
	return k.Status(ctx)
}

// Step seals a batch anew and says what there is then.
func (k keyringDesk) Step(ctx context.Context) (api.Keyring, error) {
	if _, err := k.Holder.Step(ctx); err != nil {
		return api.Keyring{}, err
	}
	return k.Status(ctx)
}
