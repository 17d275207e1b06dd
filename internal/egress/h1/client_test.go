package h1

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRequestsSayTheSameAsTheStandardTransports(t *testing.T) {
	heard := make(chan string, 1)
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		request := readRequest(r)
		body, _ := io.ReadAll(request.Body)
		heard <- fmt.Sprintf("%s %s %s %v %d %v %q", request.Method, request.RequestURI, request.Host, request.Header,
			request.ContentLength, request.TransferEncoding, body)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	})
	for name, make := range map[string]func() *http.Request{
		"plain":       func() *http.Request { return request(t, t.Context(), "GET", h.url, "") },
		"query":       func() *http.Request { return request(t, t.Context(), "GET", h.url+"/a%2Fb/c?x=1&x=2&y=%20", "") },
		"empty query": func() *http.Request { return request(t, t.Context(), "GET", h.url+"/a?", "") },
		"body":        func() *http.Request { return request(t, t.Context(), "PATCH", h.url+"/a", "hello") },
		"empty post":  func() *http.Request { return request(t, t.Context(), "POST", h.url+"/a", "") },
		"empty del":   func() *http.Request { return request(t, t.Context(), "DELETE", h.url+"/a", "") },
		"own method":  func() *http.Request { return request(t, t.Context(), "PROPFIND", h.url+"/a", "<x/>") },
		"host":        func() *http.Request { r := request(t, t.Context(), "GET", h.url, ""); r.Host = "h.example"; return r },
		"no method":   func() *http.Request { r := request(t, t.Context(), "GET", h.url, ""); r.Method = ""; return r },
		"fields": func() *http.Request {
			r := request(t, t.Context(), "GET", h.url, "")
			r.Header = http.Header{"User-Agent": {"mine", "other"}, "A": {"1", " 2 "}, "Host": {"evil"}, "Content-Length": {"9"}}
			return r
		},
		"no agent": func() *http.Request {
			r := request(t, t.Context(), "GET", h.url, "")
			r.Header["User-Agent"] = []string{""}
			return r
		},
		"unusual: stream": func() *http.Request {
			r := request(t, t.Context(), "PUT", h.url, "hello")
			r.ContentLength = -1
			return r
		},
		"unusual: large": func() *http.Request { return request(t, t.Context(), "PUT", h.url, strings.Repeat("l", maxBody+1)) },
	} {
		plain := standard()
		t.Cleanup(plain.CloseIdleConnections)
		must(t, plain, make())
		want := <-heard
		must(t, client(t), make())
		if got := <-heard; got != want {
			t.Errorf("%s:\n%.300s\nwant\n%.300s", name, got, want)
		}
	}
}

func TestP09_NothingInARequestBreaksItsLines(t *testing.T) {
	h := saying(t, ok)
	for name, spoil := range map[string]func(*http.Request){
		"method": func(r *http.Request) { r.Method = "GET /\r\nX: y" },
		"host":   func(r *http.Request) { r.Host = "a\r\nX: y" },
		"name":   func(r *http.Request) { r.Header["A\r\nX"] = []string{"y"} },
		"value":  func(r *http.Request) { r.Header["A"] = []string{"1\r\nX: y"} },
		"path":   func(r *http.Request) { r.URL.RawQuery = "a b\r\nX: y" },
	} {
		r := request(t, t.Context(), "GET", h.url, "")
		spoil(r)
		if _, err := client(t).RoundTrip(r); err == nil && name != "host" {
			t.Errorf("%s: it was sent", name)
		}
	}
}

func TestABodyIsAsLongAsItSays(t *testing.T) {
	h := saying(t, ok)
	for _, length := range []int64{4, 6} {
		r := request(t, t.Context(), "POST", h.url, "hello")
		r.ContentLength = length
		if _, err := client(t).RoundTrip(r); err == nil {
			t.Errorf("5 bytes went out as %d", length)
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	h := newHost(t, func(n int64, conn net.Conn, r *bufio.Reader) {
		for readRequest(r) != nil {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n%d\r\n0\r\n\r\n", n)
		}
	})
	c := client(t)
	for range 5 {
		if got := must(t, c, request(t, t.Context(), "POST", h.url, "x")); got != "1" {
			t.Errorf("over connection %s", got)
		}
	}
}

func TestConnectionsThatSaidMoreOrWillCloseAreNotUsedAgain(t *testing.T) {
	for name, answer := range map[string]string{
		"another answer": ok + ok,
		"a byte":         ok + "x",
		"close":          "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0":       "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
	} {
		h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
			for readRequest(r) != nil {
				_, _ = io.WriteString(conn, answer)
			}
		})
		c := client(t)
		for range 3 {
			if got := must(t, c, request(t, t.Context(), "GET", h.url, "")); got != "ok" {
				t.Errorf("%s: %q", name, got)
			}
		}
		if n := h.conns.Load(); n != 3 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
}

func TestP22_AnAnswerThatCameUnaskedServesNobody(t *testing.T) {
	more, sent := make(chan bool), make(chan bool)
	h := newHost(t, func(n int64, conn net.Conn, r *bufio.Reader) {
		for readRequest(r) != nil {
			_, _ = io.WriteString(conn, ok)
			if n == 1 && <-more {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
				close(sent)
			}
		}
	})
	c := client(t)
	must(t, c, request(t, t.Context(), "GET", h.url, ""))
	more <- true
	<-sent
	if got := must(t, c, request(t, t.Context(), "GET", h.url, "")); got != "ok" {
		t.Errorf("got %q", got)
	}
}

func TestAConnectionThatTheHostClosedIsNoticedBeforeItIsUsed(t *testing.T) {
	closed := make(chan bool, 8)
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		readRequest(r)
		_, _ = io.WriteString(conn, ok)
		conn.Close()
		closed <- true
	})
	c := client(t)
	for range 3 {
		if got := must(t, c, request(t, t.Context(), "POST", h.url, "once")); got != "ok" {
			t.Errorf("got %q", got)
		}
		<-closed
	}
}

func TestP11_ARequestIsRepeatedOnlyWhenItCannotActTwice(t *testing.T) {
	for name, c := range map[string]struct {
		method, body, key string
		again             bool
	}{
		"GET":              {"GET", "", "", true},
		"HEAD":             {"HEAD", "", "", true},
		"GET with a body":  {"GET", "x", "", false},
		"POST":             {"POST", "x", "", false},
		"empty POST":       {"POST", "", "", false},
		"POST with a key":  {"POST", "", "k", true},
		"key and body":     {"POST", "x", "k", false},
		"DELETE":           {"DELETE", "", "", false},
		"PUT with no body": {"PUT", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan bool, 4)
			h := newHost(t, func(n int64, conn net.Conn, r *bufio.Reader) {
				for i := 0; readRequest(r) != nil; i++ {
					if n == 1 && i == 1 {
						seen <- true
						return // it was read, and is not answered
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
				}
			})
			way := client(t)
			must(t, way, request(t, t.Context(), "GET", h.url, ""))
			r := request(t, t.Context(), c.method, h.url, c.body)
			if c.key != "" {
				r.Header.Set("Idempotency-Key", c.key)
			}
			_, err := told(way, r)
			<-seen
			if again := h.conns.Load() == 2; again != c.again || (err == nil) != c.again {
				t.Errorf("again: %v, %v", again, err)
			}
		})
	}
}

func TestP11_NothingIsRepeatedAfterAByteOfTheAnswerOrOverANewConnection(t *testing.T) {
	h := newHost(t, func(n int64, conn net.Conn, r *bufio.Reader) {
		readRequest(r)
		if n == 1 {
			_, _ = io.WriteString(conn, ok)
			readRequest(r)
			_, _ = io.WriteString(conn, "H")
		}
	})
	c := client(t)
	must(t, c, request(t, t.Context(), "GET", h.url, ""))
	for want := range int64(2) { // the first fails over the old connection, the second over a new one
		if _, err := told(c, request(t, t.Context(), "GET", h.url, "")); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
		if n := h.conns.Load(); n != want+1 {
			t.Errorf("%d connections", n)
		}
	}
}

func TestP15_TheHostLearnsAtOnceThatTheCallerLeft(t *testing.T) {
	for name, answer := range map[string]string{"before the answer": "", "in its body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"} {
		t.Run(name, func(t *testing.T) {
			asked, left := make(chan bool), make(chan error, 1)
			h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
				readRequest(r)
				_, _ = io.WriteString(conn, answer)
				asked <- true
				_, err := r.ReadByte()
				left <- err
			})
			ctx, leave := context.WithCancelCause(t.Context())
			failed := make(chan error, 1)
			go func() {
				_, err := told(client(t), request(t, ctx, "GET", h.url, ""))
				failed <- err
			}()
			<-asked
			begun := time.Now()
			leave(errStop)
			if err := <-failed; !errors.Is(err, errStop) {
				t.Errorf("got %v", err)
			}
			if err := <-left; err == nil || time.Since(begun) > time.Second {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		})
	}
}

func TestABodyMayBeClosedWhileItIsRead(t *testing.T) {
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		readRequest(r)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		_, _ = r.ReadByte()
	})
	response, err := client(t).RoundTrip(request(t, t.Context(), "GET", h.url, ""))
	if err != nil {
		t.Fatal(err)
	}
	half := make([]byte, 4)
	if _, err := io.ReadFull(response.Body, half); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		if _, err := response.Body.Read(half); err == nil {
			t.Error("a closed body was read")
		}
	})
	response.Body.Close()
	reading.Wait()
	if _, err := response.Body.Read(half); !errors.Is(err, ErrBodyClosed) {
		t.Errorf("got %v", err)
	}
}

func TestP14_AnAnswerBeforeTheBodyWasReadArrives(t *testing.T) {
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		_, _ = r.ReadString('\n')
		_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		_, _ = io.Copy(io.Discard, r)
	})
	response, err := client(t).RoundTrip(request(t, t.Context(), "POST", h.url, strings.Repeat("b", maxBody)))
	if err != nil || response.StatusCode != 413 {
		t.Fatalf("%v, %v", response, err)
	}
	response.Body.Close()
}

func TestP19_AnswersThatComeBeforeTheAnswerAreShown(t *testing.T) {
	h := saying(t, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+ok)
	var codes []int
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		codes = append(codes, code)
		if code == 103 && header.Get("Link") != "</a>" {
			return errStop
		}
		return nil
	}})
	if got := must(t, client(t), request(t, ctx, "GET", h.url, "")); got != "ok" || fmt.Sprint(codes) != "[100 103]" {
		t.Errorf("%q, %v", got, codes)
	}
}

func TestP18_SwitchingProtocolsIsLeftToTheStandardTransport(t *testing.T) {
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		readRequest(r)
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = io.Copy(conn, r)
	})
	r := request(t, t.Context(), "GET", h.url, "")
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
	response, err := client(t).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	stream := response.Body.(io.ReadWriteCloser)
	answer := make([]byte, 2)
	if _, err := io.WriteString(stream, "hi"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stream, answer); err != nil || string(answer) != "hi" {
		t.Errorf("%q, %v", answer, err)
	}
}

// secured serves over TLS, and gives a Client that trusts the server.
func secured(t testing.TB, http2 bool) (*httptest.Server, *Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Proto, r.RemoteAddr, body)
	}))
	server.EnableHTTP2 = http2
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := standard()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	c := New(transport)
	t.Cleanup(c.CloseIdleConnections)
	return server, c
}

func TestConnectionsOverTLSAreUsedAgain(t *testing.T) {
	server, c := secured(t, false)
	first := must(t, c, request(t, t.Context(), "POST", server.URL, "x"))
	for range 3 {
		if got := must(t, c, request(t, t.Context(), "POST", server.URL, "x")); got != first {
			t.Errorf("%q after %q", got, first)
		}
	}
}

func TestP19_AHostThatChoosesHTTP2GetsItOverTheSameConnection(t *testing.T) {
	server, c := secured(t, true)
	var conns sync.Map
	for range 3 {
		got := must(t, c, request(t, t.Context(), "POST", server.URL, "hello"))
		if !strings.HasPrefix(got, "HTTP/2.0 ") || !strings.HasSuffix(got, " hello") {
			t.Fatalf("got %q", got)
		}
		conns.Store(strings.Fields(got)[1], true)
	}
	n := 0
	conns.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(c.spare.conns) != 0 {
		t.Errorf("%d connections, %d left over", n, len(c.spare.conns))
	}
}

func TestManyMayFindOutAboutHTTP2AtOnce(t *testing.T) {
	server, c := secured(t, true)
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			response, err := c.RoundTrip(request(t, t.Context(), "GET", server.URL, ""))
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if _, err := io.ReadAll(response.Body); err != nil || response.ProtoMajor != 2 {
				t.Errorf("%s, %v", response.Proto, err)
			}
		})
	}
	callers.Wait()
	if len(c.spare.conns) != 0 {
		t.Errorf("%d connections are left over", len(c.spare.conns))
	}
}

func TestIdleConnectionsAreClosedAfterTheirTime(t *testing.T) {
	gone := make(chan bool, 1)
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		for readRequest(r) != nil {
			_, _ = io.WriteString(conn, ok)
		}
		gone <- true
	})
	transport := standard()
	transport.IdleConnTimeout = 20 * time.Millisecond
	must(t, New(transport), request(t, t.Context(), "GET", h.url, ""))
	<-gone
}

func TestIdleConnectionsAreLimited(t *testing.T) {
	p := pool{most: 3, mostPerOrigin: 2, idle: make(map[origin][]*conn)}
	for i := range 8 {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { ours.Close(); theirs.Close() })
		p.put(newConn(origin{host: string(rune('a' + i%2))}, ours))
	}
	if p.count != 3 || len(p.idle[origin{host: "a"}]) != 2 {
		t.Errorf("%d are kept: %v", p.count, p.idle)
	}
	p.clear()
	if p.count != 0 || len(p.idle) != 0 {
		t.Errorf("%d are left", p.count)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	h := newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		for readRequest(r) != nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		}
	})
	c := New(standard())
	for i := range 50 {
		ctx, leave := context.WithCancel(t.Context())
		response, err := c.RoundTrip(request(t, ctx, "GET", h.url, ""))
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			leave()
		}
		response.Body.Close()
		leave()
	}
	c.CloseIdleConnections()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+2; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
