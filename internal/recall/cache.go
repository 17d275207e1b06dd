package recall

import "sync"

// Cache holds values by name. Make one with [New]; it may be used by several
// goroutines at once.
type Cache[V any] struct {
	limit int

	mu    sync.RWMutex
	known map[string]V
	epoch Epoch
}

// Epoch tells what was dropped before a read from what was dropped during it.
type Epoch uint64

// New returns a cache that holds at most limit values.
func New[V any](limit int) *Cache[V] {
	return &Cache[V]{limit: limit, known: make(map[string]V)}
}

// Get returns a value, and the epoch to hand to [Cache.Put] with one that was
// read because there was none.
func (c *Cache[V]) Get(name string) (value V, at Epoch, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	value, ok = c.known[name]
	return value, c.epoch, ok
}

// Put keeps a value that was read, unless something was dropped since: the
// value may be older than that. A full cache forgets some other value.
func (c *Cache[V]) Put(name string, value V, at Epoch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != at {
		return
	}
	if len(c.known) >= c.limit {
		for other := range c.known { // any one: map order is random enough
			delete(c.known, other)
			break
		}
	}
	c.known[name] = value
}

// Drop forgets one value.
func (c *Cache[V]) Drop(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.known, name)
}

// Clear forgets all values.
func (c *Cache[V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.known)
}
