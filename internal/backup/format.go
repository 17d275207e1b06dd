package backup

import (
	"encoding/json"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/store/custody"
)

// magic is the first line of a file, with the version of the format.
const magic = "valetkey-backup 1\n"

// Head begins a backup.
type Head struct {
	CreatedAt time.Time `json:"created_at"`
	Program   string    `json:"program"` // the version that wrote it
	Schema    int64     `json:"schema"`  // of the tables
	// Keyring is the keyring sealed under a passphrase; nil: none was given, and
	// the master key alone opens it.
	Keyring *PassphraseKeyring `json:"keyring,omitempty"`
}

// PassphraseKeyring is a keyring that a passphrase opens.
type PassphraseKeyring struct {
	Salt   []byte          `json:"salt"`
	Sealed json.RawMessage `json:"sealed"`
}

// tail ends a backup: without it the file is cut.
type tail struct {
	End    bool   `json:"end"`
	Rows   int64  `json:"rows"`
	SHA256 []byte `json:"sha256"` // of every line before it
}

// line is any line between head and tail, and the tail.
type line struct {
	custody.Table
	Values []value `json:"row"`
	tail
}

// value is one value of a row.
type value struct{ of any }

// MarshalJSON writes bytes as an object, so that they cannot be taken for text.
func (v value) MarshalJSON() ([]byte, error) {
	if bytes, ok := v.of.([]byte); ok {
		return json.Marshal(map[string][]byte{"b": bytes})
	}
	return json.Marshal(v.of)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *value) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '{':
		var bytes struct {
			B []byte `json:"b"`
		}
		err := json.Unmarshal(text, &bytes)
		v.of = bytes.B
		return err
	case '"':
		var s string
		err := json.Unmarshal(text, &s)
		v.of = s
		return err
	case 'n':
		v.of = nil
		return nil
	}
	var n int64
	err := json.Unmarshal(text, &n)
	v.of = n
	return err
}

func damaged(cause error, what string) error {
	return fault.Wrap(cause, api.CodeInvalid, "the backup %s", what).
		WithHint("take another copy of it; nothing was changed")
}
