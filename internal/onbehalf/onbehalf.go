package onbehalf

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/recall"
	"github.com/valetkey/valetkey/internal/secret"
)

// Header carries the user's token of a call over HTTP.
const Header = "X-Valetkey-Subject-Token"

type subjectMark struct{}

// With returns a context whose calls are made for the user whose token it is.
func With(ctx context.Context, subject secret.Text) context.Context {
	return context.WithValue(ctx, subjectMark{}, subject)
}

// Subject is the token of the user that a call is made for, if it is for one.
func Subject(ctx context.Context) (secret.Text, bool) {
	subject, ok := ctx.Value(subjectMark{}).(secret.Text)
	return subject, ok && !subject.IsZero()
}

// Challenge is a refusal that the user can end, by signing in as it says.
type Challenge struct {
	Fault  *fault.Error
	Claims string // JSON to show the authorization server (OpenID Connect Core section 5.5)
}

// Error returns the fault's message.
func (c *Challenge) Error() string { return c.Fault.Message }

// Unwrap returns the fault.
func (c *Challenge) Unwrap() error { return c.Fault }

const (
	maxEntries = 10_000
	// unknownLife is how long a token is used that does not say when it ends.
	unknownLife = 5 * time.Minute
)

// Cache holds what users' tokens were exchanged for. Make one with [NewCache].
type Cache[V any] struct {
	entries *recall.Cache[entry[V]]
	now     func() time.Time
}

type entry[V any] struct {
	value V
	ends  time.Time
}

// NewCache returns an empty cache that goes by a clock.
func NewCache[V any](now func() time.Time) *Cache[V] {
	return &Cache[V]{entries: recall.New[entry[V]](maxEntries), now: now}
}

// Key names a user's token at a connection, and does not tell it.
func Key(connection string, subject secret.Text) string {
	sum := sha256.Sum256([]byte(subject.Reveal()))
	return connection + "\x00" + hex.EncodeToString(sum[:])
}

// Get returns what is known under a key, with the epoch to hand to [Cache.Put].
func (c *Cache[V]) Get(key string) (value V, at recall.Epoch, ok bool) {
	found, at, ok := c.entries.Get(key)
	if ok && !c.now().Before(found.ends) {
		return value, at, false
	}
	return found.value, at, ok
}

// Put remembers a value until its token ends; the zero time is unknown.
func (c *Cache[V]) Put(key string, value V, ends time.Time, at recall.Epoch) {
	if ends.IsZero() {
		ends = c.now().Add(unknownLife)
	}
	c.entries.Put(key, entry[V]{value, ends}, at)
}

// Drop forgets one key.
func (c *Cache[V]) Drop(key string) { c.entries.Drop(key) }

// Clear forgets everything.
func (c *Cache[V]) Clear() { c.entries.Clear() }
