package broker

import (
	"context"
	"sync"
	"time"
)

// usage buffers when connections were used, so that a call writes nothing.
type usage struct {
	mu     sync.Mutex
	latest map[string]time.Time
}

func (u *usage) at(connection string) (time.Time, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t, ok := u.latest[connection]
	return t, ok
}

func (u *usage) note(connection string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.latest == nil {
		u.latest = make(map[string]time.Time)
	}
	u.latest[connection] = now
}

func (u *usage) take() map[string]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	taken := u.latest
	u.latest = nil
	return taken
}

// Used notes that a connection was used now. [Broker.Flush] writes it.
func (b *Broker) Used(connection string) { b.used.note(connection, b.Now()) }

// Flush writes what is buffered. The server calls it every few seconds and at its end.
func (b *Broker) Flush(ctx context.Context) error {
	taken := b.used.take()
	if len(taken) == 0 {
		return nil
	}
	return b.Store.TouchConnections(ctx, taken)
}
