package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Store is a store that forgets. It may be used by many goroutines; values
// are copied on their way in and out.
type Store struct {
	mu          sync.Mutex
	providers   map[string][]byte
	clients     map[string]ledger.Client
	connections map[string]ledger.Connection // without the fields of the token set
	tokenSets   map[string][]ledger.TokenSet // oldest first
	leases      map[string]ledger.Lease
	dueAt       map[string]time.Time
	flows       map[string]ledger.Flow
	events      map[string][]ledger.Event // oldest first
	settings    map[string]secret.Sealed
	keys        map[string]access.Key
	lastEvent   int64
	lastFence   int64
}

var (
	_ ledger.Store    = (*Store)(nil)
	_ access.KeyStore = (*Store)(nil)
)

// New makes an empty store.
func New() *Store {
	return &Store{
		providers:   map[string][]byte{},
		clients:     map[string]ledger.Client{},
		connections: map[string]ledger.Connection{},
		tokenSets:   map[string][]ledger.TokenSet{},
		leases:      map[string]ledger.Lease{},
		dueAt:       map[string]time.Time{},
		flows:       map[string]ledger.Flow{},
		events:      map[string][]ledger.Event{},
		settings:    map[string]secret.Sealed{},
		keys:        map[string]access.Key{},
	}
}

// do runs one call of the store, all by itself.
func (m *Store) do(ctx context.Context, call func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return call()
}

// clone copies a value as a database does: through its written form.
func clone[T any](value T) T {
	var copied T
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err != nil {
		panic(fmt.Sprintf("a %T cannot be stored: %v", value, err)) // a defect of the test
	}
	return copied
}

// whole cuts times to the milliseconds that a database keeps.
func whole(times ...*time.Time) {
	for _, t := range times {
		if !t.IsZero() {
			*t = t.Truncate(time.Millisecond).UTC()
		}
	}
}

// unknown says that there is no such thing.
func unknown(noun, name string) error {
	return fmt.Errorf("%s %q: %w", noun, name, ledger.ErrNotFound)
}

// paged cuts a sorted list to a page.
func paged[T any](sorted []T, limit int) []T {
	if limit > 0 && len(sorted) > limit {
		return sorted[:limit]
	}
	return sorted
}
