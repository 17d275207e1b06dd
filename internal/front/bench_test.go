package front

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
)

// BenchmarkRequest and [BenchmarkStandardRequest] answer a GET with 200 bytes
// to a caller that allocates nothing, so the figures are the server's own.
func BenchmarkRequest(b *testing.B) {
	benchmark(b, func(handler http.HandlerFunc) server { return New(standardServer(handler, io.Discard)) })
}

func BenchmarkStandardRequest(b *testing.B) {
	benchmark(b, func(handler http.HandlerFunc) server { return standardServer(handler, io.Discard) })
}

func benchmark(b *testing.B, serve func(http.HandlerFunc) server) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 200)
	s := serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "200")
		_, _ = w.Write(body)
	})
	served := make(chan error, 1)
	go func() { served <- s.Serve(listener) }()
	defer func() { s.Close(); <-served }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	request := []byte("GET /proxy/mail/me?a=b HTTP/1.1\r\nHost: 127.0.0.1:8539\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nAuthorization: Bearer vk_key\r\n\r\n")
	answer := make([]byte, 4<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.Write(request); err != nil {
			b.Fatal(err)
		}
		for n := 0; !bytes.HasSuffix(answer[:n], body); {
			more, err := conn.Read(answer[n:])
			if err != nil {
				b.Fatal(err)
			}
			n += more
		}
	}
}
