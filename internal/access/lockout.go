package access

import (
	"sync"
	"time"
)

const (
	freeFailures  = 4                // wrong passwords in a row that cost nothing
	firstWait     = time.Second      // after the next one; it doubles with each
	longestWait   = 15 * time.Minute // for an address
	accountWait   = 30 * time.Second // for an account: others must not be able to shut its owner out for long
	failureMemory = time.Hour        // without a failure for this long all is forgotten
	maxRemembered = 10_000           // addresses and accounts
)

// lockout makes guessing slow: each wrong password of an address, and each for
// an account, makes the next attempt wait longer. It is kept in memory, by
// each node of its own.
type lockout struct {
	mu   sync.Mutex
	seen map[string]*failures
}

type failures struct {
	count int
	last  time.Time
	until time.Time
}

// wait is how long the next attempt must wait still.
func (l *lockout) wait(now time.Time, subjects ...string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var longest time.Duration
	for _, subject := range subjects {
		if f := l.seen[subject]; f != nil {
			longest = max(longest, f.until.Sub(now))
		}
	}
	return longest
}

// failed notes a wrong password.
func (l *lockout) failed(now time.Time, subject string, most time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = make(map[string]*failures)
	}
	f := l.seen[subject]
	if f == nil || now.Sub(f.last) > failureMemory {
		l.sweep(now)
		f = &failures{}
		l.seen[subject] = f
	}
	f.count++
	f.last = now
	if over := f.count - freeFailures; over > 0 {
		f.until = now.Add(min(firstWait<<min(over-1, 20), most))
	}
}

// passed forgets the failures of whoever got in.
func (l *lockout) passed(subjects ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, subject := range subjects {
		delete(l.seen, subject)
	}
}

// sweep makes room. Under a flood of addresses the oldest knowledge goes.
func (l *lockout) sweep(now time.Time) {
	if len(l.seen) < maxRemembered {
		return
	}
	for subject, f := range l.seen {
		if now.Sub(f.last) > failureMemory {
			delete(l.seen, subject)
		}
	}
	for subject := range l.seen {
		if len(l.seen) < maxRemembered {
			return
		}
		delete(l.seen, subject)
	}
}
