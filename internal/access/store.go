package access

import (
	"context"
	"time"

	"github.com/valetkey/valetkey/api"
)

// Key is a caller's key as it is kept: by its hash.
type Key struct {
	Name        string
	Hash        [32]byte // SHA-256 of the key (it has 256 bits of entropy, so no slow hash is needed)
	Prefix      string   // the first characters, to recognise it by
	Role        api.Role
	Connections []string // empty: all
	ExpiresAt   time.Time
	LastUsedAt  time.Time
	CreatedAt   time.Time
}

// KeyStore keeps keys. Its errors are those of the broker's stores:
// errors.Is(err, ErrNotFound), errors.Is(err, ErrExists).
type KeyStore interface {
	CreateKey(ctx context.Context, k Key) error // ErrExists when the name is taken
	Keys(ctx context.Context) ([]Key, error)
	DeleteKey(ctx context.Context, name string) error // ErrNotFound
	TouchKeys(ctx context.Context, usedAt map[string]time.Time) error
}
