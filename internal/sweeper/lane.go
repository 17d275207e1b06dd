package sweeper

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// tolerated is how many renewals in a row may fail before a lane closes.
	tolerated = 5
	// A closed lane lets one connection probe after a wait that doubles.
	firstWait   = 10 * time.Second
	longestWait = 5 * time.Minute
	// fullWait is how long a connection is put off for which a lane had no room.
	fullWait = 2 * time.Second
	// queue bounds the connections that wait in one lane, so that a slow
	// provider does not fill the room of all.
	queue = 1024
)

// lane is the way to one provider.
type lane struct {
	slots chan struct{}
	pace  *rate.Limiter

	mu       sync.Mutex
	failures int           // in a row
	waits    time.Duration // the last wait; 0: the lane is open
	opens    time.Time     // when the next probe may go
	probing  bool          // one is on its way
	queued   int           // entered and not left
	full     bool          // one was refused since half of the queue was free
}

func newLane(limits Limits) *lane {
	pace := limits.Rate
	if pace <= 0 {
		pace = rate.Inf
	}
	return &lane{
		slots: make(chan struct{}, max(1, limits.Concurrency)),
		pace:  rate.NewLimiter(pace, max(1, limits.Concurrency)),
	}
}

// enter lets a connection in unless the lane is closed or full; else it says
// when to come again.
func (l *lane) enter(now time.Time) (again time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed(now) {
		return l.next(now), false
	}
	if l.queued >= queue {
		l.full = true
		return now.Add(fullWait), false
	}
	l.queued++
	return time.Time{}, true
}

// begin is for one that has waited for its turn: the lane may have closed
// meanwhile. Of those that come when a closed lane's wait is over, the first is
// the probe.
func (l *lane) begin(now time.Time) (again time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed(now) {
		return l.next(now), false
	}
	l.probing = l.waits > 0
	return time.Time{}, true
}

func (l *lane) closed(now time.Time) bool {
	return l.waits > 0 && (l.probing || now.Before(l.opens))
}

// leave is for each that entered. It reports whether the lane was full and has
// room for half a queue now.
func (l *lane) leave() (drained bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queued--
	drained = l.full && l.queued <= queue/2
	l.full = l.full && !drained
	return drained
}

// slot takes one, at the lane's pace, and returns how to give it back.
func (l *lane) slot(ctx context.Context) (free func(), err error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	free = func() { <-l.slots }
	if err := l.pace.Wait(ctx); err != nil {
		free()
		return nil, err
	}
	return free, nil
}

// note draws the consequence of a renewal's outcome.
func (l *lane) note(err error, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	probe := l.probing
	l.probing = false
	if err == nil {
		l.failures, l.waits = 0, 0
		return
	}
	l.failures++
	if l.failures < tolerated || l.waits > 0 && !probe {
		return // not yet, or one that was on its way when the lane closed
	}
	l.waits = min(max(firstWait, 2*l.waits), longestWait)
	l.opens = now.Add(l.waits)
}

// opensAt is when a connection that failed comes back.
func (l *lane) opensAt(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next(now)
}

func (l *lane) next(now time.Time) time.Time {
	if later := now.Add(firstWait); l.opens.Before(later) {
		return later
	}
	return l.opens
}
