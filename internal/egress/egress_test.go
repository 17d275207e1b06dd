package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func get(t *testing.T, e *Egress, target string) (*http.Response, error) {
	t.Helper()
	t.Cleanup(e.CloseIdleConnections)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := e.Transport().RoundTrip(request)
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	return response, err
}

// raw serves each connection with fixed bytes.
func raw(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				_, _ = conn.Read(buffer)
				_, _ = io.WriteString(conn, answer)
			}()
		}
	}()
	return listener.Addr().String()
}

func TestP03_TheGuardJudgesTheAddressWhenConnecting(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		_, err := get(t, New(Config{}), "http://"+host+":"+port+"/?token=s3cret")
		if !fault.Is(err, api.CodeNeedsConfiguration) {
			t.Errorf("%s: %v", host, err)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows the query: %v", err)
		}
	}
	if reached {
		t.Error("a refused address was reached")
	}
}

func TestP03_TheTokenClientIsGuardedToo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	_, err := New(Config{}).Client(time.Second).Get(server.URL)
	if !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
}

func TestP03_AProxyDoesNotOpenRefusedAddresses(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	proxy, _ := url.Parse(server.URL)
	e := New(Config{AllowLoopback: true, Proxy: http.ProxyURL(proxy)})
	if _, err := get(t, e, "http://169.254.169.254/latest"); !fault.Is(err, api.CodeNeedsConfiguration) {
		t.Errorf("got %v", err)
	}
	if response, err := get(t, e, "http://api.contoso.example/"); err != nil || response.StatusCode != 404 {
		t.Errorf("the proxy was not used: %v", err)
	}
}

func TestAllowedRangesAreReached(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for name, config := range map[string]Config{
		"loopback": {AllowLoopback: true},
		"range":    {AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
	} {
		if _, err := get(t, New(config), server.URL); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestP04_RedirectsAreNotFollowed(t *testing.T) {
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	response, err := New(Config{AllowLoopback: true}).Client(time.Minute).Get(server.URL)
	if err != nil || response.StatusCode != http.StatusTemporaryRedirect || calls != 1 {
		t.Fatalf("%v, %d calls", err, calls)
	}
	response.Body.Close()
}

func TestP20_BytesAreNotUnpacked(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("asked for %s", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "packed")
	}))
	defer server.Close()
	response, err := get(t, New(Config{AllowLoopback: true}), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	if string(body) != "packed" || response.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %q %v", body, response.Header)
	}
}

func TestP19_HTTP2IsUsedWhereOffered(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	response, err := get(t, New(Config{AllowLoopback: true, RootCAs: trust(server)}), server.URL)
	if err != nil || response.ProtoMajor != 2 {
		t.Fatalf("%v %v", response, err)
	}
}

func TestP23_CertificatesAreVerifiedAndNamed(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())

	_, err := get(t, New(Config{AllowLoopback: true}), server.URL)
	expect(t, err, "signed by an authority that this machine does not trust")

	_, err = get(t, New(Config{AllowLoopback: true, RootCAs: trust(server)}), "https://localhost:"+port)
	expect(t, err, "the certificate is for example.com, *.example.com, 127.0.0.1, ::1, not for this host")
}

func TestP23_OldTLSIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.StartTLS()
	defer server.Close()
	_, err := get(t, New(Config{AllowLoopback: true, RootCAs: trust(server)}), server.URL)
	expect(t, err, "TLS handshake")
}

func TestTheEnvironmentsProxyIsNotUsed(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if New(Config{}).base.Proxy != nil {
		t.Error("a proxy is set")
	}
}

func TestWhatIsWrongIsSaidInPlainWords(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct{ url, want string }{
		"refused":   {closed.URL, "refused the connection"},
		"no TLS":    {strings.Replace(plain.URL, "http:", "https:", 1), "does not speak TLS on this port"},
		"not HTTP":  {"http://" + raw(t, "SSH-2.0-OpenSSH\r\n\r\n"), "sent something that is not HTTP"},
		"silence":   {"http://" + raw(t, ""), "closed the connection before it answered"},
		"P-10 huge": {"http://" + raw(t, "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("a", 300<<10)+"\r\n\r\n"), "larger than 256 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, New(Config{AllowLoopback: true}), c.url+"/path?token=s3cret")
			expect(t, err, c.want)
		})
	}
}

func TestErrorsOfNamesAndTimesAreExplained(t *testing.T) {
	for want, err := range map[string]error{
		"h.example: no such host":                                    &net.DNSError{IsNotFound: true},
		"h.example: the name server did not answer in time":          &net.DNSError{IsTimeout: true},
		"h.example: the name cannot be resolved":                     &net.DNSError{Err: "server misbehaving"},
		"h.example: did not answer in time":                          context.DeadlineExceeded,
		"h.example: the request was given up before the answer came": context.Canceled,
		"h.example: the certificate expired at 2001-01-01T00:00:00Z": x509.CertificateInvalidError{
			Reason: x509.Expired, Cert: &x509.Certificate{NotAfter: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"h.example: the certificate is valid only from 2999-01-01T00:00:00Z": x509.CertificateInvalidError{
			Reason: x509.Expired, Cert: &x509.Certificate{NotBefore: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"h.example: cannot be reached": errors.New("Bearer s3cret"),
	} {
		if got := explain(err, "h.example"); got.Error() != want || !errors.Is(got, err) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func expect(t *testing.T, err error, want string) {
	t.Helper()
	if !fault.Is(err, api.CodeUnreachable) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error shows the query: %v", err)
	}
}

func trust(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}
