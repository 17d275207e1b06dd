package keyring

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// health is when the master key last answered.
type health struct {
	goodAt  atomic.Int64 // Unix nanoseconds
	failing atomic.Bool
}

func (h *health) good(now time.Time) {
	h.goodAt.Store(now.UnixNano())
	h.failing.Store(false)
}

func (h *health) until(cache time.Duration) time.Time {
	return time.Unix(0, h.goodAt.Load()).Add(cache)
}

// refuse says that the keys are given up. It costs one load while all is well.
func (h *health) refuse(now time.Time, cache time.Duration) error {
	if !h.failing.Load() || now.Before(h.until(cache)) {
		return nil
	}
	return fault.New(api.CodeUnavailable, "the master key has not answered since %s, and the keys it guards are not used longer than %s without it",
		time.Unix(0, h.goodAt.Load()).UTC().Format(time.RFC3339), cache).
		WithHint("make the key service reachable for this server; valetkey keyring list shows what it says")
}

// Probe asks the master key whether it still opens the keyring. While it does
// not, the keys that are in memory are used until the cache's time is over.
func (h *Holder) Probe(ctx context.Context) error {
	h.reading.Lock()
	defer h.reading.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := h.state.Load().doc.open(h.config.Master); err != nil {
		h.health.failing.Store(true)
		said := fault.As(err)
		return fault.Wrap(err, said.Code, "the master key cannot be asked, so the keys in memory are used until %s: %s",
			h.health.until(h.config.Cache).UTC().Format(time.RFC3339), said.Message).WithHint("%s", said.Hint)
	}
	h.health.good(h.config.Now())
	return nil
}
