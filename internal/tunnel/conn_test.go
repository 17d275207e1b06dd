package tunnel

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// server is the server's end of a tunnel whose other end is a raw connection.
func server(t *testing.T) (*Conn, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	c := newConn(ours, bufio.NewReader(ours), false)
	t.Cleanup(func() { c.Close(); theirs.Close() })
	return c, theirs
}

// sends writes a frame in hexadecimal digits.
func sends(t *testing.T, to net.Conn, frames ...string) {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(strings.Join(frames, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = to.Write(raw) }()
}

func receives(t *testing.T, from net.Conn, want string) {
	t.Helper()
	raw := make([]byte, len(strings.ReplaceAll(want, " ", ""))/2)
	_ = from.SetReadDeadline(time.Now().Add(late))
	if _, err := io.ReadFull(from, raw); err != nil || hex.EncodeToString(raw) != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got %x, %v, want %s", raw, err, want)
	}
}

// masked is "Hello" as RFC 6455 section 5.7 has it.
const masked = "85 37fa213d 7f9f4d5158"

func TestFramesAreAsRFC6455HasThem(t *testing.T) {
	c, peer := server(t)
	sends(t, peer, "82", masked, "82 80 00000000", "02", masked, "80", masked)
	got := make([]byte, 15)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "HelloHelloHello" {
		t.Fatalf("got %q, %v", got, err)
	}
	go func() {
		_, _ = c.Write([]byte("Hello"))
		_, _ = c.Write(bytes.Repeat([]byte("a"), 300))
	}()
	receives(t, peer, "82 05 48656c6c6f")
	receives(t, peer, "82 7e 012c"+strings.Repeat("61", 300))
	go func() { _, _ = c.Write(make([]byte, 70_000)) }()
	receives(t, peer, "82 7f 0000000000011170"+strings.Repeat("00", 70_000))
}

func TestAPingIsAnsweredAndDataGoesOn(t *testing.T) {
	c, peer := server(t)
	sends(t, peer, "89", masked, "8a", masked, "82", masked)
	go receives(t, peer, "8a 05 48656c6c6f")
	got := make([]byte, 5)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "Hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFramesThatNoClientSendsEndTheTunnel(t *testing.T) {
	for name, frame := range map[string]string{
		"bare":                "82 05 48656c6c6f",
		"text":                "81" + masked,
		"reserved bits":       "c2" + masked,
		"unknown kind":        "83" + masked,
		"a ping in parts":     "09" + masked,
		"a ping that is long": "89 fe 0100 00000000",
	} {
		t.Run(name, func(t *testing.T) {
			c, peer := server(t)
			sends(t, peer, frame)
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, errFrame) || !errors.Is(c.Cause(), errFrame) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheReasonOfAnEndIsHeard(t *testing.T) {
	ours, theirs := net.Pipe()
	agent := newConn(ours, bufio.NewReader(ours), true)
	hub := newConn(theirs, bufio.NewReader(theirs), false)
	go hub.Shut(StatusReplaced, "another one runs "+strings.Repeat("x", 200))
	_, err := agent.Read(make([]byte, 1))
	var ended *Ended
	if !errors.As(err, &ended) || ended.Status != StatusReplaced || !strings.HasPrefix(ended.Error(), "another one runs") {
		t.Errorf("got %v", err)
	}
	<-hub.Done()
	if _, err := hub.Write([]byte("x")); err == nil {
		t.Error("an ended tunnel takes more")
	}
}

func TestAnEndWithoutAReasonIsToldAsOne(t *testing.T) {
	c, peer := server(t)
	sends(t, peer, "88 80 00000000")
	if _, err := c.Read(make([]byte, 1)); err == nil || err.Error() != "the other end closed the tunnel" {
		t.Errorf("got %v", err)
	}
}

func TestShutDoesNotWaitForAPeerThatDoesNotRead(t *testing.T) {
	c, _ := server(t) // nobody reads at the other end of the pipe
	go func() { _, _ = c.Write([]byte("stuck")) }()
	go c.Shut(StatusGoingAway, "")
	within(t, c.Done())
}

func TestP26_ATunnelOverWhichNothingIsHeardIsGivenUp(t *testing.T) {
	for name, client := range map[string]bool{"at the server": false, "at the agent": true} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { theirs.Close() })
			c := newConn(ours, bufio.NewReader(ours), client)
			go func() { _, _ = io.Copy(io.Discard, theirs) }() // a NAT that has forgotten: what is sent leaves, nothing comes
			ticks := make(chan time.Time)
			go c.Watch(ticks)
			for range maxSilence {
				ticks <- time.Time{}
				if c.Cause() != nil {
					t.Fatal("it was given up too early")
				}
			}
			ticks <- time.Time{}
			within(t, c.Done())
			if !errors.Is(c.Cause(), errSilent) {
				t.Errorf("it ended by %v", c.Cause())
			}
		})
	}
	if found := (maxSilence + 1) * Beat; found > 30*time.Second {
		t.Errorf("it takes %v to find out", found)
	}
}

func TestP26_ASignOfLifeStartsTheSilenceAnew(t *testing.T) {
	ours, theirs := net.Pipe()
	a, b := newConn(ours, bufio.NewReader(ours), true), newConn(theirs, bufio.NewReader(theirs), false)
	t.Cleanup(func() { a.Close(); b.Close() })
	for _, c := range []*Conn{a, b} {
		go func() { _, _ = io.Copy(io.Discard, c) }()
	}
	ticks := make(chan time.Time)
	go a.Watch(ticks)
	for range 10 * maxSilence {
		ticks <- time.Time{}
		for deadline := time.Now().Add(late); a.silence.Load() != 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the ping had no answer")
			}
		}
	}
	if a.Cause() != nil {
		t.Errorf("a tunnel that lives was given up: %v", a.Cause())
	}
}

func TestWhatIsNoUpgradeIsToldWhatIsMissing(t *testing.T) {
	good := http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"WebSocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"eA=="}}
	request := httptest.NewRequest(http.MethodGet, Path, nil)
	request.Header = good
	if err := CheckUpgrade(request); err != nil {
		t.Errorf("a good one: %v", err)
	}
	for name, without := range map[string]string{"connection": "Connection", "upgrade": "Upgrade", "version": "Sec-Websocket-Version", "key": "Sec-Websocket-Key"} {
		request.Header = good.Clone()
		request.Header.Del(without)
		if CheckUpgrade(request) == nil {
			t.Errorf("without its %s it passes", name)
		}
	}
	request.Header, request.ProtoMajor = good, 2
	wants(t, CheckUpgrade(request), api.CodeInvalid, "proxy_set_header Upgrade")
	if _, err := Accept(httptest.NewRecorder(), request, "plant", "node"); err == nil {
		t.Error("an answer in memory became a tunnel")
	}
}

func TestTheAnswerToAnUpgradeIsThatOfRFC6455(t *testing.T) {
	if got := acceptance("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" { // section 1.3
		t.Errorf("got %s", got)
	}
}
