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
