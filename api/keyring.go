package api

import "time"

// KeyringKeyState is what a key of the keyring does.
type KeyringKeyState string

// The states of a key of the keyring.
const (
	KeySeals   KeyringKeyState = "seals"   // new values are sealed with it
	KeyNext    KeyringKeyState = "next"    // it will be, once every node has read it
	KeyOpens   KeyringKeyState = "opens"   // it opens what it sealed before
	KeyRetired KeyringKeyState = "retired" // it is forgotten at ForgottenAt
)

// KeyringKey is one key that seals secrets at rest, without the key itself.
type KeyringKey struct {
	ID          string          `json:"id"` // eight hexadecimal digits
	State       KeyringKeyState `json:"state"`
	Rows        int64           `json:"rows"`                   // values sealed with it
	CreatedAt   *time.Time      `json:"created_at,omitempty"`   // nil: before keys were rotated
	SealsFrom   *time.Time      `json:"seals_from,omitempty"`   // of a key that a rotation made
	ForgottenAt *time.Time      `json:"forgotten_at,omitempty"` // of a retired key
}

// Keyring is the keys that seal secrets at rest, and how far a rotation is.
type Keyring struct {
	Keys             []KeyringKey `json:"keys"`       // oldest first
	MasterKey        string       `json:"master_key"` // which key seals the keyring: a file or a key service's URI
	MasterKeyAnswers bool         `json:"master_key_answers"`
	KeysUsedUntil    *time.Time   `json:"keys_used_until,omitempty"` // while the master key does not answer
	Rotating         bool         `json:"rotating"`                  // values are being sealed anew
	Remaining        int64        `json:"remaining"`                 // values under other keys than the one that seals
	CountedAt        *time.Time   `json:"counted_at,omitempty"`      // when rows and remaining were so; nil: they are being counted
	Resealed         int64        `json:"resealed"`                  // values sealed anew by the last rotation
	Damaged          int64        `json:"damaged,omitempty"`         // values that no key opens; they are left as they are
}

// MasterKey names the key that seals the keyring: file:///path,
// hcvault://host/transit/keys/name, aws-kms://arn or gcp-kms://projects/….
type MasterKey struct {
	URI string `json:"uri"`
}
