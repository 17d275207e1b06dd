package skew

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// Notable is a difference that is worth a warning.
	Notable = 30 * time.Second
	// Harmful is a difference at which servers refuse what we sign.
	Harmful = 5 * time.Minute
	// warnEvery is between two warnings about one host.
	warnEvery = time.Hour
	// maxHosts bounds what is remembered.
	maxHosts = 1024
)

// Doer sends a request; *http.Client does.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Clocks is what is known of other clocks. It is safe for concurrent use.
type Clocks struct {
	now func() time.Time
	log *slog.Logger

	mu   sync.Mutex
	seen map[string]reading // by host and port, in lower case
}

type reading struct {
	ahead  time.Duration
	warned time.Time
}

// New returns clocks that are compared with now.
func New(now func() time.Time, log *slog.Logger) *Clocks {
	return &Clocks{now: now, log: log, seen: make(map[string]reading)}
}

// Watched is a way whose answers tell the time.
type Watched struct {
	*Clocks
	way Doer
}

// Watching sends as way does and looks at the clock of each answer.
func (c *Clocks) Watching(way Doer) *Watched { return &Watched{c, way} }

// Do implements [Doer].
func (w *Watched) Do(r *http.Request) (*http.Response, error) {
	sent := w.now()
	response, err := w.way.Do(r)
	if err == nil {
		w.note(r.URL.Host, response.Header, sent, w.now())
	}
	return response, err
}

// note compares the Date of an answer with the time between request and answer.
func (c *Clocks) note(host string, header http.Header, sent, received time.Time) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return
	}
	// The wall's time is compared; a clock may have jumped in between.
	sent, received = sent.Round(0), received.Round(0)
	var ahead time.Duration
	switch latest := date.Add(time.Second); {
	case received.Before(sent):
		return
	case date.After(received):
		ahead = date.Sub(received)
	case latest.Before(sent):
		ahead = latest.Sub(sent)
	}
	host = strings.ToLower(host)
	c.mu.Lock()
	defer c.mu.Unlock()
	last, known := c.seen[host]
	if !known && len(c.seen) >= maxHosts {
		clear(c.seen)
	}
	last.ahead = ahead
	if ahead.Abs() > Notable && (last.warned.IsZero() || received.Sub(last.warned) >= warnEvery) {
		last.warned = received
		c.log.Warn("a provider's clock and ours differ: set this machine's clock by NTP, or what is signed will be refused",
			slog.String("host", host), slog.Duration("ahead_of_ours", ahead.Round(time.Second)))
	}
	c.seen[host] = last
}

// Offset is how far a host's clock is ahead of ours; behind, when negative. ok
// is false where none of its answers told.
func (c *Clocks) Offset(host string) (ahead time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, ok := c.seen[strings.ToLower(host)]
	return last.ahead, ok
}
