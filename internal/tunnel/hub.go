package tunnel

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// patience is how long a request waits for an agent whose tunnel has just
// broken: it mostly comes back at once.
const patience = 10 * time.Second

// Hub is the server's end: it holds the tunnels of this process and dials
// through them. It is safe for concurrent use. The zero value is ready.
type Hub struct {
	// Absent says why there is no tunnel to any of some agents; default: a
	// plain error.
	Absent func(ctx context.Context, agents []string) error
	Clock  Clock

	mu       sync.Mutex
	sessions map[string]*session  // by agent
	lost     map[string]time.Time // when an agent's tunnel broke
	arrived  chan struct{}        // closed at the next arrival; nil: nobody waits
	closed   bool
}

// Presence is a tunnel that stands.
type Presence struct {
	Agent string
	Hello Hello
	Since time.Time
}

// Expect says that agents come any moment: they are opening a tunnel, or had one
// to the process before this one. Requests wait for them as if it had just broken.
func (h *Hub) Expect(agents []string) {
	now := h.Clock.withDefaults().Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.prepare()
	for _, agent := range agents {
		if h.sessions[agent] == nil {
			h.lost[agent] = now
		}
	}
}

// prepare makes what the zero value lacks. It needs the lock.
func (h *Hub) prepare() {
	if h.lost == nil {
		h.sessions, h.lost = make(map[string]*session), make(map[string]time.Time)
	}
}

// Serve dials through a tunnel until it ends, and returns why it did. An older
// tunnel of the same agent ends: the newest counts.
func (h *Hub) Serve(agent string, hello Hello, conn *Conn) error {
	clock := h.Clock.withDefaults()
	s, err := newSession(agent, hello, clock.Now(), conn)
	if err != nil {
		_ = conn.Close()
		return err
	}
	beats, stop := clock.Beats()
	defer stop()
	go conn.Watch(beats)
	if !h.add(s) {
		conn.Shut(StatusGoingAway, "the server stops")
	}
	<-conn.Done()
	_ = s.http.Close()
	h.remove(s, clock.Now())
	return conn.Cause()
}

func (h *Hub) add(s *session) bool {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return false
	}
	h.prepare()
	before := h.sessions[s.agent]
	h.sessions[s.agent] = s
	delete(h.lost, s.agent)
	if h.arrived != nil {
		close(h.arrived)
		h.arrived = nil
	}
	h.mu.Unlock()
	if before != nil {
		before.replaced(s.hello.Instance)
	}
	return true
}

// replaced ends a tunnel because there is a newer one. Of another process its
// own is told, so that it does not come back.
func (s *session) replaced(by string) {
	if s.hello.Instance == by {
		s.conn.Shut(StatusGoingAway, "the agent opened another tunnel")
		return
	}
	s.conn.Shut(StatusReplaced, "another process now runs as the agent "+s.agent)
}

func (h *Hub) remove(s *session, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sessions[s.agent] == s {
		delete(h.sessions, s.agent)
		h.lost[s.agent] = now
	}
}

// Online are the tunnels that stand, by agent.
func (h *Hub) Online() []Presence {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Presence
	for _, s := range h.sessions {
		all = append(all, Presence{Agent: s.agent, Hello: s.hello, Since: s.since})
	}
	slices.SortFunc(all, func(a, b Presence) int { return strings.Compare(a.Agent, b.Agent) })
	return all
}

// Fence ends the tunnel of an agent unless it is that of the given process,
// the newest.
func (h *Hub) Fence(agent, instance string) {
	h.mu.Lock()
	s := h.sessions[agent]
	h.mu.Unlock()
	if s != nil && s.hello.Instance != instance {
		s.replaced(instance)
	}
}

// Remove ends the tunnel of an agent that is no more.
func (h *Hub) Remove(agent string) {
	h.mu.Lock()
	s := h.sessions[agent]
	delete(h.sessions, agent)
	delete(h.lost, agent)
	h.mu.Unlock()
	if s != nil {
		s.conn.Shut(StatusRemoved, "the agent "+agent+" was removed at the server")
	}
}

// Close ends all tunnels; their agents come back to whoever answers next.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	sessions := h.sessions
	h.sessions = nil
	h.mu.Unlock()
	for _, s := range sessions {
		s.conn.Shut(StatusGoingAway, "the server stops")
	}
}

// Dial connects to an address, host:port, from within the network of the first
// of the agents that has a tunnel. Where a tunnel has just broken, it waits a
// while for it. The error carries a fault.
func (h *Hub) Dial(ctx context.Context, agents []string, address string) (net.Conn, error) {
	clock := h.Clock.withDefaults()
	for {
		s, arrived, wait := h.pick(agents, clock.Now())
		switch {
		case s != nil:
			conn, err := s.dial(ctx, address)
			if !errors.Is(err, errGone) {
				return conn, err
			}
			<-s.conn.Done()
			h.remove(s, clock.Now())
			continue
		case wait > 0:
			select {
			case <-arrived:
				continue
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-clock.After(wait):
			}
		}
		if h.Absent == nil {
			return nil, errGone
		}
		return nil, h.Absent(ctx, agents)
	}
}

// pick gives the first tunnel of some agents that stands. Without one it says
// for how long to wait for an arrival.
func (h *Hub) pick(agents []string, now time.Time) (found *session, arrived <-chan struct{}, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, agent := range agents {
		if s := h.sessions[agent]; s != nil && !s.conn.parts() {
			return s, nil, 0
		}
		broke, known := h.lost[agent]
		if s := h.sessions[agent]; s != nil {
			broke, known = now, true // it breaks just now
		}
		if known {
			wait = max(wait, broke.Add(patience).Sub(now))
		}
	}
	if wait > 0 && h.arrived == nil {
		h.arrived = make(chan struct{})
	}
	return nil, h.arrived, wait
}
