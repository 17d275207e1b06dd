package keyring

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// JobSetting is the setting that holds how far sealing anew has come.
const JobSetting = "keyring_job"

const (
	// batch is how many values one step seals anew, in one transaction.
	batch = 200
	// claimLife is how long a step may take before another node does it.
	claimLife = 30 * time.Second
)

// job is the walk over all sealed values. It is in the clear: it names rows,
// and never a secret.
type job struct {
	Key      secret.KeyID        `json:"key"` // everything is to be sealed with it
	At       ledger.SealedCursor `json:"at"`
	Found    int64               `json:"found"`    // in this walk
	Resealed int64               `json:"resealed"` // in all walks
	Damaged  int64               `json:"damaged"`  // in this walk: they open with no key
	Done     bool                `json:"done"`
	Owner    string              `json:"owner,omitempty"`
	Until    time.Time           `json:"until,omitzero"` // of the owner's claim
}

// Step does what is due of a rotation: it makes a new key seal, seals a batch
// anew, forgets a retired key. It reports whether there is more to do. Nodes
// may all do so: one at a time has the claim, and what a node leaves undone
// another one does.
func (h *Holder) Step(ctx context.Context) (more bool, err error) {
	if err := h.Reload(ctx); err != nil {
		return false, err
	}
	if err := errors.Join(h.promote(ctx), h.forget(ctx)); err != nil {
		return false, err
	}
	s := h.state.Load()
	if len(s.doc.Keys) == 1 {
		return false, nil
	}
	now := h.config.Now()
	was, text, err := h.job(ctx)
	if err != nil {
		return false, err
	}
	next := was
	if was.Key != s.ring.Primary() {
		next = job{Key: s.ring.Primary()}
	}
	if next.Done || next.Owner != "" && now.Before(next.Until) {
		return !next.Done, nil
	}
	next.Owner, next.Until = rand.Text(), now.Add(claimLife)
	claimed, err := h.saveJob(ctx, text, next)
	if err != nil || claimed == nil {
		return true, err
	}
	next, err = h.walk(ctx, next, s.ring)
	next.Owner, next.Until = "", time.Time{}
	_, saveErr := h.saveJob(ctx, claimed, next)
	return !next.Done, errors.Join(err, saveErr)
}

// walk seals one batch anew. A walk that found nothing to do is the last; what
// was written behind a walk's back is found by the next.
func (h *Holder) walk(ctx context.Context, j job, ring *secret.Keyring) (job, error) {
	values, next, end, err := h.config.Store.SealedElsewise(ctx, j.Key, j.At, batch)
	if err != nil {
		return j, err
	}
	var resealed []ledger.Resealed
	for _, v := range values {
		sealed, err := reseal(ring, v)
		if err != nil {
			j.Damaged++
			h.config.Log.Warn("a sealed value opens with no key and stays as it is", slog.String("row", v.Name), slog.Any("error", err))
			continue
		}
		resealed = append(resealed, ledger.Resealed{SealedValue: v, New: sealed})
	}
	replaced, err := h.config.Store.Reseal(ctx, resealed)
	if err != nil {
		return j, err
	}
	j.At = next
	j.Found += int64(len(resealed))
	j.Resealed += replaced
	if end {
		j.Done = j.Found == 0
		j.At, j.Found = ledger.SealedCursor{}, 0
		if !j.Done {
			j.Damaged = 0
		}
	}
	return j, nil
}

// reseal opens a value where it was sealed and seals it there anew.
func reseal(ring *secret.Keyring, v ledger.SealedValue) (secret.Sealed, error) {
	var errs []error
	for _, place := range v.Places {
		text, err := ring.Open(v.Value, place)
		if err == nil {
			return ring.Seal(text, place)
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// job reads how far sealing anew has come; nothing when it never began.
func (h *Holder) job(ctx context.Context) (j job, text secret.Sealed, err error) {
	text, err = h.config.Store.Setting(ctx, JobSetting)
	if errors.Is(err, ledger.ErrNotFound) {
		return job{}, nil, nil
	}
	if err != nil {
		return job{}, nil, err
	}
	return j, text, json.Unmarshal(text, &j)
}

// saveJob writes it in place of what was read; nil when another node did.
func (h *Holder) saveJob(ctx context.Context, old secret.Sealed, j job) (secret.Sealed, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	if old == nil {
		err = h.config.Store.CreateSetting(ctx, JobSetting, text)
	} else {
		err = h.config.Store.SwapSetting(ctx, JobSetting, old, text)
	}
	if errors.Is(err, ledger.ErrStale) || errors.Is(err, ledger.ErrExists) {
		return nil, nil
	}
	return text, err
}
