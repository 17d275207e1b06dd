package front

import (
	"context"
	"sync"
	"time"
)

// lookEvery is how often it is looked whether a caller has left. Most requests
// are answered before.
const lookEvery = 250 * time.Millisecond

// view looks at a connection without reading from it.
type view interface {
	// hasLeft says whether the caller has closed the connection, or its half.
	hasLeft() bool
}

// presence ends the context of a request when its caller leaves. Its timer goes
// on from request to request, and stops when it meets none.
type presence struct {
	view view

	mu     sync.Mutex
	cancel context.CancelFunc // of the request under way; nil: there is none
	timer  *time.Timer        // nil: none was needed yet
	runs   bool               // the timer does
}

// begin watches over a request, until end.
func (p *presence) begin(cancel context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = cancel
	if p.runs {
		return
	}
	p.runs = true
	if p.timer == nil {
		p.timer = time.AfterFunc(lookEvery, p.look)
		return
	}
	p.timer.Reset(lookEvery)
}

func (p *presence) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = nil
}

// stop ends the timer with the connection.
func (p *presence) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *presence) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.cancel == nil:
		p.runs = false
	case p.view.hasLeft():
		p.cancel()
		p.runs = false
	default:
		p.timer.Reset(lookEvery)
	}
}
