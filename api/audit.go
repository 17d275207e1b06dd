package api

import "time"

// AuditEntry is one thing that somebody did, or was refused.
type AuditEntry struct {
	ID      int64             `json:"id"`
	At      time.Time         `json:"at"`
	Actor   string            `json:"actor"`  // the name of a key or an operator
	Action  string            `json:"action"` // noun.verb, such as client.put, key.create, connection.token.get
	Subject string            `json:"subject,omitempty"`
	Detail  map[string]string `json:"detail,omitempty"` // never a secret; count: how often, where it was often
}

// AuditList is one page of the audit trail, newest first.
type AuditList struct {
	Entries    []AuditEntry `json:"entries"`
	NextCursor string       `json:"next_cursor,omitempty"`
}

// AuditFilter narrows the audit trail; zero fields do not.
type AuditFilter struct {
	Actor   string
	Action  string // a beginning of it
	Subject string
	Since   time.Time
	Before  int64 // ids below this
	Limit   int
}

// BackupRequest says how a backup is written.
type BackupRequest struct {
	// Passphrase also seals the keyring under this passphrase, so that the backup
	// can be restored without the master key that sealed it.
	Passphrase Secret `json:"passphrase,omitempty"`
}

// CauseRestored is the code of the cause of a connection that came from a
// backup. Its refresh token may be spent: a provider that detects reuse would
// end the grant, so it is not sent before a person says so.
const CauseRestored = "restored"
