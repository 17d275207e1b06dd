package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// memory is a KeyStore in memory. broken, when set, is what every method returns.
type memory struct {
	mu     sync.Mutex
	keys   map[string]Key
	reads  int // how often all were read
	broken error
}

func (m *memory) CreateKey(_ context.Context, k Key) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if _, ok := m.keys[k.Name]; ok {
		return ErrExists
	}
	m.keys[k.Name] = k
	return nil
}

func (m *memory) Keys(context.Context) ([]Key, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	var all []Key
	for _, k := range m.keys {
		all = append(all, k)
	}
	return all, m.broken
}

func (m *memory) DeleteKey(_ context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if _, ok := m.keys[name]; !ok {
		return ErrNotFound
	}
	delete(m.keys, name)
	return nil
}

func (m *memory) TouchKeys(_ context.Context, usedAt map[string]time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	for name, at := range usedAt {
		k := m.keys[name]
		k.LastUsedAt = at
		m.keys[name] = k
	}
	return nil
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newKeys(t *testing.T) (*Keys, *memory, *clock) {
	t.Helper()
	m := &memory{keys: map[string]Key{}}
	c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return open(t, m, c), m, c
}

func open(t *testing.T, m *memory, c *clock) *Keys {
	t.Helper()
	keys, err := New(t.Context(), Config{Store: m, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func mustCreate(t *testing.T, k *Keys, spec api.KeySpec) api.NewKey {
	t.Helper()
	key, err := k.Create(t.Context(), spec)
	if err != nil {
		t.Fatalf("Create(%+v): %v", spec, err)
	}
	return key
}

func TestANewKeyHas256BitsAndIsACallerUnlessSaidOtherwise(t *testing.T) {
	keys, store, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	if !regexp.MustCompile(`^vk_[A-Za-z0-9_-]{43}$`).MatchString(string(key.Secret)) {
		t.Errorf("the key has the wrong form: %d characters", len(key.Secret))
	}
	if key.Role != api.RoleCaller {
		t.Errorf("role = %q, want caller", key.Role)
	}
	if !strings.HasPrefix(string(key.Secret), key.Prefix) || len(key.Prefix) != 9 {
		t.Errorf("prefix %q does not recognise the key", key.Prefix)
	}
	if kept := fmt.Sprintf("%+v", store.keys["ci"]); strings.Contains(kept, string(key.Secret)) {
		t.Error("the store was given the key itself")
	}
	other := mustCreate(t, keys, api.KeySpec{Name: "ci-2"})
	if other.Secret == key.Secret {
		t.Error("two keys are the same")
	}
}

func TestASpecThatMakesNoSenseIsRefusedWithAdvice(t *testing.T) {
	past := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]api.KeySpec{
		"no name":                        {},
		"capitals in the name":           {Name: "CI"},
		"a name that begins with a dot":  {Name: ".ci"},
		"a name of 64 characters":        {Name: strings.Repeat("a", 64)},
		"a line break after the name":    {Name: "ci\n"},
		"a role that does not exist":     {Name: "ci", Role: "admin"},
		"an expiry in the past":          {Name: "ci", ExpiresAt: &past},
		"an operator limited to some":    {Name: "ci", Role: api.RoleOperator, Connections: []string{"mail"}},
		"a pattern instead of a name":    {Name: "ci", Connections: []string{"mail-*"}},
		"an empty name of a connection":  {Name: "ci", Connections: []string{""}},
		"a path instead of a connection": {Name: "ci", Connections: []string{"../mail"}},
	}
	for name, spec := range tests {
		t.Run(name, func(t *testing.T) {
			keys, store, _ := newKeys(t)
			_, err := keys.Create(t.Context(), spec)
			if !fault.Is(err, api.CodeInvalid) || fault.As(err).Hint == "" {
				t.Errorf("err = %v, want invalid_request with a hint", err)
			}
			if len(store.keys) != 0 {
				t.Error("a key was stored all the same")
			}
		})
	}
	keys, _, _ := newKeys(t)
	mustCreate(t, keys, api.KeySpec{Name: strings.Repeat("a", 63)})
}

func TestANameIsTakenOnce(t *testing.T) {
	keys, _, _ := newKeys(t)
	first := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	_, err := keys.Create(t.Context(), api.KeySpec{Name: "ci"})
	if !fault.Is(err, api.CodeConflict) || !strings.Contains(fault.As(err).Hint, "valetkey key revoke ci") {
		t.Errorf("err = %v, want a conflict that names the command", err)
	}
	if _, err := keys.Check(t.Context(), string(first.Secret)); err != nil {
		t.Errorf("the first key stopped working: %v", err)
	}
}

func TestAKeyIsCheckedWithoutTheStore(t *testing.T) {
	keys, store, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci", Role: api.RoleProxy, Connections: []string{"mail"}})
	store.broken = errors.New("the database is gone")
	p, err := keys.Check(t.Context(), string(key.Secret))
	if err != nil || p.Name != "ci" || p.Role != api.RoleProxy || !p.MayCall("mail") || p.MayCall("files") {
		t.Errorf("principal = %+v, %v", p, err)
	}
}

func TestWhatIsNotAKeyIsRefused(t *testing.T) {
	keys, _, _ := newKeys(t)
	key := string(mustCreate(t, keys, api.KeySpec{Name: "ci"}).Secret)
	for name, shown := range map[string]string{
		"nothing":            "",
		"another key":        "vk_" + strings.Repeat("A", 43),
		"its prefix":         key[:9],
		"a longer key":       key + "A",
		"other letter cases": strings.ToUpper(key),
	} {
		t.Run(name, func(t *testing.T) {
			p, err := keys.Check(t.Context(), shown)
			if !fault.Is(err, api.CodeUnauthenticated) {
				t.Errorf("err = %v, want unauthenticated", err)
			}
			if p.MayRead("mail") {
				t.Error("a refused key gave a principal that may read")
			}
			if shown != "" && (strings.Contains(err.Error(), shown) || strings.Contains(fault.As(err).Hint, shown)) {
				t.Error("the refusal repeats what was shown")
			}
		})
	}
}

func TestAKeyStopsAtItsExpiry(t *testing.T) {
	keys, _, c := newKeys(t)
	expiry := c.at.Add(time.Hour)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci", ExpiresAt: &expiry})
	c.at = expiry.Add(-time.Nanosecond)
	if _, err := keys.Check(t.Context(), string(key.Secret)); err != nil {
		t.Fatalf("just before its expiry: %v", err)
	}
	c.at = expiry
	_, err := keys.Check(t.Context(), string(key.Secret))
	if !fault.Is(err, api.CodeUnauthenticated) || !strings.Contains(err.Error(), "expired at 2026-03-01T13:00:00Z") {
		t.Errorf("at its expiry: %v", err)
	}
}

func TestARevokedKeyStopsAtOnceEvenWhenTheStoreCannotBeReadAgain(t *testing.T) {
	keys, store, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	other := mustCreate(t, keys, api.KeySpec{Name: "other"})
	if err := keys.Revoke(t.Context(), "ci"); err != nil {
		t.Fatal(err)
	}
	store.broken = errors.New("the database is gone")
	if _, err := keys.Check(t.Context(), string(key.Secret)); !fault.Is(err, api.CodeUnauthenticated) {
		t.Errorf("the revoked key: %v", err)
	}
	if _, err := keys.Check(t.Context(), string(other.Secret)); err != nil {
		t.Errorf("the other key: %v", err)
	}
}

func TestAKeyRevokedElsewhereIsForgottenHere(t *testing.T) {
	keys, store, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	delete(store.keys, "ci")
	if err := keys.Revoke(t.Context(), "ci"); !fault.Is(err, api.CodeNotFound) {
		t.Errorf("err = %v, want not_found", err)
	}
	if _, err := keys.Check(t.Context(), string(key.Secret)); !fault.Is(err, api.CodeUnauthenticated) {
		t.Errorf("the key still works: %v", err)
	}
}

func TestAFailedRevokeIsReportedAndTheKeyStays(t *testing.T) {
	keys, store, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	store.broken = errors.New("disk full")
	if err := keys.Revoke(t.Context(), "ci"); err == nil || fault.As(err).Code != api.CodeInternal {
		t.Errorf("err = %v, want an internal error", err)
	}
	if _, err := keys.Check(t.Context(), string(key.Secret)); err != nil {
		t.Errorf("the key was dropped though the store still has it: %v", err)
	}
}

func TestAKeyMadeElsewhereIsKnownAtOnce(t *testing.T) {
	keys, store, c := newKeys(t)
	second := open(t, store, c)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	if _, err := second.Check(t.Context(), string(key.Secret)); err != nil {
		t.Errorf("a key that another process made: %v", err)
	}
}

func TestKeysTriedAtRandomDoNotEachReadTheStore(t *testing.T) {
	keys, store, c := newKeys(t)
	second := open(t, store, c)
	before := store.reads
	for i := range 1000 {
		guess := keyPrefix + fmt.Sprintf("%043d", i)
		if _, err := second.Check(t.Context(), guess); !fault.Is(err, api.CodeUnauthenticated) {
			t.Fatalf("Check(%s): %v", guess, err)
		}
	}
	for _, shape := range []string{"vk_wrong", "Bearer", strings.Repeat("x", keyLength)} {
		if _, err := second.Check(t.Context(), shape); !fault.Is(err, api.CodeUnauthenticated) {
			t.Fatalf("Check(%s): %v", shape, err)
		}
	}
	if reads := store.reads - before; reads != looksPerSecond {
		t.Errorf("the store was read %d times within a moment, want %d", reads, looksPerSecond)
	}
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	if _, err := second.Check(t.Context(), string(key.Secret)); err == nil {
		t.Error("the store was read though the looks were spent")
	}
	c.at = c.at.Add(time.Second)
	if _, err := second.Check(t.Context(), string(key.Secret)); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

func TestReloadFollowsTheStore(t *testing.T) {
	keys, store, c := newKeys(t)
	second := open(t, store, c)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	if err := second.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Check(t.Context(), string(key.Secret)); err != nil {
		t.Errorf("after Reload: %v", err)
	}
	delete(store.keys, "ci")
	if err := second.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Check(t.Context(), string(key.Secret)); err == nil {
		t.Error("a key that was deleted elsewhere still works after Reload")
	}
}

func TestAFailedReloadKeepsTheKeysThatWereKnown(t *testing.T) {
	keys, store, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	store.broken = errors.New("the database is gone")
	if err := keys.Reload(t.Context()); err == nil {
		t.Fatal("Reload hid the error")
	}
	if _, err := keys.Check(t.Context(), string(key.Secret)); err != nil {
		t.Errorf("an outage of the store locked callers out: %v", err)
	}
}

func TestAListShowsKeysByNameAndNeverTheirSecrets(t *testing.T) {
	keys, _, _ := newKeys(t)
	b := mustCreate(t, keys, api.KeySpec{Name: "b", Connections: []string{"mail", "files", "mail"}})
	a := mustCreate(t, keys, api.KeySpec{Name: "a"})
	list, err := keys.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "a" || list[1].Name != "b" {
		t.Fatalf("list = %+v, %v", list, err)
	}
	if got := strings.Join(list[1].Connections, " "); got != "files mail" {
		t.Errorf("connections = %q, want them sorted and once each", got)
	}
	shown, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []api.Secret{a.Secret, b.Secret} {
		if bytes.Contains(shown, []byte(secret)) {
			t.Error("the list holds a key")
		}
	}
}

func TestUseIsShownAtOnceAndWrittenByFlush(t *testing.T) {
	keys, store, c := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "ci"})
	mustCreate(t, keys, api.KeySpec{Name: "idle"})
	used := c.at.Add(time.Minute)
	c.at = used
	if _, err := keys.Check(t.Context(), string(key.Secret)); err != nil {
		t.Fatal(err)
	}
	if list, err := keys.List(t.Context()); err != nil || list[0].LastUsedAt == nil || !list[0].LastUsedAt.Equal(used) {
		t.Errorf("before Flush the list says %v, %v", list[0].LastUsedAt, err)
	}
	if err := keys.Reload(t.Context()); err != nil { // must not lose what is not written yet
		t.Fatal(err)
	}
	store.broken = errors.New("busy")
	if err := keys.Flush(t.Context()); err == nil {
		t.Fatal("Flush hid the error")
	}
	store.broken = nil
	if err := keys.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !store.keys["ci"].LastUsedAt.Equal(used) || !store.keys["idle"].LastUsedAt.IsZero() {
		t.Errorf("the store has %v and %v", store.keys["ci"].LastUsedAt, store.keys["idle"].LastUsedAt)
	}
	store.broken = errors.New("nothing is left to write")
	if err := keys.Flush(t.Context()); err != nil {
		t.Errorf("a second Flush wrote again: %v", err)
	}
}

func TestChecksAndChangesMayRunTogether(t *testing.T) {
	keys, _, _ := newKeys(t)
	key := mustCreate(t, keys, api.KeySpec{Name: "steady"})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			name := fmt.Sprintf("k%d", i)
			for range 20 {
				mustCreate(t, keys, api.KeySpec{Name: name})
				if _, err := keys.Check(t.Context(), string(key.Secret)); err != nil {
					t.Errorf("the steady key: %v", err)
				}
				if err := keys.Revoke(t.Context(), name); err != nil {
					t.Errorf("Revoke: %v", err)
				}
				if err := errors.Join(keys.Reload(t.Context()), keys.Flush(t.Context())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if list, err := keys.List(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("list = %v, %v; want the steady key alone", list, err)
	}
}

func TestKeysThatCannotBeReadKeepTheServerFromStarting(t *testing.T) {
	m := &memory{broken: errors.New("no such table")}
	if _, err := New(t.Context(), Config{Store: m}); err == nil {
		t.Error("New hid the error: every caller would be refused")
	}
}
