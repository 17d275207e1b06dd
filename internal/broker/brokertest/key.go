package brokertest

import (
	"context"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
)

// Keys checks that a store keeps the contract of [access.KeyStore]. Each call
// of open gives an empty store, to be closed by t.Cleanup.
func Keys(t *testing.T, open func(t *testing.T) access.KeyStore) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s access.KeyStore)
	}{
		{"every field reads back as it was written, in the order of names", keyRoundTrip},
		{"a name is taken once", keyExists},
		{"an unknown key cannot be deleted", func(t *testing.T, s access.KeyStore) {
			wantError(t, s.DeleteKey(t.Context(), "nobody"), access.ErrNotFound)
		}},
		{"a deleted key is gone and its name free", keyDeleted},
		{"the time of last use only moves forward", keyTouched},
		{"a caller that gave up is told so", keyCancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// key is a key with every field set.
func key(name string) access.Key {
	k := access.Key{
		Name:        name,
		Prefix:      "vk_abc",
		Role:        api.RoleCaller,
		Connections: []string{"mail", "日本"},
		ExpiresAt:   after(100),
		LastUsedAt:  after(2),
		CreatedAt:   start(),
	}
	for i := range k.Hash {
		k.Hash[i] = byte(i * 37)
	}
	copy(k.Hash[:], name)
	return k
}

func allKeys(t *testing.T, s access.KeyStore) []access.Key {
	t.Helper()
	return get[[]access.Key](t)(s.Keys(t.Context()))
}

func keyRoundTrip(t *testing.T, s access.KeyStore) {
	bare := access.Key{Name: "bare", Hash: [32]byte{1}, Role: api.RoleOperator, CreatedAt: start()}
	must(t, s.CreateKey(t.Context(), key("robot")))
	must(t, s.CreateKey(t.Context(), bare))
	wantEqual(t, "keys", allKeys(t, s), []access.Key{bare, key("robot")})
}

func keyExists(t *testing.T, s access.KeyStore) {
	must(t, s.CreateKey(t.Context(), key("robot")))
	other := key("robot")
	other.Hash = [32]byte{9}
	wantError(t, s.CreateKey(t.Context(), other), access.ErrExists)
	wantEqual(t, "keys", allKeys(t, s), []access.Key{key("robot")})
}

func keyDeleted(t *testing.T, s access.KeyStore) {
	must(t, s.CreateKey(t.Context(), key("robot")))
	must(t, s.CreateKey(t.Context(), key("other")))
	must(t, s.DeleteKey(t.Context(), "robot"))
	wantEqual(t, "keys", allKeys(t, s), []access.Key{key("other")})
	must(t, s.CreateKey(t.Context(), key("robot")))
}

func keyTouched(t *testing.T, s access.KeyStore) {
	must(t, s.CreateKey(t.Context(), key("a")))
	must(t, s.CreateKey(t.Context(), key("b")))
	must(t, s.TouchKeys(t.Context(), map[string]time.Time{"a": after(1), "b": after(50), "nobody": after(50)}))
	later := key("b")
	later.LastUsedAt = after(50)
	wantEqual(t, "keys", allKeys(t, s), []access.Key{key("a"), later})
}

func keyCancelled(t *testing.T, s access.KeyStore) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, s.CreateKey(ctx, key("late")), context.Canceled)
	_, err := s.Keys(ctx)
	wantError(t, err, context.Canceled)
	wantEqual(t, "keys", allKeys(t, s), []access.Key(nil))
}
