package call

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/onbehalf"
)

// maxDrain is how much of a refused answer, in bytes, is read to keep its
// network connection in use.
const maxDrain = 64 << 10

// afterRefusal gets another token after the API refused this one, and sends
// the request again when its body is still at hand.
func (e *Engine) afterRefusal(ctx context.Context, used *broker.Credential, o *outgoing, refusal *http.Response) (*http.Response, error) {
	fresh, err := e.another(ctx, used, o, refusal)
	if err != nil {
		refusal.Body.Close()
		return nil, err
	}
	if fresh == nil {
		return refusal, nil
	}
	if o.streamed {
		refusal.Header.Set(HeaderRetryable, "true")
		return refusal, nil
	}
	discard(refusal)
	return e.attempt(ctx, fresh, o)
}

// tellRefusal says of an answer that it refuses the token still, where its
// status does not.
func (e *Engine) tellRefusal(used *broker.Credential, o *outgoing, response *http.Response) {
	if response.StatusCode < 400 && response.Header.Get(HeaderRetryable) == "" && e.refuses(used.Target, o, response) {
		response.Header.Set(HeaderFailure, "the API does not take the token, by api.auth_error of the connection")
	}
}

// another returns a credential of a later generation than the refused one:
// one that is there already, or a renewed one unless the brake holds. It is
// nil when there is none.
func (e *Engine) another(ctx context.Context, refused *broker.Credential, o *outgoing, refusal *http.Response) (*broker.Credential, error) {
	if current := e.later(ctx, refused); current != nil {
		return current, nil
	}
	held := refused.Connection
	if subject, shown := onbehalf.Subject(ctx); shown {
		held = onbehalf.Key(held, subject) // another user's refusal is none of this one's
	}
	if !e.brake.enter(held, refused.Generation) {
		// A renewal may have ended between the two looks.
		return e.later(ctx, refused), nil
	}
	defer e.brake.leave(held)
	return e.renewed(ctx, refused, o, refusal)
}

func (e *Engine) later(ctx context.Context, refused *broker.Credential) *broker.Credential {
	current, err := e.credentials.Credential(ctx, refused.Connection)
	if err != nil || current.Generation <= refused.Generation {
		return nil
	}
	return current
}

const (
	brakeInterval = 10 * time.Second
	brakeSweepAt  = 1024 // entries
)

// brake holds back renewals that an API's refusals cause: one that refuses
// every token would otherwise have us ask for a new one at every call.
type brake struct {
	now  func() time.Time
	mu   sync.Mutex
	held map[string]*renewal

	noted map[string]time.Time // when a connection's retries were written down
}

type renewal struct {
	generation int64
	since      time.Time
	running    int
}

func newBrake(now func() time.Time) *brake {
	return &brake{now: now, held: make(map[string]*renewal), noted: make(map[string]time.Time)}
}

// enter reports whether a renewal may start, or may be joined since one of the
// same generation is running. After true, leave must follow.
func (b *brake) enter(connection string, generation int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	last := b.held[connection]
	switch {
	case last == nil:
		b.sweep(now)
		b.held[connection] = &renewal{generation: generation, since: now, running: 1}
		return true
	case last.running > 0:
		if last.generation != generation {
			return false
		}
	case now.Sub(last.since) < brakeInterval:
		return false
	default:
		last.generation, last.since = generation, now
	}
	last.running++
	return true
}

func (b *brake) leave(connection string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[connection].running--
}

// sweep forgets what no longer holds anything back.
func (b *brake) sweep(now time.Time) {
	if len(b.held) < brakeSweepAt {
		return
	}
	for name, r := range b.held {
		if r.running == 0 && now.Sub(r.since) >= brakeInterval {
			delete(b.held, name)
		}
	}
}
