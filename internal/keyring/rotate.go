package keyring

import (
	"context"
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// keepRetired is how long a retired key still opens: a node that was cut off
// may bring a value that it sealed before.
const keepRetired = time.Hour

// changeTries bounds how often a change of the keyring is begun that another
// node's change overtook.
const changeTries = 5

// Rotate adds a new key. It seals as soon as every node had time to read it,
// and then what older keys sealed is sealed anew (see [Holder.Step]). A
// rotation that is still on its way is an [api.CodeConflict].
func (h *Holder) Rotate(ctx context.Context) (secret.KeyID, error) {
	var added secret.KeyID
	err := h.change(ctx, func(s state) (*secret.Keyring, described, error) {
		for _, k := range s.doc.Keys {
			if !k.SealsFrom.IsZero() && k.ID != s.ring.Primary() && k.SealsFrom.After(s.primary().SealsFrom) {
				return nil, described{}, fault.New(api.CodeConflict, "a rotation is on its way: key %s seals from %s on", k.ID, k.SealsFrom.UTC().Format(time.RFC3339)).
					WithHint("valetkey keyring list shows how far it is")
			}
		}
		ring, id, err := s.ring.WithNewKey()
		if err != nil {
			return nil, described{}, err
		}
		added = id
		about := s.doc.described
		now := h.config.Now().UTC()
		about.Keys = append(about.Keys[:len(about.Keys):len(about.Keys)], key{ID: id, CreatedAt: now, SealsFrom: now.Add(h.config.Settle)})
		if h.config.Settle == 0 {
			ring, err = ring.WithPrimary(id)
		}
		return ring, about, err
	})
	return added, err
}

// primary is what is known of the key that seals.
func (s state) primary() key { return s.doc.Keys[s.doc.find(s.ring.Primary())] }

// next is the key that is to seal now, and does not yet.
func (s state) next(now time.Time) (secret.KeyID, bool) {
	primary := s.primary()
	for _, k := range s.doc.Keys {
		if k.SealsFrom.After(primary.SealsFrom) && k.RetiredAt.IsZero() && !k.SealsFrom.After(now) {
			return k.ID, true
		}
	}
	return 0, false
}

// promote makes the new key seal, once its time has come.
func (h *Holder) promote(ctx context.Context) error {
	id, due := h.state.Load().next(h.config.Now())
	if !due {
		return nil
	}
	return h.change(ctx, func(s state) (*secret.Keyring, described, error) {
		if again, due := s.next(h.config.Now()); !due || again != id {
			return nil, described{}, errNoChange
		}
		ring, err := s.ring.WithPrimary(id)
		return ring, s.doc.described, err
	})
}

// Retire sets an old key aside. It is refused while anything is sealed with it.
// For an hour the key still opens; then it is forgotten, if it still seals nothing.
func (h *Holder) Retire(ctx context.Context, id secret.KeyID) error {
	counted, _, err := h.config.Store.CountSealed(ctx, 0)
	if err != nil {
		return err
	}
	if n := counted[id]; n > 0 {
		return fault.New(api.CodeConflict, "%d secrets are still sealed with key %s", n, id).
			WithHint("a rotation seals them anew: valetkey keyring list shows how far it is")
	}
	return h.change(ctx, func(s state) (*secret.Keyring, described, error) {
		at := s.doc.find(id)
		if at < 0 {
			return nil, described{}, fault.New(api.CodeNotFound, "there is no key %s", id).WithHint("valetkey keyring list shows the keys there are")
		}
		if id == s.ring.Primary() || s.doc.Keys[at].SealsFrom.After(s.primary().SealsFrom) {
			return nil, described{}, fault.New(api.CodeConflict, "key %s is the one that seals, or will be", id).
				WithHint("valetkey keyring rotate makes a new one; then retire this one")
		}
		if !s.doc.Keys[at].RetiredAt.IsZero() {
			return nil, described{}, errNoChange
		}
		return s.ring, s.doc.with(id, func(k *key) { k.RetiredAt = h.config.Now().UTC() }), nil
	})
}

// forget removes retired keys whose time is over. A key under which something
// turned up is taken back.
func (h *Holder) forget(ctx context.Context) error {
	for _, k := range h.state.Load().doc.Keys {
		if k.RetiredAt.IsZero() || h.config.Now().Before(k.RetiredAt.Add(keepRetired)) {
			continue
		}
		counted, _, err := h.config.Store.CountSealed(ctx, 0)
		if err != nil {
			return err
		}
		err = h.change(ctx, func(s state) (*secret.Keyring, described, error) {
			if s.doc.find(k.ID) < 0 {
				return nil, described{}, errNoChange
			}
			if counted[k.ID] > 0 {
				return s.ring, s.doc.with(k.ID, func(k *key) { k.RetiredAt = time.Time{} }), nil
			}
			ring, err := s.ring.Without(k.ID)
			return ring, s.doc.without(k.ID), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Rewrap seals the keyring under another master key. Every node must be started
// with it from then on; those that run go on with the keys they have.
func (h *Holder) Rewrap(ctx context.Context, master secret.Master) error {
	for range changeTries {
		if err := h.Reload(ctx); err != nil {
			return err
		}
		s := *h.state.Load()
		text, err := seal(s.ring, s.doc.described, master)
		if err != nil {
			return err
		}
		doc, err := read(text)
		if err != nil {
			return err
		}
		if _, err := doc.open(master); err != nil { // before anything depends on it
			return err
		}
		err = h.config.Store.SwapSetting(ctx, Setting, s.text, text)
		if err == nil {
			h.moved(text, doc, master, s.ring)
		}
		if !errors.Is(err, ledger.ErrStale) {
			return err
		}
	}
	return overtaken()
}

// moved takes over a keyring that was just sealed under another master key.
func (h *Holder) moved(text secret.Sealed, doc document, master secret.Master, ring *secret.Keyring) {
	h.reading.Lock()
	defer h.reading.Unlock()
	h.config.Master = master
	h.state.Store(&state{text: text, doc: doc, ring: ring})
	h.health.good(h.config.Now())
}

// errNoChange ends a change that is not called for any more.
var errNoChange = errors.New("nothing to change")

// change writes another keyring in place of the one that was read, as often as
// another node was faster.
func (h *Holder) change(ctx context.Context, make func(state) (*secret.Keyring, described, error)) error {
	for range changeTries {
		if err := h.Reload(ctx); err != nil {
			return err
		}
		s := h.state.Load()
		ring, about, err := make(*s)
		if errors.Is(err, errNoChange) {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := seal(ring, about, h.config.Master)
		if err != nil {
			return err
		}
		err = h.config.Store.SwapSetting(ctx, Setting, s.text, text)
		if err == nil {
			return h.Reload(ctx)
		}
		if !errors.Is(err, ledger.ErrStale) {
			return err
		}
	}
	return overtaken()
}

func overtaken() error {
	return fault.New(api.CodeConflict, "another node changes the keyring at the same time").WithHint("try again")
}
