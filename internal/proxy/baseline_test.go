package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// BenchmarkReverseProxy200Bytes is the standard library's proxy, with the same
// pool, to compare with [BenchmarkProxied200Bytes].
func BenchmarkReverseProxy200Bytes(b *testing.B) {
	answer := strings.Repeat("x", 200)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 256}
	defer transport.CloseIdleConnections()
	server := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, BufferPool: &pool{}, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Set("Authorization", "Bearer t0k")
	}})
	defer server.Close()
	fetch(b, server.URL+"/v1/items/1")
}

// pool is an [httputil.BufferPool].
type pool struct{ sync.Pool }

// Get implements [httputil.BufferPool].
func (p *pool) Get() []byte {
	if b, ok := p.Pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, bufferSize)
}

// Put implements [httputil.BufferPool].
func (p *pool) Put(b []byte) { p.Pool.Put(&b) }
