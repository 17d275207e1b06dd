package call

import (
	"context"
	"time"
)

const (
	// retriedInterval is between two events of one connection, so that an API
	// that is always busy does not fill the log.
	retriedInterval = time.Minute
	// noteworthy is the wait from which on it is one.
	noteworthy = time.Second
)

// chronicle keeps what happened to connections; *broker.Broker does.
type chronicle interface {
	Retried(ctx context.Context, connection string, attempts int, waited time.Duration)
}

// retried has a call that took more than one request, or long to wait, written
// down, once in a while.
func (e *Engine) retried(ctx context.Context, connection string, o *outgoing) {
	if o.attempts < 2 && o.waited < noteworthy {
		return
	}
	if keeps, ok := e.credentials.(chronicle); ok && e.brake.notes(connection) {
		keeps.Retried(ctx, connection, o.attempts, o.waited)
	}
}

// notes says whether it is time for another event of a connection.
func (b *brake) notes(connection string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if last, ok := b.noted[connection]; ok && now.Sub(last) < retriedInterval {
		return false
	}
	if len(b.noted) >= brakeSweepAt {
		for name, last := range b.noted {
			if now.Sub(last) >= retriedInterval {
				delete(b.noted, name)
			}
		}
	}
	b.noted[connection] = now
	return true
}
