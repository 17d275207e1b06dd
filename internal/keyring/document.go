package keyring

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
)

// Setting is the setting that holds the keyring, sealed under the master key.
const Setting = "keyring"

// ProofSetting is the setting that holds the keyring's proof.
const ProofSetting = "keyring_proof"

// described is what is said of a keyring in the clear, and bound to it.
type described struct {
	Version int    `json:"version"`
	Master  string `json:"master"` // the master key's name
	Keys    []key  `json:"keys"`
}

// key is one key, without itself.
type key struct {
	ID        secret.KeyID `json:"id"`
	CreatedAt time.Time    `json:"created_at,omitzero"` // zero: from before keys were rotated
	SealsFrom time.Time    `json:"seals_from,omitzero"` // of a new key: when it becomes the one that seals
	RetiredAt time.Time    `json:"retired_at,omitzero"`
}

// document is the setting.
type document struct {
	described
	Keyset []byte `json:"keyset"` // under the master key
}

// about is the description as associated data.
func (d described) about() ([]byte, error) { return json.Marshal(d) }

// seal makes the setting's text.
func seal(ring *secret.Keyring, about described, master secret.Master) (secret.Sealed, error) {
	about.Master = master.Name()
	bound, err := about.about()
	if err != nil {
		return nil, err
	}
	keyset, err := ring.Wrap(master, bound)
	if err != nil {
		return nil, err
	}
	return json.Marshal(document{described: about, Keyset: keyset})
}

// read takes the setting's text apart, without opening it.
func read(text secret.Sealed) (document, error) {
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil || doc.Version != 1 {
		return doc, fault.New(api.CodeNeedsConfiguration, "the keyring in the database is damaged, or of a newer Valetkey").
			WithHint("put the database back from your backup, or start the newer program; nothing was changed")
	}
	return doc, nil
}

// open opens the keyring with the master key.
func (d document) open(master secret.Master) (*secret.Keyring, error) {
	bound, err := d.about()
	if err != nil {
		return nil, err
	}
	return secret.Unwrap(d.Keyset, master, bound)
}

// find returns the place of a key, or -1.
func (d described) find(id secret.KeyID) int {
	return slices.IndexFunc(d.Keys, func(k key) bool { return k.ID == id })
}

// without leaves a key out.
func (d described) without(id secret.KeyID) described {
	d.Keys = slices.DeleteFunc(slices.Clone(d.Keys), func(k key) bool { return k.ID == id })
	return d
}

// with changes what is said of one key.
func (d described) with(id secret.KeyID, change func(*key)) described {
	d.Keys = slices.Clone(d.Keys)
	change(&d.Keys[d.find(id)])
	return d
}
