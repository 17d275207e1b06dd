package secret

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// Sealed is a secret at rest: ciphertext that names its key. It may be stored
// and copied freely. Nil means that there is no secret.
type Sealed []byte

// Place is where a sealed value belongs: it opens nowhere else.
type Place struct{ Table, Row, Column string }

// aad renders the place as associated data. The lengths of the parts cannot
// be confused because a zero byte occurs in none of them.
func (p Place) aad() []byte { return []byte(strings.Join([]string{p.Table, p.Row, p.Column}, "\x00")) }

// Keyring seals and opens secrets with AES-256-GCM, with one of its keys; it
// opens what any of them sealed. It does not change: [Keyring.WithNewKey] and
// the like return another one.
type Keyring struct {
	primitive tink.AEAD
	handle    *keyset.Handle
	path      string // for messages: where its keys are kept
}

// ErrSealBroken means that a sealed value does not open: another key made it,
// it was changed, or it was moved from another row.
var ErrSealBroken = errors.New("sealed value does not open")

// CreateKeyring makes a new keyring file of mode 0600 and opens it. It fails
// when the file exists: a keyring is never overwritten.
func CreateKeyring(path string) (*Keyring, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fault.Wrap(err, api.CodeInternal, "cannot make a sealing key")
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fault.Wrap(err, api.CodeInternal, "cannot write the sealing key")
	}
	if err := writeNew(path, text.Bytes()); err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot make the keyring file %s: %s", path, plain(err)).
			WithHint("make sure that the directory exists, is yours, and has room")
	}
	return open(handle, path)
}

// OpenKeyring opens the keyring file. The error wraps [fs.ErrNotExist] when
// there is none.
func OpenKeyring(path string) (*Keyring, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot read the keyring file %s: %s", path, plain(err)).
			WithHint("put the keyring file back from your backup; without it no secret in the database can be opened")
	}
	if err := checkMode(info); err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the keyring file %s can be read by others", path).
			WithHint("chmod 600 %s", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "cannot read the keyring file %s: %s", path, plain(err))
	}
	return ReadKeyring(text, path)
}

// ReadKeyring opens the text of a keyring file; where names it in messages.
func ReadKeyring(text []byte, where string) (*Keyring, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		// Tink's error may quote the file, so it is not kept.
		return nil, fault.New(api.CodeNeedsConfiguration, "the keyring file %s is damaged", where).
			WithHint("put it back from your backup; nothing was changed")
	}
	return open(handle, where)
}

func open(handle *keyset.Handle, path string) (*Keyring, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the keyring file %s holds no usable key", path)
	}
	return &Keyring{primitive: primitive, handle: handle, path: path}, nil
}

// Path is where the keyring was read from.
func (k *Keyring) Path() string { return k.path }

// Seal encrypts text for its place. An empty text seals to nil.
func (k *Keyring) Seal(text Text, place Place) (Sealed, error) {
	if text.IsZero() {
		return nil, nil
	}
	sealed, err := k.primitive.Encrypt([]byte(text.value), place.aad())
	if err != nil {
		return nil, fault.Wrap(err, api.CodeInternal, "cannot seal a secret")
	}
	return sealed, nil
}

// Open decrypts a sealed value at its place; nil opens to the empty text. The
// error wraps [ErrSealBroken].
func (k *Keyring) Open(sealed Sealed, place Place) (Text, error) {
	if len(sealed) == 0 {
		return Text{}, nil
	}
	value, err := k.primitive.Decrypt(sealed, place.aad())
	if err != nil {
		return Text{}, fault.Wrap(ErrSealBroken, api.CodeNeedsConfiguration, "the secret in %s.%s does not open with this keyring", place.Table, place.Column).
			WithHint("put the keyring that made it back at %s; the sealed value is untouched", k.path)
	}
	return Text{string(value)}, nil
}

// ProofPlace is where the proof lies.
func ProofPlace() Place { return Place{Table: "settings", Row: "keyring_proof", Column: "value"} }

// Proof is a sealed constant to keep beside the secrets: it shows at the next
// start, by [Keyring.Check], that the keyring still fits them.
func (k *Keyring) Proof() (Sealed, error) { return k.Seal(NewText("valetkey"), ProofPlace()) }

// Check opens a proof. It fails when another keyring made it.
func (k *Keyring) Check(proof Sealed) error {
	if _, err := k.Open(proof, ProofPlace()); err != nil {
		return fault.Wrap(ErrSealBroken, api.CodeNeedsConfiguration, "the keyring %s is not the one that sealed this database", k.path).
			WithHint("put the right keyring file back, or point --data at another directory; nothing was changed")
	}
	return nil
}

// writeNew writes a file that must not exist, whole or not at all, and makes
// it durable: a half-written keyring would be a lost one.
func writeNew(path string, content []byte) error {
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text())
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	// A hard link fails when the name is taken, where a rename would replace it.
	return os.Link(temporary, path)
}

// plain strips the path from a file error: the message names it already.
func plain(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	return err.Error()
}
