package h1

import (
	"sync"
	"time"
)

// pool holds idle connections, for each origin the latest used last. It is
// taken from the end, so that those too many grow old.
type pool struct {
	most          int           // connections; 0: no limit
	mostPerOrigin int           // connections of one origin; 0: 2, as in the standard Transport
	timeout       time.Duration // how long one may be idle; 0: without end
	mu            sync.Mutex
	idle          map[origin][]*conn
	count         int
	sweeper       *time.Timer // runs while there are idle connections
}

// take gives a connection that may be used, or nil.
func (p *pool) take(to origin) *conn {
	for {
		k := p.last(to)
		if k == nil {
			return nil
		}
		if k.isAlive() {
			k.reused = true
			return k
		}
		k.abort()
	}
}

func (p *pool) last(to origin) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[to]
	if len(idle) == 0 {
		return nil
	}
	k := idle[len(idle)-1]
	idle[len(idle)-1] = nil
	p.idle[to] = idle[:len(idle)-1]
	p.count--
	return k
}

// put keeps a connection for the next request, or closes it.
func (p *pool) put(k *conn) {
	if !p.keep(k) {
		k.close()
	}
}

func (p *pool) keep(k *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	idle := p.idle[k.to]
	if p.most > 0 && p.count >= p.most || len(idle) >= max(p.mostPerOrigin, 2) {
		return false
	}
	k.since = time.Now()
	p.idle[k.to] = append(idle, k)
	p.count++
	if p.timeout > 0 && p.sweeper == nil {
		p.sweeper = time.AfterFunc(p.timeout/2, p.sweep)
	}
	return true
}

// sweep closes what was idle for too long.
func (p *pool) sweep() {
	limit := time.Now().Add(-p.timeout)
	for _, k := range p.remove(func(k *conn) bool { return k.since.Before(limit) }) {
		k.close()
	}
}

func (p *pool) clear() {
	for _, k := range p.remove(func(*conn) bool { return true }) {
		k.close()
	}
}

// remove takes the connections that are old out, and has the others looked at
// again later.
func (p *pool) remove(old func(*conn) bool) []*conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*conn
	for to, idle := range p.idle {
		n := 0 // each origin's connections stand in the order of their age
		for n < len(idle) && old(idle[n]) {
			n++
		}
		out = append(out, idle[:n]...)
		p.count -= n
		if n == len(idle) {
			delete(p.idle, to)
			continue
		}
		p.idle[to] = append([]*conn(nil), idle[n:]...)
	}
	if p.sweeper != nil {
		p.sweeper.Stop()
		p.sweeper = nil
	}
	if p.count > 0 && p.timeout > 0 {
		p.sweeper = time.AfterFunc(p.timeout/2, p.sweep)
	}
	return out
}
