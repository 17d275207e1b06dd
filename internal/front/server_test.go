package front

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// network serves a handler on a real listener.
func network(t testing.TB, handler http.HandlerFunc) (address string, s *Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = New(standardServer(handler, io.Discard))
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return listener.Addr().String(), s
}

// line dials and says something.
func line(t testing.TB, address, text string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	return conn, bufio.NewReader(conn)
}

// answered reads an answer with its body.
func answered(t testing.TB, reader *bufio.Reader) (*http.Response, string) {
	t.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestAConnectionServesManyRequests(t *testing.T) {
	address, _ := network(t, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.RemoteAddr, r.URL.Path) })
	conn, reader := line(t, address, "")
	for i := range 5 {
		if _, err := fmt.Fprintf(conn, "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i); err != nil {
			t.Fatal(err)
		}
		if _, body := answered(t, reader); body != fmt.Sprint(conn.LocalAddr(), "/", i) {
			t.Errorf("%d: %s", i, body)
		}
	}
}

func TestWhatIsUnusualAfterAnOrdinaryRequestIsServedTooWithNothingLost(t *testing.T) {
	address, _ := network(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	_, reader := line(t, address, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\none"+
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n"+
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close\r\n\r\nthree")
	for _, want := range []string{"one", "two", "three"} {
		if _, body := answered(t, reader); body != want {
			t.Errorf("%q, want %q", body, want)
		}
	}
	if rest, err := io.ReadAll(reader); len(rest) > 0 || err != nil {
		t.Errorf("%q %v", rest, err)
	}
}

func TestP18_ProtocolsAreSwitchedThroughTheStandardServer(t *testing.T) {
	address, _ := network(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = both.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = both.Flush()
		_, _ = io.Copy(conn, both)
		if half, ok := conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
			t.Error("one way cannot be ended alone")
		}
	})
	conn, reader := line(t, address, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
	if response, err := http.ReadResponse(reader, nil); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %v", response, err)
	}
	_, _ = io.WriteString(conn, "and late")
	_ = conn.(*net.TCPConn).CloseWrite()
	if got, err := io.ReadAll(reader); string(got) != "early and late" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

func TestP19_HTTP2IsServedByTheStandardServer(t *testing.T) {
	address, _ := network(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); string(body) != "HTTP/2.0" || err != nil {
		t.Errorf("%q %v", body, err)
	}
}

func TestAUsedConnectionDoesNotBecomeOneOfHTTP2(t *testing.T) {
	p := serveFront(t, echo)
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	for _, pieces := range [][]string{{plain + preface}, {plain, "PRI *", preface[5:]}, {posted + "\r\n\r\n", "P", preface[1:]}} {
		got := p.say(pieces...)
		if strings.Count(got, "HTTP/1.1 ") != 1 || strings.HasSuffix(got, "\x00") {
			t.Errorf("to %q: %q", pieces, got)
		}
	}
}

func TestConnectionsThatCannotBeLookedAtAreTheStandardServers(t *testing.T) {
	p := serveFront(t, func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(*response); ok {
			t.Error("it was answered here")
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	here, there := net.Pipe()
	p.callers.next <- there
	defer here.Close()
	go func() { _, _ = io.WriteString(here, "GET /path HTTP/1.1\r\nHost: h\r\n\r\n") }()
	if _, body := answered(t, bufio.NewReader(here)); body != "/path" {
		t.Errorf("%q", body)
	}
}

func TestShutdownLetsRequestsFinishAndClosesWhatIsIdle(t *testing.T) {
	begun, release := make(chan bool), make(chan bool)
	address, s := network(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- true
			<-release
		}
		_, _ = io.WriteString(w, "done")
	})
	_, unused := line(t, address, "")
	_, idle := line(t, address, plain)
	answered(t, idle)
	_, busy := line(t, address, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"+plain)
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	for name, reader := range map[string]*bufio.Reader{"idle": idle, "unused": unused} {
		if _, err := reader.ReadByte(); err == nil {
			t.Errorf("the %s connection goes on", name)
		}
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		if _, err := bufio.NewReader(conn).ReadByte(); err == nil {
			t.Error("a new connection is served")
		}
		conn.Close()
	}
	select {
	case err := <-ended:
		t.Fatalf("it ended before its request: %v", err)
	default:
	}
	close(release)
	if response, body := answered(t, busy); body != "done" || !response.Close {
		t.Errorf("%q, close %v", body, response.Close)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := busy.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
}

func TestShutdownGivesUpWithItsContextAndCloseCuts(t *testing.T) {
	begun, left := make(chan bool), make(chan bool)
	address, s := network(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- true
		<-r.Context().Done()
		close(left)
	})
	line(t, address, plain)
	<-begun
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	<-left
}

func TestAServerThatIsOverServesNothing(t *testing.T) {
	s := New(standardServer(echo, io.Discard))
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := newCallers()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("%v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Error("its listener is open")
	}
	handed := newScript(plain)
	if s.take(handed); handed.answered() != "" {
		t.Error("a connection that came late was answered")
	}
}

// failing is a listener that cannot accept a few times.
type failing struct {
	*callers
	failures atomic.Int32
	last     error
}

func (l *failing) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	if l.last != nil {
		return nil, l.last
	}
	return l.callers.Accept()
}

func TestTooManyOpenFilesPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failing{callers: newCallers()}
		l.failures.Store(20)
		out := &record{}
		s := New(standardServer(echo, out))
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		p := &place{callers: l.callers}
		if got := p.say(plain); !strings.HasPrefix(got, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%q", got)
		}
		if n := strings.Count(out.String(), "retrying"); n != 20 {
			t.Errorf("it was said %d times", n)
		}
		s.Close()
		<-served
	})
}

func TestAListenerThatFailsEndsTheServer(t *testing.T) {
	broken := errors.New("broken")
	s := New(standardServer(echo, io.Discard))
	defer s.Close()
	if err := s.Serve(&failing{callers: newCallers(), last: broken}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// seen is a connection in memory at which can be looked.
type seen struct{ net.Conn }

func (seen) hasLeft() bool { return false }

func TestP21_WhoSendsItsHeaderSlowlyIsCutOffAndSoIsWhoKeepsStill(t *testing.T) {
	const header, idle = 10 * time.Second, 2 * time.Minute
	for name, c := range map[string]struct {
		text  string
		every time.Duration
		most  time.Duration
	}{
		"a byte each second":        {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 60), time.Second, header + 2*time.Second},
		"a byte each tenth":         {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 600), time.Second / 10, header + 2*time.Second},
		"nothing at all":            {"", 0, header + time.Second},
		"still after an answer":     {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, idle + time.Second},
		"still after two bytes":     {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGE", 0, idle + time.Second},
		"still after half a field":  {"GET / HTTP/1.1\r\nHo", 0, header + 2*time.Second},
		"still after half a second": {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo", 0, header + 2*time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := serveFront(t, func(http.ResponseWriter, *http.Request) {})
			here, there := net.Pipe()
			p.callers.next <- seen{there}
			begun := time.Now()
			var writing sync.WaitGroup
			writing.Go(func() {
				for i := range len(c.text) {
					if _, err := here.Write([]byte{c.text[i]}); err != nil {
						return
					}
					if c.every > 0 {
						time.Sleep(c.every) // of the bubble's clock
					}
				}
			})
			_, _ = io.Copy(io.Discard, here)
			if took := time.Since(begun); took > c.most {
				t.Errorf("%s: it was cut off after %s", name, took)
			}
			here.Close()
			writing.Wait()
		})
	}
}
