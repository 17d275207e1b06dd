package h1

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
	"testing"
	"time"
)

// standard is a Transport with what a Client needs of it.
func standard() *http.Transport {
	return &http.Transport{
		DialContext: (&net.Dialer{}).DialContext, DisableCompression: true, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
}

func client(t testing.TB) *Client {
	t.Helper()
	c := New(standard())
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// host is a raw server: each connection is served by a script, by its number.
type host struct {
	url   string
	conns atomic.Int64
}

func newHost(t testing.TB, script func(n int64, conn net.Conn, r *bufio.Reader)) *host {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{url: "http://" + listener.Addr().String()}
	var served sync.WaitGroup
	accepted := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-accepted; served.Wait() })
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			n := h.conns.Add(1)
			served.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
				script(n, conn, bufio.NewReader(conn))
			})
		}
	}()
	return h
}

// saying answers the first request of each connection with fixed bytes and closes.
func saying(t testing.TB, answer string) *host {
	t.Helper()
	return newHost(t, func(_ int64, conn net.Conn, r *bufio.Reader) {
		if readRequest(r) != nil {
			_, _ = io.WriteString(conn, answer)
		}
	})
}

// readRequest reads a request with its body, or gives nil.
func readRequest(r *bufio.Reader) *http.Request {
	request, err := http.ReadRequest(r)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil
	}
	request.Body = io.NopCloser(strings.NewReader(string(body)))
	return request
}

func request(t testing.TB, ctx context.Context, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	r.GetBody = nil
	return r
}

// told is all that a caller sees of an answer.
func told(way http.RoundTripper, r *http.Request) (string, error) {
	response, err := way.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("body: %w", err)
	}
	response.Header.Del("Connection") // the standard Transport keeps it only where it does not say close
	return fmt.Sprintf("%s %s %d\n%v\n%d %v %v\n%q\n%v", response.Proto, response.Status, response.StatusCode, response.Header,
		response.ContentLength, response.TransferEncoding, response.Close, body, response.Trailer), nil
}

// must sends a request and gives the body of its answer.
func must(t testing.TB, way http.RoundTripper, r *http.Request) string {
	t.Helper()
	response, err := way.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

var errStop = errors.New("stop")
