package tunnel

import (
	"bufio"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Kinds of frames (RFC 6455 section 5.2).
const (
	frameMore   = 0x0 // a message goes on
	frameBinary = 0x2
	frameClose  = 0x8
	framePing   = 0x9
	framePong   = 0xA
	frameFinal  = 0x80
	frameMasked = 0x80
)

const (
	maxControl = 125 // bytes of a control frame (RFC 6455 section 5.5)
	// farewell is how long the last frame may take to leave.
	farewell = time.Second
	// maxSilence is how many ticks of the keepalive may pass without a sign of
	// life. With [Beat] between them, a dead tunnel is found within 30 seconds.
	maxSilence = 2
)

// Beat is between two ticks of a tunnel's keepalive.
const Beat = 10 * time.Second

var (
	errSilent = errors.New("nothing was heard for too long")
	errFrame  = errors.New("the other end sent no valid WebSocket frame")
)

// Ended is a tunnel that the other end closed, with its reason.
type Ended struct {
	Status uint16 // as [StatusReplaced]; 0: none was given
	Reason string
}

// Error implements error.
func (e *Ended) Error() string {
	if e.Reason == "" {
		return "the other end closed the tunnel"
	}
	return e.Reason
}

// Conn is a byte stream in binary messages of a WebSocket (RFC 6455). It is a
// [net.Conn] whose deadlines do nothing: its keepalive ends it instead.
type Conn struct {
	raw     io.ReadWriteCloser
	in      *bufio.Reader
	masks   bool // what it sends, as a client must (RFC 6455 section 5.3)
	writing sync.Mutex
	out     []byte // the frame being written; under writing
	frame   frame  // being read
	silence atomic.Int32
	parting atomic.Pointer[Ended] // what the other end was told
	once    sync.Once
	done    chan struct{}
	cause   error // why it ended; read it after done
}

// frame is what is left to read of a frame.
type frame struct {
	left   uint64
	masked bool
	mask   [4]byte
	at     int // in mask
}

// newConn speaks over a network connection that switched protocols. in may hold
// what was read of it already.
func newConn(raw io.ReadWriteCloser, in *bufio.Reader, client bool) *Conn {
	return &Conn{raw: raw, in: in, masks: client, done: make(chan struct{})}
}

// Read implements [net.Conn].
func (c *Conn) Read(p []byte) (int, error) {
	for c.frame.left == 0 {
		if err := c.next(); err != nil {
			return 0, c.end(err)
		}
	}
	n, err := c.in.Read(p[:min(uint64(len(p)), c.frame.left)])
	if n > 0 {
		c.silence.Store(0)
		c.frame.open(p[:n])
	}
	if err != nil {
		return n, c.end(err)
	}
	return n, nil
}

// open takes the mask from a part of the frame.
func (f *frame) open(part []byte) {
	f.left -= uint64(len(part))
	if !f.masked {
		return
	}
	for i := range part {
		part[i] ^= f.mask[f.at&3]
		f.at++
	}
}

// next reads the head of the next frame that holds data. It answers to others.
func (c *Conn) next() error {
	var head [2]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return err
	}
	c.silence.Store(0)
	kind, masked := head[0]&0x0f, head[1]&frameMasked != 0
	f := frame{left: uint64(head[1] &^ frameMasked), masked: masked}
	if head[0]&0x70 != 0 || masked == c.masks { // a server's frames are bare, a client's never (section 5.1)
		return errFrame
	}
	if f.left > maxControl { // the length follows (section 5.2)
		var long [8]byte
		wide := 2
		if f.left == 127 {
			wide = 8
		}
		if _, err := io.ReadFull(c.in, long[8-wide:]); err != nil {
			return err
		}
		f.left = binary.BigEndian.Uint64(long[:])
	}
	if masked {
		if _, err := io.ReadFull(c.in, f.mask[:]); err != nil {
			return err
		}
	}
	switch {
	case kind == frameBinary, kind == frameMore:
		c.frame = f
		return nil
	case kind < frameClose || head[0]&frameFinal == 0 || f.left > maxControl:
		return errFrame
	}
	return c.control(kind, f)
}

// control reads a control frame (RFC 6455 section 5.5).
func (c *Conn) control(kind byte, f frame) error {
	payload := make([]byte, f.left)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return err
	}
	f.open(payload)
	switch kind {
	case framePing:
		c.signal(framePong, payload)
	case frameClose:
		ended := &Ended{}
		if len(payload) >= 2 {
			ended.Status, ended.Reason = binary.BigEndian.Uint16(payload), string(payload[2:])
		}
		return ended
	}
	return nil
}

// Write implements [net.Conn]: each call is one message.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.send(frameBinary, p); err != nil {
		return 0, c.end(err)
	}
	return len(p), nil
}

// signal sends a control frame unless something is being sent: that is a sign
// of life itself, and whoever reads must not wait for it.
func (c *Conn) signal(kind byte, payload []byte) {
	if !c.writing.TryLock() {
		return
	}
	defer c.writing.Unlock()
	if err := c.send(kind, payload); err != nil {
		_ = c.end(err)
	}
}

// send writes one frame. It needs the lock.
func (c *Conn) send(kind byte, payload []byte) error {
	mask := byte(0)
	if c.masks {
		mask = frameMasked
	}
	out := append(c.out[:0], frameFinal|kind)
	switch n := len(payload); {
	case n <= maxControl:
		out = append(out, mask|byte(n))
	case n <= 0xffff:
		out = binary.BigEndian.AppendUint16(append(out, mask|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, mask|127), uint64(n))
	}
	if !c.masks {
		c.out = append(out, payload...)
	} else {
		var key [4]byte
		_, _ = rand.Read(key[:]) // it never fails
		out = append(out, key[:]...)
		begin := len(out)
		c.out = append(out, payload...)
		masked := frame{left: uint64(len(payload)), masked: true, mask: key}
		masked.open(c.out[begin:])
	}
	_, err := c.raw.Write(c.out)
	return err
}

// Watch ends the tunnel when ticks pass without a sign of life from the other
// end, and gives one of its own at each.
func (c *Conn) Watch(ticks <-chan time.Time) {
	for {
		select {
		case <-c.done:
			return
		case <-ticks:
		}
		if c.silence.Add(1) > maxSilence {
			_ = c.end(errSilent)
			return
		}
		c.signal(framePing, nil)
	}
}

// Shut tells the other end why the tunnel ends, and gives it a moment to hear
// it: a network connection that is closed over unread bytes may take back what
// was sent before.
func (c *Conn) Shut(status uint16, reason string) {
	if !c.parting.CompareAndSwap(nil, &Ended{Status: status, Reason: reason}) {
		return
	}
	if bounded, ok := c.raw.(interface{ SetWriteDeadline(time.Time) error }); ok {
		_ = bounded.SetWriteDeadline(time.Now().Add(farewell)) // whoever is writing to a dead peer gives up
		c.writing.Lock()
	} else if !c.writing.TryLock() {
		_ = c.end(net.ErrClosed)
		return
	}
	payload := append(binary.BigEndian.AppendUint16(nil, status), reason...)
	err := c.send(frameClose, payload[:min(len(payload), maxControl)])
	c.writing.Unlock()
	if err != nil {
		_ = c.end(err)
		return
	}
	time.AfterFunc(farewell, func() { _ = c.end(net.ErrClosed) })
}

// end closes the network connection and remembers the first reason for it,
// which it returns.
func (c *Conn) end(cause error) error {
	c.once.Do(func() {
		if parting := c.parting.Load(); parting != nil {
			cause = parting
		}
		c.cause = cause
		close(c.done)
		_ = c.raw.Close()
	})
	<-c.done
	return c.cause
}

// Done is closed when the tunnel has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Cause is why the tunnel ended; nil while it has not.
func (c *Conn) Cause() error {
	select {
	case <-c.done:
		return c.cause
	default:
		return nil
	}
}

// parts reports whether the tunnel has ended or is about to.
func (c *Conn) parts() bool { return c.parting.Load() != nil || c.Cause() != nil }

// Close implements [net.Conn].
func (c *Conn) Close() error {
	_ = c.end(net.ErrClosed)
	return nil
}

// LocalAddr implements [net.Conn].
func (c *Conn) LocalAddr() net.Addr { return address("tunnel") }

// RemoteAddr implements [net.Conn].
func (c *Conn) RemoteAddr() net.Addr { return address("tunnel") }

// SetDeadline implements [net.Conn].
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.Conn].
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.Conn].
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// address is the name of what has no network address of its own.
type address string

// Network implements [net.Addr].
func (a address) Network() string { return "tunnel" }

// String implements [net.Addr].
func (a address) String() string { return string(a) }
