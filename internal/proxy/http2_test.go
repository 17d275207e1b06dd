package proxy

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/valetkey/valetkey/internal/egress"
)

// speaking is a front that speaks HTTP/1.1 and HTTP/2, before an API.
func speaking(t *testing.T, upstream *httptest.Server, way http.RoundTripper) string {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := httptest.NewUnstartedServer(handler(t, upstream.URL+"/v1", way))
	server.Config.Protocols = protocols
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestP19_HTTP2IsSpokenOnBothSides(t *testing.T) {
	upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Grpc-Status")
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Proto+" "+r.Header.Get("Te")+" "+r.Header.Get("Authorization")+" "+string(body))
		w.Header().Set("Grpc-Status", "0")
	}))
	upstream.EnableHTTP2 = true
	upstream.StartTLS()
	t.Cleanup(upstream.Close)
	roots := upstream.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	way := egress.New(egress.Config{AllowLoopback: true, RootCAs: roots})
	t.Cleanup(way.CloseIdleConnections)
	base := speaking(t, upstream, way.Transport())
	client := cleartext(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/proxy/mail/grpc", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("TE", "trailers")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.ProtoMajor != 2 || string(body) != "HTTP/2.0 trailers Bearer t0k hello" || response.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("%s %q %v %v", response.Proto, body, response.Trailer, err)
	}
}

func cleartext(t *testing.T) *http.Client {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// framed is a raw HTTP/2 connection.
type framed struct {
	*http2.Framer
	conn    net.Conn
	encoded bytes.Buffer
	encoder *hpack.Encoder
}

func dialFramed(t *testing.T, base string) *framed {
	t.Helper()
	conn := dial(t, base, http2.ClientPreface)
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	f := &framed{Framer: http2.NewFramer(conn, conn), conn: conn}
	f.encoder = hpack.NewEncoder(&f.encoded)
	if err := f.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return f
}

// ask opens a stream with a GET, or a POST of a body that follows.
func (f *framed) ask(stream uint32, path string, fields ...hpack.HeaderField) error {
	f.encoded.Reset()
	for _, field := range append([]hpack.HeaderField{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: "x"}, {Name: ":path", Value: path},
	}, fields...) {
		if err := f.encoder.WriteField(field); err != nil {
			return err
		}
	}
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.encoded.Bytes(), EndHeaders: true, EndStream: true})
}

// refused reads until the stream is reset, answered 400, or the connection ends.
func (f *framed) refused(t *testing.T) bool {
	t.Helper()
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || strings.Contains(err.Error(), "reset")
		}
		switch frame := frame.(type) {
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			return true
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status") == "400"
		}
	}
}

func TestP08_LinesInHTTP2DoNotBecomeLinesOfHTTP1(t *testing.T) {
	reached := make(chan string, 16)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.RequestURI }))
	t.Cleanup(upstream.Close)
	base := speaking(t, upstream, out(t))
	for name, c := range map[string]struct {
		path   string
		fields []hpack.HeaderField
	}{
		"a path":             {path: "/proxy/mail/a HTTP/1.1\r\nX: y\r\n\r\nGET /proxy/mail/b"},
		"a path with LF":     {path: "/proxy/mail/a\nX: y"},
		"a value":            {path: "/proxy/mail/a", fields: []hpack.HeaderField{{Name: "x-a", Value: "1\r\nx-b: 2"}}},
		"a name":             {path: "/proxy/mail/a", fields: []hpack.HeaderField{{Name: "x-a: 1\r\nx-b", Value: "2"}}},
		"a coding":           {path: "/proxy/mail/a", fields: []hpack.HeaderField{{Name: "transfer-encoding", Value: "chunked"}}},
		"a connection field": {path: "/proxy/mail/a", fields: []hpack.HeaderField{{Name: "connection", Value: "x-a"}}},
	} {
		f := dialFramed(t, base)
		if err := f.ask(1, c.path, c.fields...); err != nil {
			t.Fatal(err)
		}
		if !f.refused(t) {
			t.Errorf("%s: it was not refused", name)
		}
		f.conn.Close()
	}
	if len(reached) > 0 {
		t.Errorf("the API got %s", <-reached)
	}
}
