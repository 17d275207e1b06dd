package call

import (
	"cmp"
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/target"
)

const (
	defaultConcurrency = 25
	defaultQueue       = 256
	defaultPer         = time.Minute
	budgetsSweepAt     = 10_000
	// budgetIdle is how long a budget is kept that nothing uses.
	budgetIdle = 2 * longestPause
)

// budgets holds what each API takes, by connection or by shared name.
type budgets struct {
	now   func() time.Time
	mu    sync.RWMutex
	known map[string]*budget
}

func newBudgets(now func() time.Time) *budgets {
	return &budgets{now: now, known: make(map[string]*budget)}
}

// of returns the budget of a connection with its settings in force. Of a
// shared one, the settings of the connection that bears its name count, else
// those of whoever used it last.
func (s *budgets) of(credential *broker.Credential) *budget {
	target := credential.Target
	name := cmp.Or(target.RateLimit.SharedWith, credential.Connection)
	s.mu.RLock()
	b := s.known[name]
	s.mu.RUnlock()
	if b == nil {
		b = s.add(name)
	}
	b.configure(target, name == credential.Connection)
	return b
}

func (s *budgets) add(name string) *budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.known[name]; b != nil {
		return b
	}
	if len(s.known) >= budgetsSweepAt {
		for other, b := range s.known {
			if b.idleSince(s.now().Add(-budgetIdle)) {
				delete(s.known, other)
			}
		}
	}
	b := &budget{now: s.now}
	s.known[name] = b
	return b
}

// budget is what one API takes at a time. Calls that must wait stand in one
// line and are let in from its head alone, so none is overtaken.
type budget struct {
	now      func() time.Time
	mu       sync.Mutex
	target   *target.Target // whose settings are in force
	owned    bool           // they are those of the connection that bears the budget's name
	rules    api.RateLimitRules
	limit    int // requests under way at once, as it stands
	underway int
	calm     int // answers without trouble since limit was last changed
	strikes  int // limit answers in a row
	until    time.Time
	last     time.Time // when the last request began
	window   window
	line     list.List // of *place
	timer    *time.Timer
	places   sync.Pool // of *place, to be used again
}

// place is a call's place in line.
type place struct {
	ready chan struct{} // holds a value when the call may begin
	end   *time.Timer   // of the caller's patience
	let   bool          // in; kept under the budget's lock
}

// place gives one that ends after a time.
func (b *budget) place(after time.Duration) *place {
	own, ok := b.places.Get().(*place)
	if !ok {
		return &place{ready: make(chan struct{}, 1), end: time.NewTimer(after)}
	}
	own.let = false
	own.end.Reset(after)
	return own
}

func (b *budget) configure(target *target.Target, owner bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.target == target || b.owned && !owner {
		return
	}
	before := b.rules
	b.target, b.owned, b.rules = target, owner, target.RateLimit
	if most := b.most(); b.limit == 0 || cmp.Or(before.Concurrency, defaultConcurrency) != most {
		b.limit = most
	}
	if before.Requests != b.rules.Requests {
		b.window = newWindow(b.rules.Requests)
	}
	b.admit()
}

func (b *budget) most() int { return cmp.Or(b.rules.Concurrency, defaultConcurrency) }

// enter waits for a place until a moment, and says how long it took. The error
// is a *refusal when the wait would be or has become too long, or a fault when
// the caller gave up. After a nil error, leave must follow.
func (b *budget) enter(ctx context.Context, end time.Time) (time.Duration, error) {
	b.mu.Lock()
	now := b.now()
	if b.line.Len() == 0 && b.underway < b.limit && !b.earliest(0).After(now) {
		b.begin(now)
		b.mu.Unlock()
		return 0, nil
	}
	if b.line.Len() >= cmp.Or(b.rules.Queue, defaultQueue) {
		defer b.mu.Unlock()
		return 0, &refusal{b.earliest(b.line.Len()).Sub(now), "too many calls wait in line already"}
	}
	if at := b.earliest(b.line.Len()); at.After(end) {
		defer b.mu.Unlock()
		return 0, &refusal{at.Sub(now), "the API takes no more for now, and the wait would be too long"}
	}
	element := b.line.PushBack(b.place(end.Sub(now)))
	b.admit()
	b.mu.Unlock()
	return b.stand(ctx, element, now)
}

// stand waits in line.
func (b *budget) stand(ctx context.Context, element *list.Element, since time.Time) (time.Duration, error) {
	own := element.Value.(*place) //nolint:errcheck // the line holds nothing else
	var given error
	select {
	case <-own.ready:
		own.end.Stop()
		b.places.Put(own)
		return b.now().Sub(since), nil
	case <-ctx.Done():
		given = fault.As(ctx.Err())
	case <-own.end.C:
		given = &refusal{time.Second, "none of the calls under way ended in time"}
	}
	own.end.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if own.let { // just now
		b.underway--
	} else {
		b.line.Remove(element)
	}
	b.admit()
	return b.now().Sub(since), given
}

// leave gives a place back.
func (b *budget) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.underway--
	b.admit()
}

// begin takes a place.
func (b *budget) begin(now time.Time) {
	b.underway++
	b.last = now
	b.window.add(now)
}

// admit lets in from the head of the line whoever may begin, and sets the
// timer for the next. It needs the lock.
func (b *budget) admit() {
	for head := b.line.Front(); head != nil && b.underway < b.limit; head = b.line.Front() {
		now := b.now()
		if at := b.earliest(0); at.After(now) {
			b.wake(at.Sub(now))
			return
		}
		b.line.Remove(head)
		b.begin(now)
		next := head.Value.(*place) //nolint:errcheck // the line holds nothing else
		next.let = true
		next.ready <- struct{}{}
	}
}

func (b *budget) wake(after time.Duration) {
	if b.timer != nil {
		b.timer.Stop()
	}
	b.timer = time.AfterFunc(after, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.admit()
	})
}

// earliest is when the rate lets a call begin that has others before it in
// line; a moment in the past when it does so now.
func (b *budget) earliest(before int) time.Time {
	at := b.until
	if b.rules.MinInterval > 0 && !b.last.IsZero() {
		at = later(at, b.last.Add(time.Duration(b.rules.MinInterval)*time.Duration(before+1)))
	}
	if b.rules.Requests > 0 {
		at = later(at, b.window.free(before, cmp.Or(time.Duration(b.rules.Per), defaultPer)))
	}
	return at
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// struck notes that the API was asked too much: all calls of this budget wait
// as long as it says, or, where it does not, ever longer.
func (b *budget) struck(hint time.Duration, hinted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calm = 0
	b.strikes++
	if isSet(b.rules.Observe) {
		return
	}
	if isSet(b.rules.Adaptive) {
		b.limit = max(1, b.limit/2)
	}
	if !hinted {
		hint = min(defaultWait<<min(b.strikes-1, 6), longestWait)
	}
	b.until = later(b.until, b.now().Add(min(hint, longestPause)))
}

// passed notes an answer that was not about limits.
func (b *budget) passed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.strikes = 0
	if b.limit >= b.most() {
		return
	}
	if b.calm++; b.calm >= b.limit {
		b.calm = 0
		b.limit++
		b.admit()
	}
}

func (b *budget) idleSince(moment time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.underway == 0 && b.line.Len() == 0 && b.last.Before(moment)
}

// window remembers when the last requests began, so that no span of time ever
// holds more than their number. A bucket of tokens would let through twice as
// many around the moment when it is full.
type window struct {
	size  int
	began []int64 // a ring of moments in nanoseconds since 1970, which grows up to size
	next  int     // the oldest
}

func newWindow(requests int) window { return window{size: requests} }

func (w *window) add(now time.Time) {
	switch {
	case w.size == 0:
		return
	case len(w.began) < w.size:
		w.began = append(w.began, now.UnixNano())
	default:
		w.began[w.next] = now.UnixNano()
	}
	w.next = (w.next + 1) % w.size
}

// free is when a request may begin that has others before it.
func (w *window) free(before int, per time.Duration) time.Time {
	rounds := before / w.size
	at := (w.next + before) % w.size
	if at >= len(w.began) {
		return time.Time{} // nothing began there yet
	}
	return time.Unix(0, w.began[at]).Add(per * time.Duration(rounds+1))
}
