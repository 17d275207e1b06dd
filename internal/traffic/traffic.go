package traffic

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/call"
)

const (
	// Window is how many minutes are counted.
	Window = 60
	// maxConnections bounds how many connections are watched at a time.
	maxConnections = 10_000
)

// Engine calls APIs; *call.Engine does.
type Engine interface {
	Do(ctx context.Context, connection string, r call.Request) (*http.Response, error)
}

// Minute is what happened in one minute.
type Minute struct {
	Requests int
	Errors   int // answered 400 or above, or not at all
}

// Rates are the last [Window] minutes, the present one last.
type Rates struct {
	Since   time.Time // when the counting began, at the earliest
	Minutes [Window]Minute
}

// Watch is an [Engine] that counts. It is safe for concurrent use.
type Watch struct {
	engine Engine
	now    func() time.Time
	since  time.Time

	mu   sync.Mutex
	seen map[string]*connection
}

// connection is what is known of one connection.
type connection struct {
	minutes   [Window]Minute // by minute of Unix time, in turn
	latest    int64          // the latest minute counted
	until     time.Time      // when debugging ends; zero: never begun
	exchanges []Exchange     // oldest first
}

// Over watches an engine.
func Over(engine Engine, now func() time.Time) *Watch {
	return &Watch{engine: engine, now: now, since: now(), seen: make(map[string]*connection)}
}

// Do calls the API as the engine does.
func (w *Watch) Do(ctx context.Context, name string, r call.Request) (*http.Response, error) {
	if !w.DebugUntil(name).After(w.now()) {
		response, err := w.engine.Do(ctx, name, r)
		w.count(name, err != nil || response.StatusCode >= http.StatusBadRequest)
		return response, err
	}
	return w.debugged(ctx, name, r)
}

// Rates returns what was counted of a connection.
func (w *Watch) Rates(name string) Rates {
	w.mu.Lock()
	defer w.mu.Unlock()
	rates := Rates{Since: w.since}
	c := w.seen[name]
	if c == nil {
		return rates
	}
	present := w.minute()
	for i := range Window {
		at := present - int64(Window-1-i)
		if at <= c.latest && at > c.latest-Window {
			rates.Minutes[i] = c.minutes[at%Window]
		}
	}
	return rates
}

func (w *Watch) minute() int64 { return w.now().Unix() / 60 }

func (w *Watch) count(name string, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.of(name)
	present := w.minute()
	for at := max(c.latest+1, present-Window+1); at <= present; at++ {
		c.minutes[at%Window] = Minute{}
	}
	c.latest = max(c.latest, present)
	m := &c.minutes[present%Window]
	m.Requests++
	if failed {
		m.Errors++
	}
}

// of finds a connection, or makes room for it. The caller holds the lock.
func (w *Watch) of(name string) *connection {
	if c := w.seen[name]; c != nil {
		return c
	}
	if len(w.seen) >= maxConnections {
		w.forget()
	}
	c := &connection{latest: w.minute() - Window}
	w.seen[name] = c
	return c
}

// forget lets go of the connections that were quiet for the whole window, and
// under a flood of busy ones of any.
func (w *Watch) forget() {
	present := w.minute()
	for name, c := range w.seen {
		if c.latest <= present-Window && c.until.IsZero() {
			delete(w.seen, name)
		}
	}
	for name := range w.seen {
		if len(w.seen) < maxConnections {
			return
		}
		delete(w.seen, name)
	}
}
