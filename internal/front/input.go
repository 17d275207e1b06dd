package front

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	inputSize  = 4 << 10     // bytes at first
	maxHead    = 16 << 10    // bytes of a request's head
	maxPieces  = 8           // in which a head may come
	patience   = time.Second // for the rest of a head
	leaveEarly = 16          // a limit may be early by this part of it
)

// verdict says what is to be done with what came.
type verdict int

const (
	ordinary verdict = iota // it is answered here
	unusual                 // it is for the standard server
	over                    // there is nothing, and nothing will come
)

// input is what a caller sent.
type input struct {
	raw        net.Conn
	buffer     []byte
	begin, end int       // of what was read and not yet taken
	deadline   time.Time // of reading, as it was set
	hasty      bool      // it is that of the rest of a head
}

// head waits for the head of a request: for its beginning as long as the limit
// says. The first request of a connection is judged from its first byte on, a
// later one when there are four: what is less may be the end of an old client.
func (in *input) head(limit time.Duration, first, posted bool) (string, verdict) {
	if in.begin == in.end {
		in.begin, in.end = 0, 0
		if in.waitAtMost(limit) != nil || in.more() != nil {
			return "", over
		}
	}
	least := 4
	if first {
		least = 1
	}
	for in.end-in.begin < least {
		if in.moreInTime() != nil {
			return "", over
		}
	}
	if posted {
		in.skipLines(in.buffer[in.begin : in.begin+least])
	}
	return in.rest()
}

// rest waits for the rest of a head.
func (in *input) rest() (string, verdict) {
	searched := 0
	for pieces := 1; ; pieces++ {
		text := in.buffer[in.begin:in.end]
		if at := bytes.Index(text[searched:], []byte("\r\n\r\n")); at >= 0 {
			return string(text[:searched+at+4]), ordinary
		}
		if len(text) >= maxHead || pieces >= maxPieces || !canContinue(text) {
			return "", unusual
		}
		searched = max(len(text)-3, 0)
		if err := in.moreInTime(); err != nil {
			if len(text) > 0 && (errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded)) {
				return "", unusual
			}
			return "", over
		}
	}
}

// moreInTime is more for a head that has begun.
func (in *input) moreInTime() error {
	if !in.hasty {
		in.hasty = true
		if err := in.waitUntil(time.Now().Add(patience)); err != nil {
			return err
		}
	}
	return in.more()
}

// more reads what comes next.
func (in *input) more() error {
	in.makeRoom()
	n, err := in.raw.Read(in.buffer[in.end:])
	in.end += n
	if n > 0 {
		return nil
	}
	return err
}

// makeRoom moves what is there to the front, or makes the buffer larger.
func (in *input) makeRoom() {
	switch {
	case in.end < len(in.buffer):
	case in.begin > 0:
		in.end = copy(in.buffer, in.buffer[in.begin:in.end])
		in.begin = 0
	default:
		larger := make([]byte, max(2*len(in.buffer), inputSize))
		in.end = copy(larger, in.buffer[:in.end])
		in.buffer = larger
	}
}

// waitAtMost sets how long a read may wait; 0: without end. A long limit is
// left as it is when it would come only a little early: setting it costs.
func (in *input) waitAtMost(limit time.Duration) error {
	if limit <= 0 {
		return in.waitUntil(time.Time{})
	}
	want := time.Now().Add(limit)
	if early := want.Sub(in.deadline); early >= 0 && early < limit/leaveEarly {
		return nil
	}
	return in.waitUntil(want)
}

func (in *input) waitUntil(moment time.Time) error {
	if in.deadline.Equal(moment) {
		return nil
	}
	in.deadline = moment
	return in.raw.SetReadDeadline(moment)
}

// forget has the next limit set anew: somebody else changed it.
func (in *input) forget() { in.deadline = time.Unix(0, 0) }

// take removes a head of so many bytes.
func (in *input) take(n int) {
	in.begin += n
	in.hasty = false
}

// remains takes all that was read.
func (in *input) remains() []byte {
	text := in.buffer[in.begin:in.end]
	in.buffer, in.begin, in.end = nil, 0, 0
	return text
}

// expect prepares for a body of so many bytes: what has not come yet is waited
// for without a limit, unless the handler sets one.
func (in *input) expect(length int64) error {
	if length <= int64(in.end-in.begin) {
		return nil
	}
	return in.waitUntil(time.Time{})
}

// Read implements [io.Reader] for the body of a request.
func (in *input) Read(p []byte) (int, error) {
	if in.begin < in.end {
		n := copy(p, in.buffer[in.begin:in.end])
		in.begin += n
		return n, nil
	}
	return in.raw.Read(p)
}

// skipLines takes the empty lines that old clients send after a POST, as the
// standard server does: of the first four bytes.
func (in *input) skipLines(text []byte) {
	for _, c := range text {
		if c != '\r' && c != '\n' {
			return
		}
		in.begin++
	}
}

// mayBePreface says whether the client may be about to begin HTTP/2 (RFC 9113
// section 3.4), as only a new connection can.
func (in *input) mayBePreface() bool {
	text := in.buffer[in.begin:in.end]
	return strings.HasPrefix("PRI ", string(text[:min(len(text), 4)]))
}

// canContinue says whether the beginning of a head may become an ordinary one.
// The standard server would refuse some at once.
func canContinue(text []byte) bool {
	last := bytes.LastIndex(text, []byte("\r\n"))
	if last >= 0 {
		if !isBeginning(string(text[:last+2])) {
			return false
		}
		text = text[last+2:]
	}
	return isVisible(strings.TrimSuffix(string(text), "\r"))
}

// skip takes up to so many bytes, and reads when there are none.
func (in *input) skip(most int64) (int64, error) {
	if in.begin == in.end {
		in.begin, in.end = 0, 0
		if in.deadline.IsZero() || in.deadline.After(time.Now().Add(skimTime)) {
			if err := in.waitUntil(time.Now().Add(skimTime)); err != nil {
				return 0, err
			}
		}
		if err := in.more(); err != nil {
			return 0, err
		}
	}
	n := min(most, int64(in.end-in.begin))
	in.begin += int(n)
	return n, nil
}
