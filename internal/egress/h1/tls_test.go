package h1

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"testing"
)

// together is a socket that sends what is written to it at once, when it is told.
type together struct {
	net.Conn
	holds bool
	held  []byte
}

func (c *together) Write(p []byte) (int, error) {
	if !c.holds {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

func TestP22_AnAnswerThatCameUnaskedWithAnotherInsideTLSServesNobody(t *testing.T) {
	server, c := secured(t, false) // for its certificate, and the trust in it
	h := newHost(t, func(n int64, conn net.Conn, _ *bufio.Reader) {
		socket := &together{Conn: conn}
		inside := tls.Server(socket, &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12})
		for r := bufio.NewReader(inside); readRequest(r) != nil; {
			socket.holds = n == 1
			_, _ = io.WriteString(inside, ok)
			_, _ = io.WriteString(inside, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
			if socket.holds {
				_, _ = conn.Write(socket.held) // two records in one segment
			}
		}
	})
	t.Cleanup(c.CloseIdleConnections) // before the host waits for its connections
	url := "https" + h.url[len("http"):]
	for range 2 {
		if got := must(t, c, request(t, t.Context(), "GET", url, "")); got != "ok" {
			t.Errorf("got %q", got)
		}
	}
	if n := h.conns.Load(); n != 2 {
		t.Errorf("%d connections", n)
	}
}
