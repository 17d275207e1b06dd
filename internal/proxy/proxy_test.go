package proxy

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Got-Authorization", r.Header.Get("Authorization"))
	_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
}

func TestRequestsPassWithTheToken(t *testing.T) {
	base := pair(t, echo)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"} {
		var body io.Reader
		if method == "POST" {
			body = strings.NewReader("data")
		}
		response, text := send(t, method, base+"/proxy/mail/items?a=1&a=2&b=%2f", body)
		want := method + " /v1/items?a=1&a=2&b=%2f "
		if body != nil {
			want += "data"
		}
		if text != want || response.Header.Get("Got-Authorization") != "Bearer t0k" {
			t.Errorf("%s: %q %v", method, text, response.Header)
		}
	}
}

func TestP01_TheRawPathArrivesOrIsRefused(t *testing.T) {
	base := pair(t, echo)
	for path, want := range map[string]string{
		"/proxy/mail":                      "200 GET /v1 ",
		"/proxy/mail/":                     "200 GET /v1/ ",
		"/proxy/m%61il/x":                  "200 GET /v1/x ",
		"/proxy/mail/a//b/./c":             "200 GET /v1/a//b/./c ",
		"/proxy/mail/a%2Fb%20c":            "200 GET /v1/a%2Fb%20c ",
		"/proxy/mail/https://x.y/z":        "200 GET /v1/https://x.y/z ",
		"/proxy/mail/../admin":             "400",
		"/proxy/mail/%2e%2e/admin":         "400",
		"/proxy/mail/..%2fadmin":           "400",
		"/proxy/mail/%252e%252e/":          "400",
		"/proxy/mail//evil.example/x":      "400",
		`/proxy/mail/..\x`:                 "400",
		"/proxy/mail/%00":                  "400",
		"/proxy/other/x":                   "404",
		"/proxy//x":                        "404",
		"/proxy/":                          "404",
		"/v1/proxy/mail/x":                 "404",
		"http://evil.example/proxy/mail/x": "404",
	} {
		conn := dial(t, base, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		body, _ := io.ReadAll(response.Body)
		if got := fmt.Sprintf("%d %s", response.StatusCode, body); !strings.HasPrefix(got, want) || response.StatusCode == 200 && got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestARequestMadeInMemoryIsSplitToo(t *testing.T) {
	r, err := http.NewRequest("GET", "http://valetkey/proxy/mail/a%2Fb?x=%20", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Target{Connection: "mail", Path: "/a%2Fb", RawQuery: "x=%20"}
	if got, ok := Split(r); !ok || got != want {
		t.Errorf("got %+v", got)
	}
}

func TestP06_FieldsOfOneConnectionAreStrippedFromTheAnswer(t *testing.T) {
	base := rawAPI(t, "HTTP/1.1 200 OK\r\nConnection: X-Listed\r\nX-Listed: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\n"+
		"Upgrade: h2c\r\nSet-Cookie: a=b\r\nX-Kept: 1\r\nX-Kept: 2\r\nContent-Length: 2\r\n\r\nok")
	response, body := send(t, "GET", base+"/proxy/mail/", nil)
	for _, name := range []string{"X-Listed", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "Set-Cookie", "Content-Type"} {
		if values, ok := response.Header[name]; ok {
			t.Errorf("%s came through: %v", name, values)
		}
	}
	if body != "ok" || len(response.Header["X-Kept"]) != 2 {
		t.Errorf("%q %v", body, response.Header)
	}
}

func TestAnAPICannotSpeakForValetkey(t *testing.T) {
	base := rawAPI(t, "HTTP/1.1 409 Conflict\r\nvaletkey-error: needs_authorization\r\nVALETKEY-REQUEST-ID: forged\r\n"+
		"Valetkey-Retryable: true\r\nContent-Type: application/problem+json\r\nTrailer: Valetkey-Error\r\n"+
		"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nValetkey-Error: internal\r\n\r\n")
	response, body := send(t, "GET", base+"/proxy/mail/", nil)
	for _, header := range []http.Header{response.Header, response.Trailer} {
		for name := range header {
			if strings.HasPrefix(name, "Valetkey-") {
				t.Errorf("%s came through: %v", name, header[name])
			}
		}
	}
	if response.StatusCode != 409 || body != "{}" {
		t.Errorf("%d %q", response.StatusCode, body)
	}
}

func TestAnAPICannotTakeOurHeadersAway(t *testing.T) {
	header := http.Header{"Valetkey-Request-Id": {"ours"}}
	copyHeader(header, http.Header{"Connection": {"valetkey-request-id, x-theirs"}, "X-Theirs": {"1"}, "X-Kept": {"2"}})
	if header.Get("Valetkey-Request-Id") != "ours" || header.Get("X-Theirs") != "" || header.Get("X-Kept") != "2" {
		t.Errorf("%v", header)
	}
}

func TestP19_AnswersWithoutBodyKeepTheirHeader(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/204":
			w.WriteHeader(204)
		case "/v1/304":
			w.Header().Set("ETag", `"1"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "12345")
		}
	})
	if response, _ := send(t, "HEAD", base+"/proxy/mail/x", nil); response.StatusCode != 200 || response.ContentLength != 12345 {
		t.Errorf("HEAD: %d %d", response.StatusCode, response.ContentLength)
	}
	if response, _ := send(t, "GET", base+"/proxy/mail/204", nil); response.StatusCode != 204 {
		t.Errorf("204: %d", response.StatusCode)
	}
	if response, _ := send(t, "GET", base+"/proxy/mail/304", nil); response.StatusCode != 304 || response.Header.Get("ETag") != `"1"` {
		t.Errorf("304: %d %v", response.StatusCode, response.Header)
	}
}

func TestP19_TrailersPassBothWays(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("X-Sum", r.Trailer.Get("X-In"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "late")
	})
	conn := dial(t, base, "POST /proxy/mail/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-In\r\nTE: trailers\r\n\r\n3\r\nabc\r\n0\r\nX-In: 42\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "abc" || response.Trailer.Get("X-Sum") != "42" || response.Trailer.Get("X-Late") != "late" {
		t.Errorf("%q %v, %v", body, response.Trailer, err)
	}
}

func TestP16_ATruncatedAnswerBreaksTheCallersConnection(t *testing.T) {
	for name, answer := range map[string]string{
		"content length": "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
		"chunked":        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		base := rawAPI(t, answer)
		response, err := http.Get(base + "/proxy/mail/")
		if err != nil {
			continue // broken before the header was sent
		}
		if body, err := io.ReadAll(response.Body); err == nil {
			t.Errorf("%s: %q looks whole", name, body)
		}
		response.Body.Close()
	}
}

func TestP17_EventsArriveAsTheyAreSent(t *testing.T) {
	next := make(chan string)
	base := pair(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(200)
		flush := http.NewResponseController(w).Flush
		_ = flush()
		for event := range next {
			_, _ = io.WriteString(w, event)
			_ = flush()
		}
	})
	response, err := http.Get(base + "/proxy/mail/events") // returns before the first event
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reader := bufio.NewReader(response.Body)
	for _, event := range []string{"data: 1\n", ": heartbeat\n", "data: 2\n"} {
		next <- event
		if line, err := reader.ReadString('\n'); err != nil || line != event {
			t.Fatalf("%q %v", line, err)
		}
	}
	close(next)
	if rest, err := io.ReadAll(reader); err != nil || len(rest) != 0 {
		t.Errorf("%q %v", rest, err)
	}
}

func TestP14_BothWaysStreamAtOnce(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		_ = controller.EnableFullDuplex()
		w.WriteHeader(200)
		_ = controller.Flush()
		lines := bufio.NewReader(r.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, "echo "+line)
			_ = controller.Flush()
		}
	})
	body, feed := io.Pipe()
	response, err := http.Post(base+"/proxy/mail/", "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reader := bufio.NewReader(response.Body)
	for _, line := range []string{"one\n", "two\n"} {
		_, _ = io.WriteString(feed, line)
		if got, err := reader.ReadString('\n'); err != nil || got != "echo "+line {
			t.Fatalf("%q %v", got, err)
		}
	}
	feed.Close()
}

func TestP14_LargeBodiesPassWhole(t *testing.T) {
	const size = 16 << 20
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	})
	sent, got := sha256.New(), sha256.New()
	body := io.TeeReader(io.LimitReader(&counter{}, size), sent)
	response, err := http.Post(base+"/proxy/mail/", "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(got, response.Body); err != nil || n != size || string(sent.Sum(nil)) != string(got.Sum(nil)) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// counter gives bytes that differ from place to place.
type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c.n * 7 >> 3)
		c.n++
	}
	return len(p), nil
}

func TestP15_ACallerWhoLeavesEndsTheCall(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	base := pair(t, func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		close(ended)
	})
	conn := dial(t, base, "GET /proxy/mail/ HTTP/1.1\r\nHost: x\r\n\r\n")
	<-started
	conn.Close()
	<-ended
}

func TestAFaultIsWrittenByTheErrorWriter(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	response, body := send(t, "GET", base+"/proxy/mail/", nil)
	if response.StatusCode != 409 || body != "needs_authorization: the grant is gone" {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

func TestP18_AProtocolIsSwitchedAndBothWaysPass(t *testing.T) {
	base := pair(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Authorization") != "Bearer t0k" {
			t.Errorf("handshake: %v", r.Header)
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-Websocket-Accept: k\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(conn, "echo "+line)
	})
	conn := dial(t, base, "GET /proxy/mail/ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Upgrade") != "websocket" || response.Header.Get("Sec-Websocket-Accept") != "k" {
		t.Fatalf("%v %v", response, err)
	}
	_, _ = io.WriteString(conn, "hello\n")
	if rest, err := io.ReadAll(reader); err != nil || string(rest) != "echo hello\n" {
		t.Errorf("%q %v", rest, err)
	}
}

func TestASwitchNobodyAskedForIsAnError(t *testing.T) {
	base := rawAPI(t, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if response, _ := send(t, "GET", base+"/proxy/mail/", nil); response.StatusCode != 502 {
		t.Errorf("got %d", response.StatusCode)
	}
}

func BenchmarkProxied200Bytes(b *testing.B) {
	answer := strings.Repeat("x", 200)
	base := pair(b, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	fetch(b, base+"/proxy/mail/items/1")
}

// fetch gets a URL by 32 callers a processor.
func fetch(b *testing.B, target string) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Get(target)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	})
}

// BenchmarkHandlerAlone leaves out sockets: what the broker itself adds.
func BenchmarkHandlerAlone(b *testing.B) {
	handler := New(fixed{strings.Repeat("x", 200)}, problem)
	request := httptest.NewRequest("GET", "/proxy/mail/items/1", nil)
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
}
