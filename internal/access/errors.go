package access

import "errors"

// Errors every [KeyStore] returns.
var (
	ErrNotFound = errors.New("no such key")
	ErrExists   = errors.New("a key with this name exists")
)
