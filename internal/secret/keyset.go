package secret

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// KeyID names a key of a keyring. It stands at the beginning of what the key
// sealed, so that a store can count by it without opening anything.
type KeyID uint32

// String is the id as people read and write it: eight hexadecimal digits.
func (id KeyID) String() string { return fmt.Sprintf("%08x", uint32(id)) }

// ParseKeyID reads what [KeyID.String] writes.
func ParseKeyID(text string) (KeyID, error) {
	id, err := strconv.ParseUint(text, 16, 32)
	if err != nil || len(text) != 8 {
		return 0, fault.New(api.CodeInvalid, "%q is not the id of a key", text).WithHint("valetkey keyring list shows the ids, of eight digits")
	}
	return KeyID(id), nil
}

// prefixSize is how many bytes of a sealed value name its key.
const prefixSize = 5

// tinkVersion is the first byte of what Tink seals: its output prefix TINK.
const tinkVersion = 1

// Prefix is how everything begins that the key sealed.
func (id KeyID) Prefix() []byte {
	return binary.BigEndian.AppendUint32([]byte{tinkVersion}, uint32(id))
}

// KeyOf tells which key sealed a value, without opening it; false for what is
// no sealed value.
func KeyOf(sealed Sealed) (KeyID, bool) {
	if len(sealed) <= prefixSize || sealed[0] != tinkVersion {
		return 0, false
	}
	return KeyID(binary.BigEndian.Uint32(sealed[1:prefixSize])), true
}

// NewKeyring makes a keyring of one new key, kept nowhere yet.
func NewKeyring(where string) (*Keyring, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fault.Wrap(err, api.CodeInternal, "cannot make a sealing key")
	}
	return open(handle, where)
}

// Primary is the key that seals.
func (k *Keyring) Primary() KeyID { return KeyID(k.handle.KeysetInfo().GetPrimaryKeyId()) }

// Keys are the ids of all its keys, oldest first.
func (k *Keyring) Keys() []KeyID {
	var ids []KeyID
	for _, key := range k.handle.KeysetInfo().GetKeyInfo() {
		ids = append(ids, KeyID(key.GetKeyId()))
	}
	return ids
}

// WithNewKey returns a keyring with one key more, which opens and does not seal yet.
func (k *Keyring) WithNewKey() (*Keyring, KeyID, error) {
	var id uint32
	next, err := k.changed(func(m *keyset.Manager) (err error) {
		id, err = m.Add(aead.AES256GCMKeyTemplate())
		return err
	})
	return next, KeyID(id), err
}

// WithPrimary returns a keyring that seals with this key.
func (k *Keyring) WithPrimary(id KeyID) (*Keyring, error) {
	return k.changed(func(m *keyset.Manager) error { return m.SetPrimary(uint32(id)) })
}

// Without returns a keyring that has forgotten this key. The primary one stays.
func (k *Keyring) Without(id KeyID) (*Keyring, error) {
	return k.changed(func(m *keyset.Manager) error { return m.Delete(uint32(id)) })
}

func (k *Keyring) changed(change func(*keyset.Manager) error) (*Keyring, error) {
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := change(manager); err != nil {
		return nil, fault.Wrap(err, api.CodeInternal, "the keyring cannot be changed")
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fault.Wrap(err, api.CodeInternal, "the keyring cannot be changed")
	}
	return open(handle, k.path)
}
