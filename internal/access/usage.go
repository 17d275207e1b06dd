package access

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// usage is when a key was last used, and how much of that is written. Checks
// only store a number; [Keys.Flush] writes it down now and then.
type usage struct {
	used    atomic.Int64 // Unix nanoseconds; 0: not since the start
	written atomic.Int64 // the value of used that the store has
}

func (u *usage) touch(now time.Time) { u.used.Store(now.UnixNano()) }

func (u *usage) last() time.Time {
	if nano := u.used.Load(); nano != 0 {
		return time.Unix(0, nano).UTC()
	}
	return time.Time{}
}

// Flush writes down when keys were last used. What it could not write stays
// for the next time.
func (k *Keys) Flush(ctx context.Context) error {
	usedAt := make(map[string]time.Time)
	pending := make(map[*usage]int64)
	for _, e := range *k.table.Load() {
		used := e.usage.used.Load()
		if used == e.usage.written.Load() {
			continue
		}
		usedAt[e.name] = time.Unix(0, used).UTC()
		pending[e.usage] = used
	}
	if len(usedAt) == 0 {
		return nil
	}
	if err := k.store.TouchKeys(ctx, usedAt); err != nil {
		return fmt.Errorf("write when keys were used: %w", err)
	}
	for u, used := range pending {
		u.written.Store(used)
	}
	return nil
}
