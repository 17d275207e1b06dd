package traffic

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/fault"
)

const (
	// LongestDebug bounds how long a connection may be debugged at a time.
	LongestDebug = time.Hour
	// maxExchanges is how many exchanges of a connection are kept; the oldest go.
	maxExchanges = 20
	// maxShown is how much of each body is kept, in bytes.
	maxShown = 4 << 10
)

// Exchange is one call of an API, redacted.
type Exchange struct {
	At       time.Time
	Took     time.Duration // until the answer's header was there
	Method   string
	Path     string // with the query
	Header   http.Header
	Body     string // its beginning
	Status   int    // 0: there was no answer
	Error    string // why there was none
	Answer   http.Header
	Returned string // the beginning of the answer's body
}

// Debug keeps the exchanges of a connection until then, at the latest for
// [LongestDebug]. A time that is past ends it and forgets what was kept.
func (w *Watch) Debug(name string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if latest := w.now().Add(LongestDebug); until.After(latest) {
		until = latest
	}
	c := w.of(name)
	c.until = until
	if !until.After(w.now()) {
		c.until, c.exchanges = time.Time{}, nil
	}
}

// DebugUntil is when debugging a connection ends, or ended; zero: it is off.
func (w *Watch) DebugUntil(name string) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.seen[name]; c != nil {
		return c.until
	}
	return time.Time{}
}

// Exchanges returns what was kept of a connection, the newest first.
func (w *Watch) Exchanges(name string) []Exchange {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.seen[name]
	if c == nil {
		return nil
	}
	found := make([]Exchange, 0, len(c.exchanges))
	for i := len(c.exchanges) - 1; i >= 0; i-- {
		found = append(found, c.exchanges[i])
	}
	return found
}

// debugged calls the API and keeps what was said, once the answer's body ends.
func (w *Watch) debugged(ctx context.Context, name string, r call.Request) (*http.Response, error) {
	sent := &beginning{}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = io.TeeReader(r.Body, sent)
	}
	e := Exchange{At: w.now().UTC(), Method: r.Method, Path: redactedPath(r.Path, r.RawQuery), Header: redactedHeader(r.Header)}
	if e.Method == "" {
		e.Method = http.MethodGet
	}
	contentType := r.Header.Get("Content-Type")
	response, err := w.engine.Do(ctx, name, r)
	w.count(name, err != nil || response.StatusCode >= http.StatusBadRequest)
	e.Took = w.now().Sub(e.At)
	e.Body = redactedBody(contentType, sent.text())
	if err != nil {
		e.Error = fault.As(err).Message
		w.keep(name, e)
		return nil, err
	}
	e.Status, e.Answer = response.StatusCode, redactedHeader(response.Header)
	if response.StatusCode == http.StatusSwitchingProtocols {
		w.keep(name, e)
		return response, nil
	}
	got := &beginning{}
	response.Body = &tapped{Reader: io.TeeReader(response.Body, got), body: response.Body, done: func() {
		e.Returned = redactedBody(response.Header.Get("Content-Type"), got.text())
		w.keep(name, e)
	}}
	return response, nil
}

func (w *Watch) keep(name string, e Exchange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.of(name)
	if c.until.IsZero() {
		return // somebody ended it meanwhile
	}
	if c.exchanges = append(c.exchanges, e); len(c.exchanges) > maxExchanges {
		c.exchanges = c.exchanges[len(c.exchanges)-maxExchanges:]
	}
}

// beginning keeps the first bytes that are written to it.
type beginning struct {
	mu   sync.Mutex // the engine may read a body while the answer comes
	kept bytes.Buffer
	more bool
}

// Write implements [io.Writer].
func (b *beginning) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := maxShown - b.kept.Len()
	if room < len(p) {
		b.more = true
	}
	b.kept.Write(p[:min(room, len(p))])
	return len(p), nil
}

func (b *beginning) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more {
		return b.kept.String() + "…"
	}
	return b.kept.String()
}

// tapped is a body that tells when it is over.
type tapped struct {
	io.Reader
	body io.Closer
	once sync.Once
	done func()
}

// Read implements [io.Reader].
func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	if err != nil {
		t.once.Do(t.done)
	}
	return n, err
}

// Close implements [io.Closer].
func (t *tapped) Close() error {
	t.once.Do(t.done)
	return t.body.Close()
}
