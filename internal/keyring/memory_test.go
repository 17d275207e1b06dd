package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// errKilled is what everything of a process comes to that was killed.
var errKilled = errors.New("killed")

// database is what nodes share: settings, and sealed values by number.
type database struct {
	mu       sync.Mutex
	settings map[string]secret.Sealed
	values   []secret.Sealed
	replaced int64 // values that were sealed anew, in all
}

func place(i int) secret.Place {
	return secret.Place{Table: "token_sets", Row: fmt.Sprint(i), Column: "refresh_token"}
}

// session is one process's way to a database. It may be killed on its way.
type session struct {
	*database
	calls  int
	killed int  // the call at which the process is killed; 0: never
	done   bool // it is killed after that call has done its work, else before
}

// does runs one call, unless the process is dead.
func (s *session) does(call func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	switch {
	case s.killed == 0 || s.calls < s.killed:
		return call()
	case s.calls == s.killed && s.done:
		_ = call()
	}
	return errKilled
}

func (s *session) Setting(_ context.Context, name string) (value secret.Sealed, err error) {
	err = s.does(func() error {
		var ok bool
		if value, ok = s.settings[name]; !ok {
			return ledger.ErrNotFound
		}
		return nil
	})
	return value, err
}

func (s *session) CreateSetting(_ context.Context, name string, value secret.Sealed) error {
	return s.does(func() error {
		if _, there := s.settings[name]; there {
			return ledger.ErrExists
		}
		s.settings[name] = value
		return nil
	})
}

func (s *session) SwapSetting(_ context.Context, name string, old, value secret.Sealed) error {
	return s.does(func() error {
		if !bytes.Equal(s.settings[name], old) {
			return ledger.ErrStale
		}
		s.settings[name] = value
		return nil
	})
}

func (s *session) CountSealed(_ context.Context, most int64) (counted map[secret.KeyID]int64, all bool, err error) {
	err = s.does(func() error {
		counted, all = make(map[secret.KeyID]int64), true
		for i, value := range append(s.values, s.settings[keyring.ProofSetting]) {
			if all = most == 0 || int64(i) < most; !all {
				break
			}
			if id, ok := secret.KeyOf(value); ok {
				counted[id]++
			}
		}
		return nil
	})
	return counted, all, err
}

func (s *session) SealedElsewise(_ context.Context, key secret.KeyID, at ledger.SealedCursor, limit int) (found []ledger.SealedValue, next ledger.SealedCursor, done bool, err error) {
	err = s.does(func() error {
		i := int(at.Number)
		for ; i < len(s.values) && len(found) < limit; i++ {
			if id, _ := secret.KeyOf(s.values[i]); id != key {
				found = append(found, ledger.SealedValue{Number: int64(i), Value: s.values[i], Places: []secret.Place{place(i)}})
			}
		}
		next = ledger.SealedCursor{Number: int64(i)}
		if done = i == len(s.values); done {
			proof := s.settings[keyring.ProofSetting]
			if id, ok := secret.KeyOf(proof); ok && id != key {
				found = append(found, ledger.SealedValue{Number: -1, Value: proof, Places: []secret.Place{secret.ProofPlace()}})
			}
		}
		return nil
	})
	return found, next, done, err
}

func (s *session) Reseal(_ context.Context, values []ledger.Resealed) (replaced int64, err error) {
	err = s.does(func() error {
		for _, v := range values {
			switch {
			case v.Number < 0:
				if bytes.Equal(s.settings[keyring.ProofSetting], v.Value) {
					s.settings[keyring.ProofSetting] = v.New
					replaced++
				}
			case bytes.Equal(s.values[v.Number], v.Value):
				s.values[v.Number] = v.New
				replaced++
			}
		}
		s.replaced += replaced
		return nil
	})
	return replaced, err
}

// rig is a database with nodes on it, and the clock they share.
type rig struct {
	t *testing.T
	*database
	master secret.Master
	mu     sync.Mutex
	now    time.Time
}

func newRig(t *testing.T) *rig {
	t.Helper()
	file, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	return &rig{
		t: t, database: &database{settings: map[string]secret.Sealed{}}, master: secret.FileMaster(file),
		now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	}
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) config(store keyring.Store, settle time.Duration) keyring.Config {
	return keyring.Config{Store: store, Master: r.master, Settle: settle, Now: r.clock}
}

// node is another process.
func (r *rig) node(settle time.Duration) *keyring.Holder {
	r.t.Helper()
	h, err := keyring.Open(r.t.Context(), r.config(&session{database: r.database}, settle))
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

// fill adds so many values, sealed by a node.
func (r *rig) fill(h *keyring.Holder, n int) {
	r.t.Helper()
	for i := range n {
		sealed, err := h.Seal(secret.NewText(fmt.Sprintf("secret %d", i)), place(i))
		if err != nil {
			r.t.Fatal(err)
		}
		r.values = append(r.values, sealed)
	}
}

// finish steps until nothing is left to do.
func (r *rig) finish(h *keyring.Holder) {
	r.t.Helper()
	for range 1000 {
		more, err := h.Step(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		if !more {
			return
		}
		r.pass(time.Minute) // a claim that somebody left is over
	}
	r.t.Fatal("the rotation does not end")
}

// wantAll checks that every value opens, and under which key it is.
func (r *rig) wantAll(h *keyring.Holder, key secret.KeyID) {
	r.t.Helper()
	for i, value := range r.values {
		if id, _ := secret.KeyOf(value); id != key {
			r.t.Fatalf("value %d is under key %s, want %s", i, id, key)
		}
		if text, err := h.Open(value, place(i)); err != nil || text.Reveal() != fmt.Sprintf("secret %d", i) {
			r.t.Fatalf("value %d opens as %q: %v", i, text.Reveal(), err)
		}
	}
}
