package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/target"
)

// soakBytes is how much passes each way: 64 MiB, or VALETKEY_SOAK_BYTES.
func soakBytes(t *testing.T) int64 {
	t.Helper()
	text := os.Getenv("VALETKEY_SOAK_BYTES")
	if text == "" {
		return 64 << 20
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("VALETKEY_SOAK_BYTES: %v", err)
	}
	return n
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// endless gives zeros, and measures the heap where half has passed.
type endless struct {
	left, half int64
	most       *int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), e.left)
	if e.left -= n; e.left <= e.half {
		*e.most, e.half = heap(), -1
	}
	return int(n), nil
}

func TestP14_MemoryIsConstantWhateverPassesUpAndDown(t *testing.T) {
	size := soakBytes(t)
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			n, err := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprintf(w, "%d %v", n, err)
			return
		}
		var most int64
		w.Header().Set("Trailer", "Heap")
		w.Header().Set("X-Length", strconv.FormatInt(size, 10))
		_, _ = io.Copy(w, &endless{left: size, half: size / 2, most: &most})
		w.Header().Set("Heap", strconv.FormatInt(most, 10))
	})
	const allowed = 8 << 20
	before := heap()
	var most int64
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/proxy/mail/up", &endless{left: size, half: size / 2, most: &most})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = size
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if string(body) != fmt.Sprintf("%d <nil>", size) || most-before > allowed {
		t.Errorf("up: %s, the heap grew by %d bytes", body, most-before)
	}
	if response, err = http.Get(base + "/proxy/mail/down"); err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if most, _ = strconv.ParseInt(response.Trailer.Get("Heap"), 10, 64); n != size || err != nil || most == 0 || most-before > allowed {
		t.Errorf("down: %d of %d bytes, %v, the heap went from %d to %d", n, size, err, before, most)
	}
}

func TestP14_WhoExpectsA100SendsNothingBeforeTheAPISaysIt(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Refuse") != "" {
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	for name, c := range map[string]struct {
		field, length, first string
	}{
		"a small body":            {"X-A: 1", "5", "HTTP/1.1 100 "},
		"a small body, refused":   {"X-Refuse: 1", "5", "HTTP/1.1 413 "},
		"10 GB that are refused":  {"X-Refuse: 1", "10737418240", "HTTP/1.1 413 "},
		"a large body is awaited": {"X-A: 1", "10737418240", "HTTP/1.1 100 "},
	} {
		conn := dial(t, base, "PUT /proxy/mail/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"+c.field+"\r\nContent-Length: "+c.length+"\r\n\r\n")
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		reader := bufio.NewReader(conn)
		line, err := reader.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, c.first) {
			t.Errorf("%s: %q, %v", name, line, err)
			continue
		}
		if name == "a small body" {
			_, _ = reader.ReadString('\n')
			_, _ = io.WriteString(conn, "hello")
			response, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body, _ := io.ReadAll(response.Body); string(body) != "hello" {
				t.Errorf("%q", body)
			}
		}
		conn.Close()
	}
}

func TestP18_OneSideMayFinishWhatItSaysAfterTheOtherHasEnded(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		said, err := io.ReadAll(buffered) // until the caller's side has ended
		_, _ = fmt.Fprintf(conn, "%s %v", said, err)
	})
	conn := dial(t, base, "GET /proxy/mail/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	reader := bufio.NewReader(conn)
	if _, err := http.ReadResponse(reader, nil); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, "last words")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(reader); err != nil || string(rest) != "last words <nil>" {
		t.Errorf("%q %v", rest, err)
	}
}

func TestP18_PingsPassAndNothingIsUnpackedOrLookedInto(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
		ping := make([]byte, 2)
		_, _ = io.ReadFull(buffered, ping)
		_, _ = conn.Write([]byte{ping[0] + 1, ping[1]}) // 0x89 is a ping, 0x8a a pong (RFC 6455 section 5.5)
	})
	conn := dial(t, base, "GET /proxy/mail/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.Header.Get("Sec-Websocket-Extensions") != "permessage-deflate" {
		t.Fatalf("%v %v", response, err)
	}
	_, _ = conn.Write([]byte{0x89, 0})
	if pong, err := io.ReadAll(reader); err != nil || string(pong) != "\x8a\x00" {
		t.Errorf("%x %v", pong, err)
	}
}

func TestP24_NoSharedCacheKeepsAnAnswer(t *testing.T) {
	for says, want := range map[string]string{
		"": "no-store", "public, max-age=600": "no-store", "max-age=60": "no-store", "s-maxage=60": "no-store", "no-cache": "no-store",
		"private, max-age=60": "private, max-age=60", "no-store": "no-store", `Private="x"`: `Private="x"`, "no-cache, no-store": "no-cache, no-store",
	} {
		base := pair(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("ETag", `"1"`)
			if says != "" {
				w.Header().Set("Cache-Control", says)
			}
		})
		response, _ := send(t, "GET", base+"/proxy/mail/x", nil)
		if got := response.Header.Get("Cache-Control"); got != want || response.Header.Get("ETag") != `"1"` {
			t.Errorf("%q became %q", says, got)
		}
	}
}

func TestP24_WhereTheSettingsSaySoTheAPIDecidesWhoKeepsAnAnswer(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		w.Header().Set(call.HeaderCaching, "forged")
		if r.URL.Path != "/silent" {
			w.Header().Set("Cache-Control", "public, max-age=600")
		}
	}))
	t.Cleanup(upstream.Close)
	yes := true
	for _, caching := range []*bool{nil, &yes} {
		for path, says := range map[string]string{"/v": "public, max-age=600", "/silent": ""} {
			served := handler(t, upstream.URL, out(t), func(to *target.Target) { to.Caching = caching })
			w := httptest.NewRecorder()
			served.ServeHTTP(w, httptest.NewRequest("GET", "/proxy/mail"+path, nil))
			vary := strings.Join(w.Header()["Vary"], ", ")
			want, marked := says, "kept"
			if caching == nil {
				want, marked = "no-store", ""
			}
			if w.Header().Get("Cache-Control") != want || w.Header().Get(call.HeaderCaching) != marked {
				t.Errorf("caching %v: %s is answered %v", caching, path, w.Header())
			}
			if caching != nil && (!strings.Contains(vary, "Accept") || !strings.Contains(vary, "Authorization") || !strings.Contains(vary, "X-Valetkey-Key") || !strings.Contains(vary, "X-Valetkey-Subject-Token")) {
				t.Errorf("another caller's answer may be taken: Vary is %q", vary)
			}
		}
	}
}
