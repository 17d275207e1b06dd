package shelf

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/web/session"
)

// Time is how long something is held. Size is how much at most.
const (
	Time = 10 * time.Minute
	Size = 200
)

// Shelf keeps values by ids that only the session which put them can use.
type Shelf struct {
	now  func() time.Time
	life time.Duration
	mu   sync.Mutex
	held map[string]held
}

type held struct {
	owner [32]byte
	until time.Time
	value any
}

// New makes an empty shelf that holds things for the time given.
func New(now func() time.Time, life time.Duration) *Shelf {
	return &Shelf{now: now, life: life, held: make(map[string]held)}
}

// Put keeps a value and gives its id.
func (s *Shelf) Put(r *http.Request, value any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	var oldest string
	for id, h := range s.held {
		if !now.Before(h.until) {
			delete(s.held, id)
			continue
		}
		if oldest == "" || h.until.Before(s.held[oldest].until) {
			oldest = id
		}
	}
	if len(s.held) >= Size {
		delete(s.held, oldest)
	}
	id := rand.Text()
	s.held[id] = held{session.Of(r.Context()).Hash, now.Add(s.life), value}
	return id
}

// Take gives what the address asks for as ?shown=, if it is the session's own;
// once says whether it is then gone.
func Take[T any](s *Shelf, r *http.Request, once bool) (value T, ok bool) {
	return Get[T](s, r, r.URL.Query().Get("shown"), once)
}

// Get gives what is held under an id, as [Take] does.
func Get[T any](s *Shelf, r *http.Request, id string, once bool) (value T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, found := s.held[id]
	if !found || h.owner != session.Of(r.Context()).Hash || !s.now().Before(h.until) {
		return value, false
	}
	if value, ok = h.value.(T); ok && once {
		delete(s.held, id)
	}
	return value, ok
}
