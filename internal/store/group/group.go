package group

import (
	"context"
	"sync"
)

// most bounds the changes of one transaction, so that none waits long for its
// turn to be told.
const most = 64

// Database begins and ends transactions with marks in them.
type Database[T any] interface {
	Begin() (T, error)
	Commit(T) error
	Rollback(T)
	Mark(T) error   // sets a mark
	Undo(T) error   // goes back to it, and removes it
	Forget(T) error // removes it
}

// Group is a queue of changes for one database.
type Group[T any] struct {
	db Database[T]

	mu      sync.Mutex
	queue   []*entry[T]
	leading bool
}

// entry is one change and how it went.
type entry[T any] struct {
	ctx    context.Context
	change func(T) error
	err    error
	done   chan struct{}
}

// New returns an empty queue.
func New[T any](db Database[T]) *Group[T] { return &Group[T]{db: db} }

// Do runs a change as part of a transaction with others, and returns once that
// is on disk, or the change was undone. When the context ends first, the change
// is not run; one that runs already is waited for.
func (g *Group[T]) Do(ctx context.Context, change func(T) error) error {
	e := &entry[T]{ctx: ctx, change: change, done: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, e)
	lead := !g.leading
	g.leading = true
	g.mu.Unlock()
	if lead {
		go g.lead()
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		if g.leave(e) {
			return ctx.Err()
		}
		<-e.done
	}
	return e.err
}

// leave takes an entry out of the queue, unless its turn has come.
func (g *Group[T]) leave(left *entry[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, e := range g.queue {
		if e == left {
			g.queue = append(g.queue[:i:i], g.queue[i+1:]...)
			return true
		}
	}
	return false
}

// lead works until the queue is empty.
func (g *Group[T]) lead() {
	for {
		g.mu.Lock()
		turn := g.queue[:min(most, len(g.queue))]
		g.queue = g.queue[len(turn):]
		g.leading = len(turn) > 0
		g.mu.Unlock()
		if len(turn) == 0 {
			return
		}
		g.run(turn)
		for _, e := range turn {
			close(e.done)
		}
	}
}

// run makes one transaction of the changes.
func (g *Group[T]) run(turn []*entry[T]) {
	tx, err := g.db.Begin()
	if err == nil {
		if err = g.change(tx, turn); err == nil {
			err = g.db.Commit(tx)
		}
		if err != nil {
			g.db.Rollback(tx)
		}
	}
	if err == nil {
		return
	}
	for _, e := range turn {
		if e.err == nil {
			e.err = err
		}
	}
}

// change runs each change behind a mark; one that is alone needs none. An error
// is one of the transaction.
func (g *Group[T]) change(tx T, turn []*entry[T]) error {
	if len(turn) == 1 {
		if err := turn[0].ctx.Err(); err != nil {
			return err
		}
		return turn[0].change(tx)
	}
	for _, e := range turn {
		if e.err = e.ctx.Err(); e.err != nil {
			continue
		}
		if err := g.db.Mark(tx); err != nil {
			return err
		}
		end := g.db.Forget
		if e.err = e.change(tx); e.err != nil {
			end = g.db.Undo
		}
		if err := end(tx); err != nil {
			return err
		}
	}
	return nil
}
