package keyring

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Store is what a Holder keeps its keyring in, and whose values it seals anew.
type Store interface {
	Setting(ctx context.Context, name string) (secret.Sealed, error)
	CreateSetting(ctx context.Context, name string, value secret.Sealed) error
	SwapSetting(ctx context.Context, name string, old, value secret.Sealed) error
	// CountSealed counts the sealed values of each key, but no more than most of
	// all together (0: any number), and says whether these are all.
	CountSealed(ctx context.Context, most int64) (counted map[secret.KeyID]int64, all bool, err error)
	SealedElsewise(ctx context.Context, key secret.KeyID, at ledger.SealedCursor, limit int) (found []ledger.SealedValue, next ledger.SealedCursor, done bool, err error)
	Reseal(ctx context.Context, values []ledger.Resealed) (replaced int64, err error)
}

// Config is what a Holder is made of. Store, Master and Now are required.
type Config struct {
	Store  Store
	Master secret.Master
	// Legacy is the keyring file where it may itself have sealed the database,
	// as it did before keys were rotated; nil: there is none.
	Legacy *secret.Keyring
	Settle time.Duration // how long nodes have to read a new key before it seals; 0: there is one node
	Cache  time.Duration // how long the keys are used while the master key cannot be asked; 0: [DefaultCache]
	Now    func() time.Time
	Log    *slog.Logger // nil: none
}

// DefaultCache is how long a node goes on without its master key.
const DefaultCache = 24 * time.Hour

const (
	// readLimit bounds reading the keyring again for a value that does not open.
	readLimit = 5 * time.Second
	// readPause is between two such readings: a damaged value must not ask for each.
	readPause = time.Second
)

// Holder seals and opens with the keyring of the database. It is safe for
// concurrent use.
type Holder struct {
	config Config
	state  atomic.Pointer[state]

	changed atomic.Pointer[func()]

	reading sync.Mutex // one reading of the keyring at a time
	lastTry time.Time  // of a reading for a value that did not open; under reading
	health  health
	census  census
}

// state is the keyring as it was last read.
type state struct {
	text secret.Sealed // of the setting
	doc  document
	ring *secret.Keyring
}

// Open reads the keyring of the database, or makes the first one. It writes
// nothing unless the database is known to fit.
func Open(ctx context.Context, config Config) (*Holder, error) {
	if config.Cache == 0 {
		config.Cache = DefaultCache
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	h := &Holder{config: config}
	text, err := config.Store.Setting(ctx, Setting)
	if errors.Is(err, ledger.ErrNotFound) {
		text, err = h.create(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := h.take(text); err != nil {
		return nil, err
	}
	return h, h.prove(ctx)
}

// create makes the first keyring: of the file's keys where they sealed the
// database, else of a new key. Two nodes may do so at once: one of them wins.
func (h *Holder) create(ctx context.Context) (secret.Sealed, error) {
	proof, err := h.config.Store.Setting(ctx, ProofSetting)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return nil, err
	}
	var ring *secret.Keyring
	about := described{Version: 1}
	if err == nil {
		// A proof without a keyring, or a node that was faster with both.
		if text, err := h.config.Store.Setting(ctx, Setting); !errors.Is(err, ledger.ErrNotFound) {
			return text, err
		}
		if h.config.Legacy == nil {
			return nil, fault.New(api.CodeNeedsConfiguration, "this database was sealed with a keyring file, and VALETKEY_MASTER_KEY names another master key").
				WithHint("start without VALETKEY_MASTER_KEY, then move the keyring: valetkey keyring rewrap URI; nothing was changed")
		}
		ring = h.config.Legacy
		if err := ring.Check(proof); err != nil {
			return nil, err
		}
		for _, id := range ring.Keys() {
			about.Keys = append(about.Keys, key{ID: id})
		}
	} else {
		if ring, err = secret.NewKeyring(h.config.Master.Name()); err != nil {
			return nil, err
		}
		about.Keys = []key{{ID: ring.Primary(), CreatedAt: h.config.Now().UTC()}}
	}
	text, err := seal(ring, about, h.config.Master)
	if err != nil {
		return nil, err
	}
	err = h.config.Store.CreateSetting(ctx, Setting, text)
	if errors.Is(err, ledger.ErrExists) {
		return h.config.Store.Setting(ctx, Setting)
	}
	return text, err
}

// take opens a keyring's text and uses it from now on.
func (h *Holder) take(text secret.Sealed) error {
	doc, err := read(text)
	if err != nil {
		return err
	}
	ring, err := doc.open(h.config.Master)
	if err != nil {
		if errors.Is(err, secret.ErrSealBroken) && doc.Master != h.config.Master.Name() {
			return fault.Wrap(err, api.CodeNeedsConfiguration, "the keyring was sealed under the master key %s, and this one is %s", doc.Master, h.config.Master.Name()).
				WithHint("set VALETKEY_MASTER_KEY to the one that sealed it, or put its file back; nothing was changed")
		}
		return err
	}
	h.state.Store(&state{text: text, doc: doc, ring: ring})
	h.health.good(h.config.Now())
	if changed := h.changed.Load(); changed != nil {
		(*changed)()
	}
	return nil
}

// Changed sets what is to be done when the keys have changed: what is held
// sealed in memory may have been sealed with one that is forgotten.
func (h *Holder) Changed(do func()) { h.changed.Store(&do) }

// prove checks the keyring against the database's proof, or writes the first.
func (h *Holder) prove(ctx context.Context) error {
	ring := h.state.Load().ring
	proof, err := h.config.Store.Setting(ctx, ProofSetting)
	if !errors.Is(err, ledger.ErrNotFound) {
		if err != nil {
			return err
		}
		return ring.Check(proof)
	}
	if proof, err = ring.Proof(); err != nil {
		return err
	}
	err = h.config.Store.CreateSetting(ctx, ProofSetting, proof)
	if errors.Is(err, ledger.ErrExists) {
		if proof, err = h.config.Store.Setting(ctx, ProofSetting); err == nil {
			err = ring.Check(proof)
		}
	}
	return err
}

// Reload reads the keyring again where another node has changed it. The master
// key is asked only then.
func (h *Holder) Reload(ctx context.Context) error {
	h.reading.Lock()
	defer h.reading.Unlock()
	return h.reload(ctx)
}

func (h *Holder) reload(ctx context.Context) error {
	text, err := h.config.Store.Setting(ctx, Setting)
	if err != nil {
		return err
	}
	if bytes.Equal(text, h.state.Load().text) {
		return nil
	}
	return h.take(text)
}

// Seal encrypts text for its place; an empty one seals to nil.
func (h *Holder) Seal(text secret.Text, place secret.Place) (secret.Sealed, error) {
	if err := h.health.refuse(h.config.Now(), h.config.Cache); err != nil {
		return nil, err
	}
	return h.state.Load().ring.Seal(text, place)
}

// Open decrypts a sealed value at its place; nil opens to the empty text. The
// error wraps [secret.ErrSealBroken].
func (h *Holder) Open(sealed secret.Sealed, place secret.Place) (secret.Text, error) {
	if err := h.health.refuse(h.config.Now(), h.config.Cache); err != nil {
		return secret.Text{}, err
	}
	ring := h.state.Load().ring
	text, err := ring.Open(sealed, place)
	if err == nil {
		return text, nil
	}
	if id, ok := secret.KeyOf(sealed); ok && h.state.Load().doc.find(id) < 0 && h.catchUp(id) {
		return h.state.Load().ring.Open(sealed, place)
	}
	return text, err
}

// catchUp reads the keyring again for a key that is not known here, and
// reports whether it is now.
func (h *Holder) catchUp(id secret.KeyID) bool {
	h.reading.Lock()
	defer h.reading.Unlock()
	if h.state.Load().doc.find(id) >= 0 {
		return true
	}
	now := h.config.Now()
	if now.Sub(h.lastTry) < readPause && !now.Before(h.lastTry) {
		return false
	}
	h.lastTry = now
	ctx, cancel := context.WithTimeout(context.Background(), readLimit)
	defer cancel()
	if err := h.reload(ctx); err != nil {
		h.config.Log.Warn("a secret was sealed with a key that is not known here, and the keyring cannot be read", slog.Any("error", err))
	}
	return h.state.Load().doc.find(id) >= 0
}
