package egress

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

// join copies both ways until both have ended.
func join(a, b net.Conn) {
	defer a.Close()
	defer b.Close()
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(a, b); a.Close() })
	both.Go(func() { _, _ = io.Copy(b, a); b.Close() })
	both.Wait()
}

// tunnelling is an HTTP proxy that opens tunnels (RFC 9110 section 9.3.6) to
// anybody with the password.
func tunnelling(t *testing.T, secure bool) (proxy *httptest.Server, tunnels *atomic.Int32) {
	t.Helper()
	tunnels = new(atomic.Int32)
	proxy = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != "Basic YW5uOnB3" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("the proxy saw the token")
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		tunnels.Add(1)
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		join(here, there)
	}))
	if secure {
		proxy.StartTLS()
	} else {
		proxy.Start()
	}
	t.Cleanup(proxy.Close)
	return proxy, tunnels
}

// socks is a SOCKS5 proxy (RFC 1928) that asks for a password (RFC 1929).
func socks(t *testing.T) (address string, tunnels *atomic.Int32) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	tunnels = new(atomic.Int32)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if there := greet(conn); there != "" {
					to, err := net.Dial("tcp", there)
					if err != nil {
						return
					}
					tunnels.Add(1)
					_, _ = conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
					join(conn, to)
				}
			}()
		}
	}()
	return listener.Addr().String(), tunnels
}

// greet reads where to go; "" when the password is not ann's.
func greet(conn net.Conn) string {
	head := make([]byte, 2)
	next := func(n int) []byte { b := make([]byte, n); _, _ = io.ReadFull(conn, b); return b }
	_, _ = io.ReadFull(conn, head)
	next(int(head[1]))
	_, _ = conn.Write([]byte{5, 2})
	user := string(next(int(next(2)[1])))
	if password := string(next(int(next(1)[0]))); user != "ann" || password != "pw" {
		_, _ = conn.Write([]byte{1, 1})
		return ""
	}
	_, _ = conn.Write([]byte{1, 0})
	switch next(4)[3] {
	case 1:
		return net.JoinHostPort(net.IP(next(4)).String(), port(next(2)))
	case 3:
		return net.JoinHostPort(string(next(int(next(1)[0]))), port(next(2)))
	}
	return ""
}

func port(b []byte) string { return (&net.TCPAddr{Port: int(binary.BigEndian.Uint16(b))}).String()[1:] }

func TestCallsAndTokenRequestsGoThroughRealProxies(t *testing.T) {
	target := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the host saw the proxy's password")
		}
		_, _ = io.WriteString(w, "hello "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(target.Close)
	plain, plainTunnels := tunnelling(t, false)
	secure, secureTunnels := tunnelling(t, true)
	socksAddress, socksTunnels := socks(t)
	withUser := func(address, user string) string { return strings.Replace(address, "://", "://"+user+"@", 1) }
	for name, c := range map[string]struct {
		proxy   string
		tunnels *atomic.Int32
	}{
		"CONNECT over http":  {withUser(plain.URL, "ann:pw"), plainTunnels},
		"CONNECT over https": {withUser(secure.URL, "ann:pw"), secureTunnels},
		"SOCKS5":             {"socks5://ann:pw@" + socksAddress, socksTunnels},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Config{AllowLoopback: true, RootCAs: trust(target)})
			t.Cleanup(e.CloseIdleConnections)
			way, err := e.Trusting(Trust{Proxy: c.proxy})
			if err != nil {
				t.Fatal(err)
			}
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, target.URL, nil)
			request.Header.Set("Authorization", "Bearer t0k")
			response, err := way.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if string(body) != "hello Bearer t0k" || c.tunnels.Load() != 1 {
				t.Errorf("%q through %d tunnels", body, c.tunnels.Load())
			}
			parsed, _ := url.Parse(c.proxy)
			tokens := New(Config{AllowLoopback: true, RootCAs: trust(target), Proxy: http.ProxyURL(parsed)})
			t.Cleanup(tokens.CloseIdleConnections)
			response, err = tokens.Client(time.Minute).PostForm(target.URL, url.Values{"grant_type": {"refresh_token"}})
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if c.tunnels.Load() != 2 {
				t.Errorf("the token request took %d tunnels", c.tunnels.Load()-1)
			}
		})
	}
}

func TestAProxyThatRefusesIsNamedWithoutItsPassword(t *testing.T) {
	proxy, _ := tunnelling(t, false)
	socksAddress, _ := socks(t)
	e := New(Config{AllowLoopback: true})
	t.Cleanup(e.CloseIdleConnections)
	for _, address := range []string{strings.Replace(proxy.URL, "://", "://bob:wr0ng@", 1), "socks5://bob:wr0ng@" + socksAddress} {
		way, err := e.Trusting(Trust{Proxy: address})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sent(t, way, "https://api.contoso.example/x")
		if found := fault.As(err); err == nil || found.Code != api.CodeUnreachable && found.Code != api.CodeNeedsConfiguration || strings.Contains(err.Error(), "wr0ng") {
			t.Errorf("%v", err)
		}
	}
}
