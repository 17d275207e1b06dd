package broker

import (
	"sync"
	"time"
)

const (
	firstBackoff = time.Second
	maxBackoff   = time.Minute
	maxHint      = time.Hour // the longest a server's Retry-After is honoured
)

// backoff keeps renewals that fail for now from being tried at every call. It
// is forgotten on success and at a restart.
type backoff struct {
	mu     sync.Mutex
	failed map[string]failure
}

type failure struct {
	err   error
	wait  time.Duration
	until time.Time
}

// refuse returns the last error while it is too early to try again.
func (k *backoff) refuse(connection string, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f, ok := k.failed[connection]; ok && now.Before(f.until) {
		return f.err
	}
	return nil
}

// note records a failure: the wait doubles, up to a minute, unless the server
// asked for longer.
func (k *backoff) note(connection string, err error, hint time.Duration, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed == nil {
		k.failed = make(map[string]failure)
	}
	wait := min(max(firstBackoff, 2*k.failed[connection].wait), maxBackoff)
	k.failed[connection] = failure{err, wait, now.Add(max(wait, min(hint, maxHint)))}
}

func (k *backoff) forget(connection string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.failed, connection)
}
