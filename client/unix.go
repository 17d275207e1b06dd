package client

import (
	"context"
	"net"
	"net/http"
	"time"
)

// unixTransport sends every request to the server behind a unix socket,
// whatever host the request names.
func unixTransport(path string) http.RoundTripper {
	var dialer net.Dialer
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", path)
		},
		MaxIdleConnsPerHost: 16,
		IdleConnTimeout:     90 * time.Second,
	}
}
