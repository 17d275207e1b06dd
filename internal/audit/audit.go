package audit

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
)

// maxHeld bounds the entries in memory while the database takes none.
const maxHeld = 10_000

// wakeAt is how many entries are not left to wait for the next round.
const wakeAt = maxHeld / 4

// lostAction is of an entry that says how many others were lost.
const lostAction = "audit.lost"

// Store keeps entries.
type Store interface {
	// AppendAudit adds entries and gives them their ids.
	AppendAudit(ctx context.Context, entries []api.AuditEntry) error
	// Audit returns entries, newest first.
	Audit(ctx context.Context, filter api.AuditFilter) ([]api.AuditEntry, error)
}

// Log is the trail. It is safe for concurrent use.
type Log struct {
	store Store
	now   func() time.Time

	mu      sync.Mutex // not held while the store works
	held    []api.AuditEntry
	seen    map[seen]int // where in held an entry stands that may be counted up
	counts  map[int]int
	dropped int

	full    chan struct{}
	writing sync.Mutex // one flush at a time, so that the trail is in order
}

// seen is what makes two entries one.
type seen struct{ actor, action, subject, refused string }

// New returns the trail in a store.
func New(store Store, now func() time.Time) *Log {
	l := &Log{store: store, now: now, full: make(chan struct{}, 1)}
	l.clear()
	return l
}

func (l *Log) clear() {
	l.held, l.seen, l.counts, l.dropped = nil, map[seen]int{}, map[int]int{}, 0
}

// repeats are actions that happen many times a second.
func repeats(action string) bool { return action == "connection.token.get" }

// Record notes an entry; its time is now.
func (l *Log) Record(entry api.AuditEntry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	same := seen{entry.Actor, entry.Action, entry.Subject, entry.Detail["refused"]}
	if at, known := l.seen[same]; known && repeats(entry.Action) {
		l.counts[at]++
		return
	}
	if len(l.held) >= maxHeld {
		l.dropped++
		return
	}
	entry.At = l.now().UTC()
	entry.Subject = strings.Clone(entry.Subject) // it may be a piece of the request's whole head
	if repeats(entry.Action) {
		l.seen[same], l.counts[len(l.held)] = len(l.held), 1
	}
	if l.held = append(l.held, entry); len(l.held) == wakeAt {
		select {
		case l.full <- struct{}{}:
		default: // it was not heard yet
		}
	}
}

// Full says that so much is held that it should be written now: many tokens
// were handed out.
func (l *Log) Full() <-chan struct{} { return l.full }

// Flush writes what is held. What the store does not take is held for the next time.
func (l *Log) Flush(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	entries := l.take()
	if len(entries) == 0 {
		return nil
	}
	err := l.store.AppendAudit(ctx, entries)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(l.held)+len(entries) <= 2*maxHeld {
			l.giveBack(entries)
		} else {
			l.dropped += lost(entries)
		}
	}
	return err
}

func (l *Log) take() []api.AuditEntry {
	l.mu.Lock()
	defer l.mu.Unlock()
	for at, n := range l.counts {
		if n > 1 {
			l.held[at].Detail = with(l.held[at].Detail, "count", n)
		}
	}
	if l.dropped > 0 {
		lost := api.AuditEntry{At: l.now().UTC(), Actor: "valetkey", Action: lostAction}
		lost.Detail = with(nil, "count", l.dropped)
		l.held = append(l.held, lost)
	}
	entries := l.held
	l.clear()
	return entries
}

// lost counts entries, and those that were counted as lost before.
func lost(entries []api.AuditEntry) (n int) {
	for _, e := range entries {
		n++
		if e.Action == lostAction {
			before, _ := strconv.Atoi(e.Detail["count"]) // written by take
			n += before - 1
		}
	}
	return n
}

// giveBack puts entries before those that came since.
func (l *Log) giveBack(entries []api.AuditEntry) {
	moved, counts := make(map[seen]int, len(l.seen)), make(map[int]int, len(l.counts))
	for same, at := range l.seen {
		moved[same] = at + len(entries)
	}
	for at, n := range l.counts {
		counts[at+len(entries)] = n
	}
	l.held, l.seen, l.counts = append(entries, l.held...), moved, counts
}

func with(detail map[string]string, name string, n int) map[string]string {
	if detail == nil {
		detail = make(map[string]string, 1)
	}
	detail[name] = strconv.Itoa(n)
	return detail
}

// Entries returns the trail, newest first, with what was recorded until now.
func (l *Log) Entries(ctx context.Context, filter api.AuditFilter) ([]api.AuditEntry, error) {
	if err := l.Flush(ctx); err != nil {
		return nil, err
	}
	return l.store.Audit(ctx, filter)
}
