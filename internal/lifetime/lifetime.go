package lifetime

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Watcher is told when a context ends. It must not wait.
type Watcher interface{ Ended() }

// Context is a [context.Context]. Call Begin before anything else, once, and End
// when what it is for is over. It must not be copied.
type Context struct {
	parent context.Context
	within Watch // over the parent

	mu     sync.Mutex
	done   chan struct{} // made when somebody asks for it
	err    error         // nil: it goes on
	cause  error
	first  Watcher // most have one
	others []Watcher
}

// Begin makes c go on as long as parent does.
func (c *Context) Begin(parent context.Context) {
	c.parent = parent
	c.within = Over(parent, (*child)(c))
}

// End ends c. [Cause] says why from now on, if nothing ended it before; nil is
// [context.Canceled].
func (c *Context) End(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	if c.end(context.Canceled, cause) {
		c.within.Stop()
	}
}

func (c *Context) end(err, cause error) (now bool) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return false
	}
	c.err, c.cause = err, cause
	first, others := c.first, c.others
	c.first, c.others = nil, nil
	if c.done != nil {
		close(c.done)
	}
	c.mu.Unlock()
	if first != nil {
		first.Ended()
	}
	for _, w := range others {
		w.Ended()
	}
	return true
}

// child is a Context as its parent's watcher.
type child Context

// Ended implements Watcher.
func (k *child) Ended() {
	c := (*Context)(k)
	c.end(c.parent.Err(), Cause(c.parent))
}

// Cause is [context.Cause] for contexts of both kinds.
func Cause(ctx context.Context) error {
	if c, ok := ctx.(*Context); ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.cause
	}
	return context.Cause(ctx)
}

// Deadline implements [context.Context].
func (c *Context) Deadline() (time.Time, bool) { return c.parent.Deadline() }

// Done implements [context.Context].
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

// Err implements [context.Context].
func (c *Context) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// self is the key under which a Context gives itself.
type self struct{}

// Value implements [context.Context].
func (c *Context) Value(key any) any {
	if _, ok := key.(self); ok {
		return c
	}
	return c.parent.Value(key)
}

// AfterFunc has f called on a goroutine of its own when c ends; stop reports
// whether it will not be. Package context uses it for the contexts below.
func (c *Context) AfterFunc(f func()) (stop func() bool) {
	w := &function{f}
	c.watch(w)
	return func() bool { return c.forget(w) }
}

type function struct{ f func() }

// Ended implements Watcher.
func (w *function) Ended() { go w.f() }

// watch has w told of the end, now if it is over.
func (c *Context) watch(w Watcher) {
	c.mu.Lock()
	switch {
	case c.err != nil:
		c.mu.Unlock()
		w.Ended()
		return
	case c.first == nil:
		c.first = w
	default:
		c.others = append(c.others, w)
	}
	c.mu.Unlock()
}

// forget reports whether w has not been told and will not be.
func (c *Context) forget(w Watcher) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == w {
		c.first = nil
		return true
	}
	if i := slices.Index(c.others, w); i >= 0 {
		c.others = slices.Delete(c.others, i, i+1)
		return true
	}
	return false
}

// Watch is what ends with [Watch.Stop]: a watcher's place with a context.
type Watch struct {
	of      *Context
	watcher Watcher
	stop    func() bool // of a context of another kind
}

// Over has w told when ctx ends.
func Over(ctx context.Context, w Watcher) Watch {
	if c := of(ctx); c != nil {
		c.watch(w)
		return Watch{of: c, watcher: w}
	}
	if ctx.Done() == nil {
		return Watch{} // it never does
	}
	return Watch{stop: context.AfterFunc(ctx, w.Ended)}
}

// of finds the Context that ends when ctx does, if there is one: ctx itself, or
// one that ctx adds nothing but values to.
func of(ctx context.Context) *Context {
	c, ok := ctx.(*Context)
	if ok {
		return c
	}
	if c, ok = ctx.Value(self{}).(*Context); ok && c.Done() == ctx.Done() {
		return c
	}
	return nil
}

// Stop reports whether the watcher has not been told and will not be.
func (w Watch) Stop() bool {
	switch {
	case w.of != nil:
		return w.of.forget(w.watcher)
	case w.stop != nil:
		return w.stop()
	}
	return true
}
