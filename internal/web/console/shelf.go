package console

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/web/session"
)

const (
	shelfLife = 10 * time.Minute
	shelfSize = 200
)

// shelf keeps what an action brought until its page is shown, by an id that
// only the session which asked can use. It is in memory: it may hold an API's
// answer or a new key.
type shelf struct {
	now  func() time.Time
	mu   sync.Mutex
	held map[string]held
}

type held struct {
	owner [32]byte
	until time.Time
	value any
}

// put keeps a value and gives its id.
func (s *shelf) put(r *http.Request, value any) string {
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
	if len(s.held) >= shelfSize {
		delete(s.held, oldest)
	}
	id := rand.Text()
	s.held[id] = held{session.Of(r.Context()).Hash, now.Add(shelfLife), value}
	return id
}

// take gives what the address asks for, if it is the session's own; once says
// whether it is then gone.
func take[T any](s *shelf, r *http.Request, once bool) (value T, ok bool) {
	id := r.URL.Query().Get("shown")
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
