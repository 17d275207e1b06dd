package app

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// keyringFile is the keyring's name in the data directory.
const keyringFile = "keyring.json"

// proofSetting is the setting that holds the keyring's proof.
const proofSetting = "keyring_proof"

// openKeyring opens the keyring that sealed the database, or makes the first
// one. It writes nothing when they do not fit.
func openKeyring(ctx context.Context, dataDir string, settings ledger.SettingStore) (*secret.Keyring, error) {
	path := filepath.Join(dataDir, keyringFile)
	proof, err := settings.Setting(ctx, proofSetting)
	sealed := err == nil
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return nil, err
	}
	keyring, err := secret.OpenKeyring(path)
	if errors.Is(err, fs.ErrNotExist) {
		if sealed {
			return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the keyring file %s is gone, and the database was sealed with it", path).
				WithHint("put the keyring file back from your backup, or copy it from another node; nothing was changed")
		}
		keyring, err = createKeyring(path)
	}
	if err != nil {
		return nil, err
	}
	if sealed {
		return keyring, keyring.Check(proof)
	}
	return keyring, saveProof(ctx, keyring, settings)
}

// createKeyring makes the keyring. Two programs may start at once on an empty
// directory: the file system lets one of them make it, the other opens it.
func createKeyring(path string) (*secret.Keyring, error) {
	keyring, err := secret.CreateKeyring(path)
	if errors.Is(err, fs.ErrExist) {
		return secret.OpenKeyring(path)
	}
	return keyring, err
}

func saveProof(ctx context.Context, keyring *secret.Keyring, settings ledger.SettingStore) error {
	proof, err := keyring.Proof()
	if err != nil {
		return err
	}
	err = settings.CreateSetting(ctx, proofSetting, proof)
	if errors.Is(err, ledger.ErrExists) {
		if proof, err = settings.Setting(ctx, proofSetting); err == nil {
			err = keyring.Check(proof)
		}
	}
	return err
}
