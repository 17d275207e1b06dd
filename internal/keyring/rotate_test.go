package keyring_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/secret"
)

const settling = 15 * time.Second

// keyID reads the id of a listed key.
func keyID(t *testing.T, text string) secret.KeyID {
	t.Helper()
	id, err := secret.ParseKeyID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func status(t *testing.T, h *keyring.Holder) api.Keyring {
	t.Helper()
	s, err := h.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestK02_ARotationThatIsKilledAtAnyMomentIsFinishedByTheNextProcess kills a
// process before and after each of its calls of the database.
func TestK02_ARotationThatIsKilledAtAnyMomentIsFinishedByTheNextProcess(t *testing.T) {
	for at := 1; ; at++ {
		var ended bool
		for _, done := range []bool{false, true} {
			r := newRig(t)
			r.fill(r.node(0), 450) // three batches
			old, _ := secret.KeyOf(r.values[0])
			victim := &session{database: r.database}
			h, err := keyring.Open(t.Context(), r.config(victim, 0))
			if err != nil {
				t.Fatal(err)
			}
			victim.calls, victim.killed, victim.done = 0, at, done
			_, err = h.Rotate(t.Context())
			for more := true; err == nil && more; {
				more, err = h.Step(t.Context())
			}
			ended = err == nil
			if !ended && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			r.pass(time.Minute)
			next := r.node(0)
			if len(status(t, next).Keys) == 1 {
				if _, err := next.Rotate(t.Context()); err != nil { // it was killed before there was a new key
					t.Fatal(err)
				}
			}
			r.finish(next)
			s := status(t, next)
			if len(s.Keys) != 2 || s.Remaining != 0 || s.Damaged != 0 || s.Rotating {
				t.Fatalf("killed at call %d (done: %v): %+v", at, done, s)
			}
			r.wantAll(next, keyID(t, s.Keys[1].ID))
			if r.replaced != 451 {
				t.Fatalf("killed at call %d (done: %v): %d values were sealed anew, want each of 451 once", at, done, r.replaced)
			}
			if err := next.Retire(t.Context(), old); err != nil {
				t.Fatal(err)
			}
		}
		if ended {
			if at < 15 {
				t.Fatalf("it was over after %d calls: too few to be killed at", at)
			}
			return
		}
	}
}

func TestK02_TwoNodesThatSealAnewAtOnceTakeTurnsAndLoseNothing(t *testing.T) {
	r := newRig(t)
	nodes := []*keyring.Holder{r.node(settling), r.node(settling), r.node(settling)}
	r.fill(nodes[0], 1500)
	id, err := nodes[1].Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.pass(settling)
	var all sync.WaitGroup
	for _, h := range nodes {
		all.Go(func() {
			for {
				more, err := h.Step(t.Context())
				if err != nil {
					t.Error(err)
				}
				if err != nil || !more {
					return
				}
			}
		})
	}
	all.Wait()
	r.wantAll(nodes[2], id)
	if r.replaced != 1501 {
		t.Errorf("%d values were replaced, want each of 1501 once", r.replaced)
	}
}

func TestK02_TwoNodesThatRotateAtOnceAddOneKey(t *testing.T) {
	r := newRig(t)
	nodes := []*keyring.Holder{r.node(settling), r.node(settling)}
	errs := make([]error, len(nodes))
	var both sync.WaitGroup
	for i, h := range nodes {
		both.Go(func() { _, errs[i] = h.Rotate(t.Context()) })
	}
	both.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("want one to win: %v", errs)
	}
	if lost := errors.Join(errs...); !fault.Is(lost, api.CodeConflict) || fault.As(lost).Hint == "" {
		t.Fatalf("the other is told %v", lost)
	}
	if s := status(t, nodes[0]); len(s.Keys) != 2 || s.Keys[1].State != api.KeyNext {
		t.Fatalf("%+v", s)
	}
}

func TestK02_AValueThatIsWrittenMeanwhileIsNotOverwritten(t *testing.T) {
	r := newRig(t)
	h, slow := r.node(settling), r.node(settling)
	r.fill(h, 3)
	if _, err := h.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A node that has not heard of the new key goes on renewing with the old one.
	renewed, err := slow.Seal(secret.NewText("renewed"), place(1))
	if err != nil {
		t.Fatal(err)
	}
	r.pass(settling)
	if _, err := h.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.values[1] = renewed // brought late, behind the walk
	r.finish(h)
	if text, err := h.Open(r.values[1], place(1)); err != nil || text.Reveal() != "renewed" {
		t.Fatalf("%q, %v", text.Reveal(), err)
	}
	if s := status(t, h); s.Remaining != 0 {
		t.Fatalf("%+v", s)
	}
}

func TestK02_AnOldKeyGoesOnlyWhenNothingIsLeftUnderIt(t *testing.T) {
	r := newRig(t)
	h := r.node(0)
	r.fill(h, 5)
	old, _ := secret.KeyOf(r.values[0])
	late, err := h.Seal(secret.NewText("secret 5"), place(5))
	if err != nil {
		t.Fatal(err)
	}
	id, err := h.Rotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		key  secret.KeyID
		code api.Code
	}{
		"one that seals values":   {old, api.CodeConflict},
		"the one that seals":      {id, api.CodeConflict},
		"one that was never here": {id + 1, api.CodeNotFound},
	} {
		if err := h.Retire(t.Context(), test.key); !fault.Is(err, test.code) || fault.As(err).Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.finish(h)
	if err := h.Retire(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if err := h.Retire(t.Context(), old); err != nil {
		t.Fatalf("retiring twice: %v", err)
	}
	// A node that was cut off brings a value under the retired key.
	r.values = append(r.values, late)
	r.pass(2 * time.Hour)
	r.finish(h)
	s := status(t, h)
	if len(s.Keys) != 2 || s.Keys[0].State != api.KeyOpens || s.Keys[0].Rows != 1 {
		t.Fatalf("a key that is needed was forgotten: %+v", s.Keys)
	}
	if text, err := h.Open(late, place(5)); err != nil || text.Reveal() != "secret 5" {
		t.Fatalf("%q, %v", text.Reveal(), err)
	}
	// The next rotation seals it anew, and then the key can go.
	if _, err := h.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.finish(h)
	if err := h.Retire(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	r.pass(2 * time.Hour)
	r.finish(h)
	if s := status(t, h); s.Keys[0].ID == old.String() {
		t.Fatalf("the key is not forgotten: %+v", s.Keys)
	}
}

func TestAValueThatOpensWithNoKeyIsLeftAndCounted(t *testing.T) {
	r := newRig(t)
	h := r.node(0)
	r.fill(h, 10)
	broken := bytes.Clone(r.values[4])
	broken[len(broken)-1] ^= 1
	r.values[4] = broken
	if _, err := h.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.finish(h)
	s := status(t, h)
	if s.Damaged != 1 || s.Remaining != 1 || s.Rotating || !bytes.Equal(r.values[4], broken) {
		t.Fatalf("%+v", s)
	}
}

func TestANodeThatMissedARotationFindsTheKeyByItself(t *testing.T) {
	r := newRig(t)
	h, deaf := r.node(0), r.node(0)
	changed := 0
	deaf.Changed(func() { changed++ })
	if _, err := h.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.fill(h, 1)
	if text, err := deaf.Open(r.values[0], place(0)); err != nil || text.Reveal() != "secret 0" || changed != 1 {
		t.Fatalf("%q, %v, %d changes", text.Reveal(), err, changed)
	}
	// A value of no key at all makes it look once a second, not each time.
	foreign := bytes.Clone(r.values[0])
	foreign[1] ^= 0xff
	quiet := &session{database: r.database}
	asked, err := keyring.Open(t.Context(), r.config(quiet, 0))
	if err != nil {
		t.Fatal(err)
	}
	before := quiet.calls
	for range 10 {
		if _, err := asked.Open(foreign, place(0)); !errors.Is(err, secret.ErrSealBroken) {
			t.Fatalf("%v", err)
		}
	}
	if n := quiet.calls - before; n != 1 {
		t.Errorf("the keyring was read %d times for one broken value", n)
	}
}

func TestAKeyringThatWasChangedByHandIsRefused(t *testing.T) {
	for name, change := range map[string]func(secret.Sealed) secret.Sealed{
		"cut": func(text secret.Sealed) secret.Sealed { return text[:len(text)/2] },
		"of a later version": func(text secret.Sealed) secret.Sealed {
			return bytes.Replace(text, []byte(`"version":1`), []byte(`"version":2`), 1)
		},
		"a key made older": func(text secret.Sealed) secret.Sealed {
			return bytes.Replace(text, []byte("2026-"), []byte("2025-"), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.node(0)
			text := r.settings[keyring.Setting]
			changed := change(text)
			if bytes.Equal(text, changed) {
				t.Fatalf("nothing was changed in %s", text)
			}
			r.settings[keyring.Setting] = changed
			_, err := keyring.Open(t.Context(), r.config(&session{database: r.database}, 0))
			if err == nil || !bytes.Equal(r.settings[keyring.Setting], changed) {
				t.Fatalf("%v; it must stay as it is", err)
			}
		})
	}
}

func TestAKeyringFitsItsOwnDatabaseOnly(t *testing.T) {
	one, other := newRig(t), newRig(t)
	one.node(0)
	h := other.node(0)
	text, proof := one.settings[keyring.Setting], one.settings[keyring.ProofSetting]
	if err := keyring.Fits(text, proof, one.master); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"another's proof":      keyring.Fits(text, other.settings[keyring.ProofSetting], one.master),
		"another's master key": keyring.Fits(text, proof, other.master),
		"no proof":             keyring.Fits(text, nil, one.master),
		"no keyring":           keyring.Fits(nil, proof, one.master),
	} {
		if err == nil {
			t.Errorf("it fits with %s", name)
		}
	}
	moved, err := keyring.Move(text, proof, one.master, other.master)
	if err != nil || keyring.Fits(moved, proof, other.master) != nil || keyring.Fits(moved, proof, one.master) == nil {
		t.Fatalf("moved: %v", err)
	}
	exported, err := h.Export(one.master)
	if err != nil || keyring.Fits(exported, other.settings[keyring.ProofSetting], one.master) != nil {
		t.Fatalf("exported: %v", err)
	}
	// Another database's keyring over this one's is noticed at the start.
	one.settings[keyring.Setting] = exported
	if _, err := keyring.Open(t.Context(), one.config(&session{database: one.database}, 0)); err == nil {
		t.Fatal("a keyring that does not fit is used")
	}
}

func TestAKeyringMovesToAnotherMasterKeyWhileNodesRun(t *testing.T) {
	r := newRig(t)
	h, running := r.node(0), r.node(0)
	r.fill(h, 3)
	remote := &service{}
	next := secret.RemoteMaster("kms://contoso/valetkey", remote)
	remote.away = true
	before := r.settings[keyring.Setting]
	if err := h.Rewrap(t.Context(), next); err == nil || !bytes.Equal(before, r.settings[keyring.Setting]) {
		t.Fatalf("moved to a key that does not answer: %v", err)
	}
	remote.away = false
	if err := h.Rewrap(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if s := status(t, h); s.MasterKey != "kms://contoso/valetkey" {
		t.Fatalf("%+v", s)
	}
	if text, err := running.Open(r.values[2], place(2)); err != nil || text.Reveal() != "secret 2" {
		t.Fatalf("a node that runs: %q, %v", text.Reveal(), err)
	}
	if _, err := keyring.Open(t.Context(), r.config(&session{database: r.database}, 0)); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Fatalf("the old master key: %v", err)
	}
	r.master = next
	id, _ := secret.KeyOf(r.values[0])
	r.wantAll(r.node(0), id)
}

func TestTwoFirstNodesMakeOneKeyring(t *testing.T) {
	for round := range 20 {
		r := newRig(t)
		holders := make([]*keyring.Holder, 4)
		errs := make([]error, len(holders))
		var all sync.WaitGroup
		for i := range holders {
			all.Go(func() {
				holders[i], errs[i] = keyring.Open(t.Context(), r.config(&session{database: r.database}, settling))
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		sealed, err := holders[round%4].Seal(secret.NewText("x"), place(0))
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range holders {
			if _, err := h.Open(sealed, place(0)); err != nil {
				t.Fatal(fmt.Errorf("node %d: %w", i, err))
			}
		}
	}
}
