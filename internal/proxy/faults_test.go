package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// recorder is an API that notes the bytes of each request that reaches it.
func recorder(t *testing.T) (frontURL string, heads <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	seen := make(chan string, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go record(conn, seen)
		}
	}()
	return front(t, "http://"+listener.Addr().String()+"/v1", out(t)), seen
}

func record(conn net.Conn, seen chan<- string) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		seen <- fmt.Sprintf("%s %s %d %v %q", request.Method, request.RequestURI, request.ContentLength, request.TransferEncoding, body)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}
}

func TestP08_AmbiguousRequestsAreRefusedAndTheConnectionIsClosed(t *testing.T) {
	base, seen := recorder(t)
	const start = "POST /proxy/mail/a HTTP/1.1\r\nHost: x\r\n"
	for name, text := range map[string]string{
		"two lengths":          start + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"a list of lengths":    start + "Content-Length: 3, 4\r\n\r\nabcd",
		"a signed length":      start + "Content-Length: +3\r\n\r\nabc",
		"an unknown coding":    start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"two codings":          start + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
		"space before a colon": start + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"a NUL in a value":     start + "X-A: \x00\r\nContent-Length: 0\r\n\r\n",
		"a bare CR in a value": start + "X-A: 1\rX-B: 2\r\nContent-Length: 0\r\n\r\n",
		"two hosts":            start + "Host: y\r\nContent-Length: 0\r\n\r\n",
		"a CR in the target":   "GET /proxy/mail/a\rb HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn := dial(t, base, text)
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		answer, err := io.ReadAll(conn)
		if err != nil {
			t.Errorf("%s: the connection stays open: %v", name, err)
		}
		if status := string(answer[:min(len(answer), 12)]); status != "HTTP/1.1 400" && status != "HTTP/1.1 501" {
			t.Errorf("%s: %q", name, answer)
		}
	}
	select {
	case head := <-seen:
		t.Errorf("the API got %s", head)
	default:
	}
}

func TestP08_WhatFollowsAnAmbiguousBodyIsNoRequestOfItsOwn(t *testing.T) {
	base, seen := recorder(t)
	conn := dial(t, base, "POST /proxy/mail/a HTTP/1.1\r\nHost: x\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"+
		"0\r\n\r\nGET /proxy/mail/smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(conn); err != nil {
		t.Error(err)
	}
	for len(seen) > 0 {
		if head := <-seen; !strings.HasPrefix(head, "POST /v1/a ") || strings.Contains(head, "smuggled") {
			t.Errorf("the API got %s", head)
		}
	}
}

func TestP02_NoFormOfARequestNamesAnotherHost(t *testing.T) {
	base, seen := recorder(t)
	for line, want := range map[string]string{
		"GET /proxy/mail/x HTTP/1.1\r\nHost: evil.example":                              "GET /v1/x ",
		"GET /proxy/mail/@evil.example/x HTTP/1.1\r\nHost: x":                           "GET /v1/@evil.example/x ",
		"GET /proxy/mail/x:80@evil.example HTTP/1.1\r\nHost: x":                         "GET /v1/x:80@evil.example ",
		"GET /proxy/mail/x HTTP/1.1\r\nHost: x\r\nX-Forwarded-Host: evil":               "GET /v1/x ",
		"GET /proxy/mail/x?url=http://evil.example HTTP/1.1\r\nHost: x\r\nForwarded: z": "GET /v1/x?url=http://evil.example ",
	} {
		conn := dial(t, base, line+"\r\nConnection: close\r\n\r\n")
		_, _ = io.ReadAll(conn)
		if got := <-seen; !strings.HasPrefix(got, want) {
			t.Errorf("%q reached the API as %s", line, got)
		}
	}
}

func TestP20_CodedBytesAndRangesPassUntouched(t *testing.T) {
	packed := "\x1f\x8bnot really gzip"
	base := rawAPI(t, "HTTP/1.1 206 Partial Content\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-16/99\r\nETag: \"x\"\r\n"+
		fmt.Sprintf("Content-Length: %d\r\n\r\n", len(packed))+packed)
	response, body := send(t, "GET", base+"/proxy/mail/", nil)
	if response.StatusCode != 206 || body != packed || response.Header.Get("Content-Encoding") != "gzip" ||
		response.Header.Get("Content-Range") != "bytes 0-16/99" || response.Header.Get("ETag") != `"x"` {
		t.Errorf("%d %q %v", response.StatusCode, body, response.Header)
	}
}

func TestP19_HintsBeforeTheAnswerArePassedOn(t *testing.T) {
	base := rawAPI(t, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nSet-Cookie: a=b\r\nValetkey-Error: x\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	var hinted []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		hinted = append(hinted, fmt.Sprint(code, header))
		return nil
	}})
	request, err := http.NewRequestWithContext(ctx, "GET", base+"/proxy/mail/", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := strings.Join(hinted, " "); got != "103 map[Link:[</a.css>]]" || response.Header.Get("Link") != "" || response.StatusCode != 200 {
		t.Errorf("%s, then %d %v", got, response.StatusCode, response.Header)
	}
}

func TestP19_AHintAfterTheCallIsOverIsDropped(t *testing.T) {
	h := &hints{}
	trace := httptrace.ContextClientTrace(h.watch(context.Background()))
	h.end()
	if err := trace.Got1xxResponse(103, nil); err != nil {
		t.Error(err)
	}
}

func TestP16_AnswersThatCanBeReadInTwoWaysAreNotPassedOn(t *testing.T) {
	for name, answer := range map[string]string{
		"length beside coding": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"two lengths":          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
		"a folded line":        "HTTP/1.1 200 OK\r\nX-A: 1\r\n X-B: 2\r\nContent-Length: 2\r\n\r\nok",
	} {
		if response, body := send(t, "GET", rawAPI(t, answer)+"/proxy/mail/", nil); response.StatusCode != http.StatusBadGateway {
			t.Errorf("%s: %d %q", name, response.StatusCode, body)
		}
	}
}
