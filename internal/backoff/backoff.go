package backoff

import (
	"sync"
	"time"
)

const (
	first   = time.Second
	longest = time.Minute
	maxHint = time.Hour // the longest a server's Retry-After is honoured
)

// Backoff remembers what failed for now. The zero value is ready to use, by
// several goroutines at once.
type Backoff struct {
	mu     sync.Mutex
	failed map[string]failure
}

type failure struct {
	err   error
	wait  time.Duration
	until time.Time
}

// Refuse returns the last error while it is too early to try again.
func (k *Backoff) Refuse(name string, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f, ok := k.failed[name]; ok && now.Before(f.until) {
		return f.err
	}
	return nil
}

// Note records a failure: the wait doubles, up to a minute, unless the server
// asked for longer.
func (k *Backoff) Note(name string, err error, hint time.Duration, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failed == nil {
		k.failed = make(map[string]failure)
	}
	wait := min(max(first, 2*k.failed[name].wait), longest)
	k.failed[name] = failure{err, wait, now.Add(max(wait, min(hint, maxHint)))}
}

// Forget lets the next attempt happen at once.
func (k *Backoff) Forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.failed, name)
}
