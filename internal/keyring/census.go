package keyring

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/internal/secret"
)

const (
	// countNow is how many sealed values are counted while somebody waits.
	countNow = 5000
	// countShare is how much of its time a node spends on counting more than
	// those, while somebody asks: one part of so many.
	countShare = 20
	// countPause is the least time between two counts of all.
	countPause = 10 * time.Second
)

// census is how many values each key had sealed when they were counted last.
type census struct {
	kept   atomic.Bool // [Holder.Recount] is called now and then
	wanted atomic.Bool // somebody asked

	mu      sync.Mutex
	counted map[secret.KeyID]int64
	at      time.Time // zero: never
	next    time.Time // not counted again before
}

// count says how many values each key has sealed, and when that was so: now
// where they are few, or where nobody counts in the background, else when they
// were counted last; the zero time when they were not counted yet.
func (h *Holder) count(ctx context.Context) (counted map[secret.KeyID]int64, at time.Time, err error) {
	most := int64(0)
	if h.census.kept.Load() {
		most = countNow
	}
	now := h.config.Now()
	counted, all, err := h.config.Store.CountSealed(ctx, most)
	if err != nil || all {
		return counted, now, err
	}
	h.census.wanted.Store(true)
	h.census.mu.Lock()
	defer h.census.mu.Unlock()
	return h.census.counted, h.census.at, nil
}

// Recount counts all sealed values when somebody has asked for that since the
// last time, and not too soon after it. The server calls it every few seconds.
func (h *Holder) Recount(ctx context.Context) error {
	c := &h.census
	c.kept.Store(true)
	began := h.config.Now()
	c.mu.Lock()
	soon := began.Before(c.next)
	c.mu.Unlock()
	if soon || !c.wanted.Swap(false) {
		return nil
	}
	counted, _, err := h.config.Store.CountSealed(ctx, 0)
	if err != nil {
		c.wanted.Store(true)
		return err
	}
	done := h.config.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counted, c.at = counted, done
	c.next = done.Add(max(countPause, countShare*done.Sub(began)))
	return nil
}
