package tunnel

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

func TestBytesPassBothWaysThroughTheAgent(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, echo)
	b.agent("plant", to)
	conn := b.dial("plant", to)
	says(t, conn, "hello")
	large := make([]byte, 3<<20)
	_, _ = rand.Read(large)
	says(t, conn, string(large))
	if conn.RemoteAddr().String() != to || conn.LocalAddr().Network() != "tunnel" {
		t.Errorf("the addresses are %v and %v", conn.RemoteAddr(), conn.LocalAddr())
	}
}

func TestManyStreamsShareOneTunnel(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, echo)
	b.agent("plant", to)
	silent := b.dial("plant", to) // nobody reads what comes back here
	go func() { _, _ = silent.Write(make([]byte, 32<<20)) }()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			conn, err := b.hub.Dial(t.Context(), []string{"plant"}, to)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			says(t, conn, strings.Repeat("x", 100_000))
		})
	}
	all.Wait()
}

func TestEitherSideMayEndItsWayAlone(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, func(conn net.Conn) {
		text, _ := io.ReadAll(conn) // until the other side has said all
		_, _ = conn.Write(bytes.ToUpper(text))
	})
	b.agent("plant", to)
	conn := b.dial("plant", to)
	_, _ = io.WriteString(conn, "all of it")
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(conn); err != nil || string(answer) != "ALL OF IT" {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestP16_AHostThatBreaksOffIsNoEnd(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, func(conn net.Conn) {
		_, _ = io.ReadFull(conn, make([]byte, 1))
		_, _ = io.WriteString(conn, "half of")
		_ = conn.(*net.TCPConn).SetLinger(0) // a reset, not an end
	})
	b.agent("plant", to)
	conn := b.dial("plant", to)
	_, _ = io.WriteString(conn, "?")
	if text, err := io.ReadAll(conn); err == nil {
		t.Errorf("%q ended as if it were whole", text)
	}
}

func TestClosingAStreamEndsItAtTheHost(t *testing.T) {
	b := newBench(t, Clock{})
	over := make(chan error, 1)
	to := listener(t, func(conn net.Conn) {
		_, err := io.Copy(io.Discard, conn)
		over <- err
	})
	b.agent("plant", to)
	conn := b.dial("plant", to)
	_, _ = io.WriteString(conn, "x")
	conn.Close()
	within(t, over)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed stream reads %v", err)
	}
}

func TestWhatIsNotOnTheListIsRefusedWithTheFlagToAdd(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, echo)
	b.agent("nothing")
	b.agent("another", "127.0.0.1:1")
	for _, agent := range []string{"nothing", "another"} {
		_, err := b.hub.Dial(t.Context(), []string{agent}, to)
		wants(t, err, api.CodeNeedsConfiguration, agent, "--allow "+to)
	}
}

func TestAHostThatCannotBeReachedIsToldInPlainWords(t *testing.T) {
	b := newBench(t, Clock{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	b.agent("plant", nobody, "no-such-host.invalid:443")
	_, err = b.hub.Dial(t.Context(), []string{"plant"}, nobody)
	wants(t, err, api.CodeUnreachable, nobody, "refused the connection")
	var dialling *net.OpError
	if !errors.As(err, &dialling) || dialling.Op != "dial" {
		t.Error("nobody can tell that nothing was sent")
	}
	_, err = b.hub.Dial(t.Context(), []string{"plant"}, "no-such-host.invalid:443")
	wants(t, err, api.CodeUnreachable, "no-such-host.invalid")
}

func TestOnlyCONNECTIsServedToTheServer(t *testing.T) {
	w := httptest.NewRecorder()
	(&door{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://erp.contoso.internal/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("got %d", w.Code)
	}
}

func TestADialIsGivenUpWithItsContext(t *testing.T) {
	b := newBench(t, Clock{})
	started := make(chan struct{})
	b.start(Agent{URL: b.url, Token: "plant", Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		close(started)
		<-ctx.Done()
		return nil, ctx.Err()
	}}, "slow.contoso.internal:443")
	b.arrival("plant")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-started; cancel() }()
	if _, err := b.hub.Dial(ctx, []string{"plant"}, "slow.contoso.internal:443"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(b.hub.Online()) != 1 {
		t.Error("one dial that was given up took the tunnel with it")
	}
}

func TestDeadlinesOfAStream(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, echo)
	b.agent("plant", to)
	conn := b.dial("plant", to)
	past := time.Unix(1, 0)
	_ = conn.SetReadDeadline(past)
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a quiet stream reads %v after its deadline", err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	_ = conn.SetDeadline(time.Time{})
	says(t, conn, "and it goes on")
	_ = conn.SetWriteDeadline(past)
	for deadline := time.Now().Add(late); ; {
		if _, err := conn.Write([]byte("x")); errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a write goes on after its deadline")
		}
	}
}

func TestWhatCameUnaskedIsSeenBeforeTheNextRequest(t *testing.T) {
	b := newBench(t, Clock{})
	to := listener(t, func(conn net.Conn) { _, _ = io.WriteString(conn, "unasked") })
	b.agent("plant", to)
	conn := b.dial("plant", to)
	one := make([]byte, 1)
	_ = conn.SetReadDeadline(time.Now().Add(late))
	if _, err := io.ReadFull(conn, one); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Unix(1, 0))
	if n, err := conn.Read(one); n != 1 || err != nil {
		t.Errorf("read %d, %v: a connection pool would take it for quiet", n, err)
	}
}

func TestTheAllowListIsExact(t *testing.T) {
	list, err := ParseAllow([]string{"ERP.contoso.internal:443", "*.plant.internal:8443", "[::1]:80", "10.1.2.3:0443"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"erp.contoso.internal:443": true, "Erp.Contoso.Internal:443": true, "erp.contoso.internal:80": false,
		"x.erp.contoso.internal:443": false, "contoso.internal:443": false,
		"a.plant.internal:8443": true, "a.b.plant.internal:8443": true, "plant.internal:8443": false, ".plant.internal:8443": false,
		"aplant.internal:8443": false, "a.plant.internal:443": false, "a.plant.internal.evil.example:8443": false,
		"[::1]:80": true, "10.1.2.3:443": true, "10.1.2.30:443": false, "": false,
	} {
		if list.Allows(address) != want {
			t.Errorf("%q is allowed: %v, want %v", address, !want, want)
		}
	}
	for _, wrong := range []string{"", "erp", "erp:", ":443", "erp:0", "erp:65536", "erp:https", "*:443", "e*p:443", "http://erp:443", "10.0.0.0/8:443"} {
		_, err := ParseAllow([]string{wrong})
		wants(t, err, api.CodeInvalid, "--allow HOST:PORT")
	}
	if (AllowList{}).Allows("erp.contoso.internal:443") {
		t.Error("an empty list allows something")
	}
}
