package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	keyPrefix = "vk_"              // lets people and secret scanners recognise a key
	keyBytes  = 32                 // 256 bits, 43 characters of base64url
	shown     = len(keyPrefix) + 6 // of a key in lists: 36 bits of 256

	looksPerSecond = 5 // into the store, for keys that are not in memory
)

// keyLength is how long a key is, in bytes (RFC 4648 section 5, without padding).
const keyLength = len(keyPrefix) + (8*keyBytes+5)/6

// Config is what Keys are made of. Store is required.
type Config struct {
	Store KeyStore
	Now   func() time.Time // default time.Now
	Rand  io.Reader        // default crypto/rand
}

// Keys makes, checks and ends keys. It is safe for concurrent use. Call
// [Keys.Reload] whenever another process may have changed keys.
type Keys struct {
	store  KeyStore
	now    func() time.Time
	random io.Reader

	change sync.Mutex // one change of the table at a time
	table  atomic.Pointer[table]
	looks  *rate.Limiter
}

// table finds a key by its hash. It is replaced, never changed.
type table map[[sha256.Size]byte]*entry

// entry is one key as checks see it. The usage survives a new table.
type entry struct {
	name      string
	principal Principal
	expiresAt time.Time
	usage     *usage
}

// New returns the keys of a store, read once.
func New(ctx context.Context, config Config) (*Keys, error) {
	k := &Keys{store: config.Store, now: config.Now, random: config.Rand, looks: rate.NewLimiter(looksPerSecond, looksPerSecond)}
	if k.now == nil {
		k.now = time.Now
	}
	if k.random == nil {
		k.random = rand.Reader
	}
	k.table.Store(&table{})
	return k, k.Reload(ctx)
}

// Create makes a key and returns it with its secret, which is shown this once.
// A name that is taken is an [api.CodeConflict], a spec that makes no sense an
// [api.CodeInvalid].
func (k *Keys) Create(ctx context.Context, spec api.KeySpec) (api.NewKey, error) {
	now := k.now().UTC()
	spec, err := complete(spec, now)
	if err != nil {
		return api.NewKey{}, err
	}
	raw := make([]byte, keyBytes)
	if _, err := io.ReadFull(k.random, raw); err != nil {
		return api.NewKey{}, fmt.Errorf("randomness for a key: %w", err)
	}
	text := keyPrefix + base64.RawURLEncoding.EncodeToString(raw)
	key := Key{
		Name:        spec.Name,
		Hash:        sha256.Sum256([]byte(text)),
		Prefix:      text[:shown],
		Role:        spec.Role,
		Connections: spec.Connections,
		CreatedAt:   now,
	}
	if spec.ExpiresAt != nil {
		key.ExpiresAt = *spec.ExpiresAt
	}
	if err := k.add(ctx, key); err != nil {
		return api.NewKey{}, err
	}
	return api.NewKey{Key: wire(key), Secret: api.Secret(text)}, nil
}

// List returns all keys by name, without their secrets.
func (k *Keys) List(ctx context.Context) ([]api.Key, error) {
	kept, err := k.store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	current := *k.table.Load()
	keys := make([]api.Key, 0, len(kept))
	for _, key := range kept {
		if e, ok := current[key.Hash]; ok {
			key.LastUsedAt = later(key.LastUsedAt, e.usage.last())
		}
		keys = append(keys, wire(key))
	}
	slices.SortFunc(keys, func(a, b api.Key) int { return strings.Compare(a.Name, b.Name) })
	return keys, nil
}

// Revoke ends a key: from its return on, no check here accepts it.
func (k *Keys) Revoke(ctx context.Context, name string) error {
	k.change.Lock()
	defer k.change.Unlock()
	err := k.store.DeleteKey(ctx, name)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("revoke key: %w", err)
	}
	// The table is changed without reading the store again: a store that fails
	// just now must not keep a revoked key alive.
	next := make(table)
	for hash, e := range *k.table.Load() {
		if e.name != name {
			next[hash] = e
		}
	}
	k.table.Store(&next)
	if err != nil {
		return fault.Wrap(err, api.CodeNotFound, "there is no key named %q", name).WithHint("valetkey key list")
	}
	return nil
}

// Check says who shows this key. It finds the key by its SHA-256, so that the
// time it takes says nothing about a key. It reads memory; only a key that is
// not there and may be new, made by another process whose word has not come
// yet, has the store read again, a few times a second at the most. The error is
// an [api.CodeUnauthenticated].
func (k *Keys) Check(ctx context.Context, key string) (Principal, error) {
	if key == "" {
		return Principal{}, fault.New(api.CodeUnauthenticated, "no key was sent").
			WithHint("send the header Authorization: Bearer vk_…, or set VALETKEY_KEY; a new key: valetkey key create NAME")
	}
	hash := sha256.Sum256([]byte(key))
	e, ok := (*k.table.Load())[hash]
	if !ok && k.mayBeNew(key) {
		// A store that cannot be read says nothing of this key: it stays unknown.
		_ = k.Reload(ctx)
		e, ok = (*k.table.Load())[hash]
	}
	if !ok {
		return Principal{}, fault.New(api.CodeUnauthenticated, "this key is not known, or it was revoked").
			WithHint("make a new key: valetkey key create NAME")
	}
	now := k.now()
	if !e.expiresAt.IsZero() && !now.Before(e.expiresAt) {
		return Principal{}, fault.New(api.CodeUnauthenticated, "the key %q expired at %s", e.name, e.expiresAt.UTC().Format(time.RFC3339)).
			WithHint("make a new key: valetkey key create NAME")
	}
	e.usage.touch(now)
	return e.principal, nil
}

// mayBeNew says whether the store is worth a look for a key that is not in
// memory. Whoever tries keys at random does not get one look for each.
func (k *Keys) mayBeNew(key string) bool {
	return strings.HasPrefix(key, keyPrefix) && len(key) == keyLength && k.looks.AllowN(k.now(), 1)
}

// Reload reads all keys from the store.
func (k *Keys) Reload(ctx context.Context) error {
	k.change.Lock()
	defer k.change.Unlock()
	kept, err := k.store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("reload keys: %w", err)
	}
	before := *k.table.Load()
	next := make(table, len(kept))
	for _, key := range kept {
		next[key.Hash] = newEntry(key, before[key.Hash])
	}
	k.table.Store(&next)
	return nil
}

// add writes a new key and makes it known to checks.
func (k *Keys) add(ctx context.Context, key Key) error {
	k.change.Lock()
	defer k.change.Unlock()
	err := k.store.CreateKey(ctx, key)
	if errors.Is(err, ErrExists) {
		return fault.Wrap(err, api.CodeConflict, "there is a key named %q already", key.Name).
			WithHint("choose another name, or end the old key first: valetkey key revoke %s", key.Name)
	}
	if err != nil {
		return fmt.Errorf("create key: %w", err)
	}
	before := *k.table.Load()
	next := make(table, len(before)+1)
	for hash, e := range before {
		next[hash] = e
	}
	next[key.Hash] = newEntry(key, nil)
	k.table.Store(&next)
	return nil
}

func newEntry(key Key, before *entry) *entry {
	e := &entry{name: key.Name, principal: newPrincipal(key), expiresAt: key.ExpiresAt, usage: &usage{}}
	if before != nil {
		e.usage = before.usage
	}
	return e
}

// wire shows a key without what would let anyone use it.
func wire(key Key) api.Key {
	return api.Key{
		KeySpec: api.KeySpec{
			Name:        key.Name,
			Role:        key.Role,
			Connections: key.Connections,
			ExpiresAt:   present(key.ExpiresAt),
		},
		Prefix:     key.Prefix,
		CreatedAt:  key.CreatedAt,
		LastUsedAt: present(key.LastUsedAt),
	}
}

func present(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
