package front

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// skimTime is how long the rest of a body is waited for that nobody reads.
const skimTime = 10 * time.Second

// body is the body of a request, of a length that is known.
type body struct {
	mu     sync.Mutex // handlers may leave a reader behind
	input  *input
	left   int64 // bytes that are still to come
	closed bool
	failed error // of the connection
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return 0, http.ErrBodyReadAfterClose
	case b.failed != nil:
		return 0, b.failed
	case b.left == 0:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	n, err := b.input.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case errors.Is(err, io.EOF):
		err, b.left = io.ErrUnexpectedEOF, 0 // nothing comes any more, so nothing can be mistaken for it
	}
	b.failed = err
	return n, err
}

// Close implements [io.Closer]. What is left is read when the answer is.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// skim reads what the handler left, so that the next request can follow. It
// reports false when that could not be told from the rest of this one.
func (b *body) skim() bool {
	if !b.mu.TryLock() {
		return false // somebody still reads, until the connection is closed
	}
	defer b.mu.Unlock()
	b.closed = true
	for b.left > 0 && b.failed == nil {
		n, err := b.input.skip(b.left)
		b.left -= n
		b.failed = err
	}
	return b.left == 0
}
