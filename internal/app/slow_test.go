package app

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// pipes is a listener whose connections are in memory, so that time can be
// moved by hand.
type pipes struct {
	next   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.next:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.next <- there
	return here
}

func serving(handler http.HandlerFunc) (*http.Server, *pipes) {
	s := &Server{App: &App{config: Config{Log: slog.New(slog.DiscardHandler)}}}
	server, listener := s.httpServer(handler), &pipes{next: make(chan net.Conn), closed: make(chan struct{})}
	go func() { _ = server.Serve(listener) }()
	return server, listener
}

func TestP21_WhoSendsItsHeaderSlowlyIsCutOffAndSoIsWhoKeepsStill(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		every time.Duration
		most  time.Duration
	}{
		"a byte each second":       {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 60), time.Second, headerTimeout + 2*time.Second},
		"nothing at all":           {"", 0, headerTimeout + time.Second},
		"still after an answer":    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, idleTimeout + time.Second},
		"still after half a field": {"GET / HTTP/1.1\r\nHo", 0, headerTimeout + time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			server, listener := serving(func(http.ResponseWriter, *http.Request) {})
			defer server.Close()
			conn, begun := listener.dial(), time.Now()
			defer conn.Close()
			var writing sync.WaitGroup
			writing.Go(func() {
				for i := range len(c.text) {
					if _, err := conn.Write([]byte{c.text[i]}); err != nil {
						return
					}
					if c.every > 0 {
						time.Sleep(c.every) // of the bubble's clock
					}
				}
			})
			_, _ = io.Copy(io.Discard, conn)
			took := time.Since(begun)
			conn.Close()
			writing.Wait()
			if took > c.most {
				t.Errorf("%s: it was cut off after %s", name, took)
			}
		})
	}
}

func TestP17_AnAnswerHasNoTimeLimitOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, listener := serving(func(w http.ResponseWriter, _ *http.Request) {
			for range 5 {
				time.Sleep(time.Hour) // of the bubble's clock
				_, _ = io.WriteString(w, "event\n")
				_ = http.NewResponseController(w).Flush()
			}
		})
		defer server.Close()
		conn := listener.dial()
		defer conn.Close()
		go func() { _, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") }()
		if text, err := io.ReadAll(conn); err != nil || strings.Count(string(text), "event") != 5 {
			t.Errorf("%q %v", text, err)
		}
	})
}

func TestP21_StreamsThatAreResetAtOnceDoNotPileUp(t *testing.T) {
	release := make(chan struct{})
	var running, most atomic.Int32
	server, listener := serving(func(http.ResponseWriter, *http.Request) {
		now := running.Add(1)
		defer running.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		<-release
	})
	t.Cleanup(func() { server.Close() })
	t.Cleanup(func() { close(release) })
	conn := listener.dial()
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	cut := make(chan http2.ErrCode, 1)
	go func() {
		for framer := http2.NewFramer(nil, conn); ; {
			frame, err := framer.ReadFrame()
			if away, ok := frame.(*http2.GoAwayFrame); ok || err != nil {
				if ok {
					cut <- away.ErrCode
				}
				close(cut)
				_, _ = io.Copy(io.Discard, conn)
				return
			}
		}
	}()
	_, err := io.WriteString(conn, http2.ClientPreface)
	framer := http2.NewFramer(conn, nil)
	if err == nil {
		err = framer.WriteSettings()
	}
	var fields bytes.Buffer
	encoder := hpack.NewEncoder(&fields)
	for id := uint32(1); err == nil && id < 40*maxStreams; id += 2 {
		fields.Reset()
		for _, field := range [][2]string{{":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/"}} {
			_ = encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
		}
		if err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: fields.Bytes(), EndHeaders: true, EndStream: true}); err == nil {
			err = framer.WriteRSTStream(id, http2.ErrCodeCancel)
		}
	}
	if code := <-cut; code != http2.ErrCodeEnhanceYourCalm {
		t.Errorf("the connection ended with %v", code)
	}
	if n := most.Load(); n > maxStreams {
		t.Errorf("%d requests ran at once", n)
	}
}
