package group_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/valetkey/valetkey/internal/store/group"
)

// fake is a database of numbers. A transaction holds what it adds; a commit
// can be held up, and can fail.
type fake struct {
	mu      sync.Mutex
	kept    []int
	begun   int
	hold    chan struct{} // a commit waits for it
	failing error         // of each commit
}

type tx struct {
	added []int
	mark  int
}

func (f *fake) Begin() (*tx, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun++
	return &tx{}, nil
}

func (f *fake) Commit(t *tx) error {
	if f.hold != nil {
		<-f.hold
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.failing != nil {
		return f.failing
	}
	f.kept = append(f.kept, t.added...)
	return nil
}

func (f *fake) Rollback(*tx)       {}
func (f *fake) Mark(t *tx) error   { t.mark = len(t.added); return nil }
func (f *fake) Undo(t *tx) error   { t.added = t.added[:t.mark]; return nil }
func (f *fake) Forget(t *tx) error { return nil }

func (f *fake) state() (kept []int, begun int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept = slices.Clone(f.kept)
	slices.Sort(kept)
	return kept, f.begun
}

func add(n int) func(*tx) error {
	return func(t *tx) error { t.added = append(t.added, n); return nil }
}

func TestChangesThatComeTogetherShareATransaction(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	g := group.New[*tx](f)
	var all sync.WaitGroup
	for n := range 100 {
		all.Go(func() {
			if err := g.Do(t.Context(), add(n)); err != nil {
				t.Error(err)
			}
		})
	}
	close(f.hold)
	all.Wait()
	kept, begun := f.state()
	if len(kept) != 100 || len(slices.Compact(kept)) != 100 {
		t.Fatalf("%d of 100 changes kept", len(kept))
	}
	if begun > 100 {
		t.Fatalf("%d transactions", begun)
	}
}

func TestAWaitForTheDiskIsShared(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	g := group.New[*tx](f)
	first := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		first <- g.Do(t.Context(), func(t *tx) error { close(started); return add(0)(t) })
	}()
	<-started // its commit is held up
	var all sync.WaitGroup
	queued := make(chan struct{}, 40)
	for n := range 40 {
		all.Go(func() {
			queued <- struct{}{}
			if err := g.Do(t.Context(), add(n+1)); err != nil {
				t.Error(err)
			}
		})
	}
	for range 40 {
		<-queued
	}
	close(f.hold)
	all.Wait()
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if kept, _ := f.state(); len(kept) != 41 {
		t.Fatalf("%d of 41 kept", len(kept))
	}
}

func TestAChangeThatFailsIsUndoneAlone(t *testing.T) {
	f := &fake{}
	g := group.New[*tx](f)
	broken := errors.New("broken")
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			err := g.Do(t.Context(), func(t *tx) error {
				t.added = append(t.added, n)
				if n%5 == 0 {
					return broken
				}
				return nil
			})
			if errors.Is(err, broken) != (n%5 == 0) {
				t.Errorf("change %d: %v", n, err)
			}
		})
	}
	all.Wait()
	kept, _ := f.state()
	if len(kept) != 40 || slices.ContainsFunc(kept, func(n int) bool { return n%5 == 0 }) {
		t.Fatalf("kept %v", kept)
	}
}

func TestACommitThatFailsIsToldToAllInIt(t *testing.T) {
	full := errors.New("disk full")
	f := &fake{failing: full}
	g := group.New[*tx](f)
	for range 3 {
		if err := g.Do(t.Context(), add(1)); !errors.Is(err, full) {
			t.Fatalf("%v", err)
		}
	}
	f.failing = nil
	if err := g.Do(t.Context(), add(2)); err != nil {
		t.Fatal(err)
	}
	if kept, _ := f.state(); !slices.Equal(kept, []int{2}) {
		t.Fatalf("kept %v", kept)
	}
}

func TestWhoLeavesBeforeTheirTurnChangesNothing(t *testing.T) {
	f := &fake{hold: make(chan struct{})}
	g := group.New[*tx](f)
	started, first := make(chan struct{}), make(chan error, 1)
	go func() { first <- g.Do(t.Context(), func(t *tx) error { close(started); return nil }) }()
	<-started
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() { left <- g.Do(ctx, add(7)) }()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	close(f.hold)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	if err := g.Do(t.Context(), add(8)); err != nil {
		t.Fatal(err)
	}
	if kept, _ := f.state(); !slices.Equal(kept, []int{8}) {
		t.Fatalf("kept %v", kept)
	}
}
