package front

import (
	"sync"
	"time"

	"github.com/valetkey/valetkey/internal/lifetime"
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

	mu      sync.Mutex
	request *lifetime.Context // under way; nil: there is none
	timer   *time.Timer       // nil: none was needed yet
	runs    bool              // the timer does
}

// begin watches over a request, until end.
func (p *presence) begin(request *lifetime.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request = request
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
	p.request = nil
}

// stop ends the timer with the connection.
func (p *presence) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request = nil
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *presence) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.request == nil:
		p.runs = false
	case p.view.hasLeft():
		p.request.End(nil)
		p.runs = false
	default:
		p.timer.Reset(lookEvery)
	}
}
