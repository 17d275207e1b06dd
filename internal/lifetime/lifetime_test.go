package lifetime

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

type key struct{}

// told counts how often it was.
type told struct{ times atomic.Int32 }

func (w *told) Ended() { w.times.Add(1) }

var errWhy = errors.New("why")

// begun is a context within a parent.
func begun(t testing.TB, parent context.Context) *Context {
	t.Helper()
	c := &Context{}
	c.Begin(parent)
	t.Cleanup(func() { c.End(nil) })
	return c
}

// parents are contexts with what ends each.
func parents(t *testing.T) map[string]func() (context.Context, func()) {
	return map[string]func() (context.Context, func()){
		"of this kind": func() (context.Context, func()) {
			c := begun(t, context.Background())
			return c, func() { c.End(errWhy) }
		},
		"of this kind, with a value": func() (context.Context, func()) {
			c := begun(t, context.Background())
			return context.WithValue(c, key{}, 1), func() { c.End(errWhy) }
		},
		"of the other kind": func() (context.Context, func()) {
			c, cancel := context.WithCancelCause(context.Background())
			return c, func() { cancel(errWhy) }
		},
		"of the other kind below this": func() (context.Context, func()) {
			c, cancel := context.WithCancelCause(begun(t, context.Background()))
			return c, func() { cancel(errWhy) }
		},
	}
}

func TestAContextEndsWithItsParent(t *testing.T) {
	for name, parent := range parents(t) {
		t.Run(name, func(t *testing.T) {
			above, end := parent()
			c, late := begun(t, above), begun(t, above)
			_ = late.Done() // one that is asked before, one after
			if c.Err() != nil || Cause(c) != nil {
				t.Fatal("it ended before its parent")
			}
			end()
			<-c.Done()
			<-late.Done()
			if !errors.Is(c.Err(), context.Canceled) || !errors.Is(late.Err(), context.Canceled) {
				t.Errorf("%v, %v", c.Err(), late.Err())
			}
			if !errors.Is(Cause(c), errWhy) && name != "of this kind, with a value" {
				t.Errorf("the cause is %v", Cause(c))
			}
			born := begun(t, above)
			if <-born.Done(); born.Err() == nil {
				t.Error("one that begins too late goes on")
			}
		})
	}
}

func TestAContextEndsOnItsOwnAndLeavesItsParent(t *testing.T) {
	for name, parent := range parents(t) {
		t.Run(name, func(t *testing.T) {
			above, end := parent()
			c := begun(t, above)
			c.End(errWhy)
			c.End(errors.New("too late"))
			<-c.Done()
			if !errors.Is(Cause(c), errWhy) || !errors.Is(c.Err(), context.Canceled) || above.Err() != nil {
				t.Errorf("%v, %v, parent %v", Cause(c), c.Err(), above.Err())
			}
			if of := of(above); of != nil && (of.first != nil || len(of.others) > 0) {
				t.Error("its parent remembers it")
			}
			end()
		})
	}
}

func TestAContextWithoutACauseWasCancelled(t *testing.T) {
	c := begun(t, context.Background())
	if c.End(nil); !errors.Is(Cause(c), context.Canceled) || !errors.Is(context.Cause(c), context.Canceled) {
		t.Errorf("%v, %v", Cause(c), context.Cause(c))
	}
}

func TestDeadlinesAndValuesAreTheParents(t *testing.T) {
	moment := time.Now().Add(time.Hour)
	parent, cancel := context.WithDeadline(context.WithValue(context.Background(), key{}, "v"), moment)
	defer cancel()
	c := begun(t, parent)
	if got, ok := c.Deadline(); !ok || !got.Equal(moment) || c.Value(key{}) != "v" {
		t.Errorf("%v %v %v", got, ok, c.Value(key{}))
	}
	over, cancelled := context.WithDeadline(context.Background(), time.Now().Add(-time.Hour))
	defer cancelled()
	late := begun(t, over)
	<-late.Done()
	if !errors.Is(late.Err(), context.DeadlineExceeded) || !errors.Is(Cause(late), context.DeadlineExceeded) {
		t.Errorf("%v, %v", late.Err(), Cause(late))
	}
}

func TestWatchersAreToldOnce(t *testing.T) {
	for name, parent := range parents(t) {
		t.Run(name, func(t *testing.T) {
			above, end := parent()
			c := begun(t, above)
			told, stopped, third := &told{}, &told{}, &told{}
			one, two, three := Over(c, told), Over(c, stopped), Over(c, third)
			if !two.Stop() {
				t.Error("it could not be stopped")
			}
			end()
			<-c.Done()
			c.End(nil)
			if one.Stop() || three.Stop() || two.Stop() {
				t.Error("one that was told or stopped could be stopped")
			}
			if told.times.Load() > 1 || stopped.times.Load() != 0 || third.times.Load() > 1 {
				t.Errorf("told %d, %d, %d times", told.times.Load(), stopped.times.Load(), third.times.Load())
			}
		})
	}
}

func TestAWatcherOfWhatIsOverIsToldAtOnce(t *testing.T) {
	c, w := begun(t, context.Background()), &told{}
	c.End(nil)
	if watch := Over(c, w); w.times.Load() != 1 || watch.Stop() {
		t.Errorf("told %d times", w.times.Load())
	}
}

func TestWhatNeverEndsIsNotWatched(t *testing.T) {
	w := &told{}
	if watch := Over(context.Background(), w); !watch.Stop() || w.times.Load() != 0 {
		t.Errorf("told %d times", w.times.Load())
	}
}

func TestContextsOfTheOtherKindEndWithOneOfThis(t *testing.T) {
	c := begun(t, context.Background())
	below, cancel := context.WithCancel(c)
	defer cancel()
	timed, cancelTimed := context.WithTimeout(c, time.Hour)
	defer cancelTimed()
	called := make(chan struct{})
	stop := context.AfterFunc(c, func() { close(called) })
	never := c.AfterFunc(func() { t.Error("it was stopped") })
	if !never() {
		t.Error("it could not be stopped")
	}
	c.End(nil)
	<-below.Done()
	<-timed.Done()
	<-called
	if stop() || !errors.Is(below.Err(), context.Canceled) || !errors.Is(timed.Err(), context.Canceled) {
		t.Errorf("%v, %v", below.Err(), timed.Err())
	}
	late, cancelLate := context.WithCancel(c)
	defer cancelLate()
	<-late.Done()
}

func TestAnEndedContextOfTheOtherKindLeavesNothingBehind(t *testing.T) {
	c := begun(t, context.Background())
	for range 3 {
		_, cancel := context.WithCancel(c)
		cancel()
	}
	if c.first != nil || len(c.others) > 0 {
		t.Error("it is remembered")
	}
}

func TestEndsAndWatchersMayMeet(t *testing.T) {
	for range 200 {
		above, c, w := begun(t, context.Background()), &Context{}, &told{}
		c.Begin(above)
		watch := Over(c, w)
		stopped := make(chan bool)
		go above.End(nil)
		go func() { stopped <- watch.Stop() }()
		if <-stopped {
			<-c.Done()
			if w.times.Load() != 0 {
				t.Fatal("told after it was stopped")
			}
		}
		c.End(nil)
	}
}

func BenchmarkContextWithinContext(b *testing.B) {
	above, w := begun(b, context.Background()), &told{}
	type call struct {
		Context
		_ [8]byte
	}
	b.ReportAllocs()
	for b.Loop() {
		var c call
		c.Begin(above)
		watch := Over(&c.Context, w)
		watch.Stop()
		c.End(nil)
	}
}

func TestTheseContextsCostNoMemoryOfTheirOwn(t *testing.T) {
	above, w := begun(t, context.Background()), &told{}
	reused := make([]Context, 101)
	n := testing.AllocsPerRun(100, func() {
		c := &reused[0]
		reused = reused[1:]
		c.Begin(above)
		watch := Over(c, w)
		watch.Stop()
		c.End(nil)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
