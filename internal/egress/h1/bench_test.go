package h1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// BenchmarkRoundTrip and [BenchmarkStandardRoundTrip] send a GET to a host that
// allocates nothing, so the figures are the client's own.
func BenchmarkRoundTrip(b *testing.B) {
	benchmark(b, client(b))
}

func BenchmarkStandardRoundTrip(b *testing.B) {
	benchmark(b, standard())
}

func benchmark(b *testing.B, way http.RoundTripper) {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 21 Nov 2026 08:00:00 GMT\r\nContent-Length: 2\r\n\r\nok")
	h := newHost(b, func(_ int64, conn net.Conn, r *bufio.Reader) {
		_ = conn.SetDeadline(time.Time{})
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				_, _ = conn.Write(answer)
			}
		}
	})
	if pool, ok := way.(interface{ CloseIdleConnections() }); ok {
		b.Cleanup(pool.CloseIdleConnections) // before the host waits for its connections to end
	}
	r := request(b, b.Context(), "GET", h.url+"/a/b?c=d", "")
	r.Header.Set("Authorization", "Bearer token")
	body := make([]byte, 512)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		response, err := way.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.ReadFull(response.Body, body); n != 2 {
			b.Fatal(n, err)
		}
		response.Body.Close()
	}
}
