package console

import (
	"context"
	"fmt"
	"time"
)

// Progress counts the seconds on a terminal, and does nothing elsewhere. The
// caller calls stop before it writes again.
func (s Streams) Progress(ctx context.Context, now func() time.Time, doing string) (stop func()) {
	if !Terminal(s.Err) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	begin := now()
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				fmt.Fprint(s.Err, "\r\x1b[K")
				return
			case <-ticker.C:
				fmt.Fprintf(s.Err, "\r%s (%s)", doing, Span(now().Sub(begin)))
			}
		}
	}()
	return func() { cancel(); <-done }
}

// countEvery is how often a count on a terminal changes.
const countEvery = 200 * time.Millisecond

// Count shows on a terminal how many came so far of what is named, and does
// nothing elsewhere. A negative count takes the line away.
func (s Streams) Count(now func() time.Time, doing, what string) func(count int) {
	if !Terminal(s.Err) {
		return func(int) {}
	}
	var last time.Time
	return func(count int) {
		at := now()
		switch {
		case count < 0:
			fmt.Fprint(s.Err, "\r\x1b[K")
		case at.Sub(last) >= countEvery:
			last = at
			fmt.Fprintf(s.Err, "\r%s: %d %s", doing, count, what)
		}
	}
}
