package secret

import (
	"bytes"
	"crypto/rand"
	"errors"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/crypto/argon2"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Remote is a key that never leaves a key service: Tink's AEAD. Errors that are
// faults reach people as they are; others say that the ciphertext is not ours.
type Remote interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// Master is the key that seals a keyring.
type Master struct {
	name      string // for people: a path, or the service's URI
	primitive tink.AEAD
	remote    Remote // nil: the primitive is here
}

// cipher is what seals, and what a key service last said through it: Tink
// keeps the text of an error, and not the error.
func (m Master) cipher() (tink.AEAD, *heard) {
	if m.remote == nil {
		return m.primitive, &heard{}
	}
	h := &heard{Remote: m.remote}
	return aead.NewKMSEnvelopeAEAD2(aead.AES256GCMKeyTemplate(), h), h
}

// heard remembers the error of a key service.
type heard struct {
	Remote
	err error
}

// Encrypt implements [Remote].
func (h *heard) Encrypt(plaintext, associatedData []byte) (sealed []byte, err error) {
	sealed, h.err = h.Remote.Encrypt(plaintext, associatedData)
	return sealed, h.err
}

// Decrypt implements [Remote].
func (h *heard) Decrypt(ciphertext, associatedData []byte) (opened []byte, err error) {
	opened, h.err = h.Remote.Decrypt(ciphertext, associatedData)
	return opened, h.err
}

// Name says which key it is; it is never a secret.
func (m Master) Name() string { return m.name }

// FileMaster is the keyring file as a master key.
func FileMaster(file *Keyring) Master {
	return Master{name: "file://" + file.path, primitive: file.primitive}
}

// RemoteMaster is a key in a key service. It seals a fresh key for each
// keyring, and that one the keyring: services take a few KiB only.
func RemoteMaster(name string, remote Remote) Master {
	return Master{name: name, remote: remote}
}

// Wrap seals a whole keyring under a master key, bound to what is said about
// it in the clear.
func (k *Keyring) Wrap(master Master, about []byte) ([]byte, error) {
	var out bytes.Buffer
	cipher, heard := master.cipher()
	if err := k.handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), cipher, about); err != nil {
		return nil, masterFault(heard.err, master, "cannot seal the keyring with the master key %s", "the keyring was not changed; check the key service and try again")
	}
	return out.Bytes(), nil
}

// Unwrap opens what [Keyring.Wrap] sealed. The error wraps [ErrSealBroken] when
// another master key sealed it, or it was changed.
func Unwrap(wrapped []byte, master Master, about []byte) (*Keyring, error) {
	cipher, heard := master.cipher()
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), cipher, about)
	if err != nil {
		return nil, masterFault(heard.err, master, "the master key %s does not open the keyring of this database",
			"put back the master key that sealed it, or point --data or VALETKEY_MASTER_KEY at it; nothing was changed")
	}
	return open(handle, master.name)
}

// masterFault keeps what a key service said, and takes anything else for the
// wrong key: Tink tells no more, and its words help nobody.
func masterFault(err error, master Master, message, hint string) error {
	var said *fault.Error
	if errors.As(err, &said) {
		return said
	}
	return fault.Wrap(ErrSealBroken, api.CodeNeedsConfiguration, message, master.name).WithHint("%s", hint)
}

const (
	// saltSize is that of a passphrase's salt, in bytes.
	saltSize = 16
	// argonTime, argonMemory (KiB) and argonThreads are the second choice of
	// RFC 9106 section 4, for machines that have less than 2 GiB to spare.
	argonTime    = 3
	argonMemory  = 64 << 10
	argonThreads = 4
)

// NewSalt makes a salt for [PassphraseMaster].
func NewSalt() []byte {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	return salt
}

// PassphraseMaster derives a master key from a passphrase (Argon2id, RFC 9106).
func PassphraseMaster(passphrase Text, salt []byte) (Master, error) {
	if len(salt) != saltSize {
		return Master{}, fault.New(api.CodeInvalid, "the passphrase's salt is damaged")
	}
	key := argon2.IDKey([]byte(passphrase.value), salt, argonTime, argonMemory, argonThreads, 32)
	primitive, err := subtle.NewAESGCM(key)
	if err != nil {
		return Master{}, fault.Wrap(err, api.CodeInternal, "cannot make a key of the passphrase")
	}
	return Master{name: "of the passphrase", primitive: primitive}, nil
}
