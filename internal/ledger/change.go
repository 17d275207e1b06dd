package ledger

import "context"

// Nouns of a [Change].
const (
	NounProvider   = "provider"
	NounClient     = "client"
	NounConnection = "connection" // the connection itself, its state or its tokens
	NounKey        = "key"        // a caller's key
	NounKeyring    = "keyring"    // the keys that seal
	NounAgent      = "agent"      // an agent, or which run of its program counts
)

// Change is something that another process changed in the store. The zero
// Change says that anything may have changed.
type Change struct {
	Noun string `json:"noun,omitempty"`
	Name string `json:"name,omitempty"`
}

// Watcher is a store that other processes may write as well, and that tells of
// it. Several brokers on one store need it; a store without it has one writer.
type Watcher interface {
	// Changes tells, within a second, what other processes change. It starts
	// with a zero Change, and sends another one whenever a change may have been
	// missed. The channel is closed when the context ends.
	Changes(ctx context.Context) <-chan Change
}
