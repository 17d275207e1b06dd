package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/valetkey/valetkey/api"
)

// HTTPClient returns an HTTP client whose requests go through the connection,
// for an SDK or program that takes one. See [Client.RoundTripper].
func (c *Client) HTTPClient(connection string) *http.Client {
	return &http.Client{Transport: c.RoundTripper(connection), Timeout: c.http.Timeout}
}

// RoundTripper returns a transport that sends requests for the API's own URLs
// through the connection. A request may name the API in full, under the
// connection's base URL, or give the path under it alone ("/me"). A URL that
// is not under the base URL is refused with an [api.Problem] of
// [api.CodeInvalid]: the token would not be sent there anyway.
//
// A refusal of Valetkey itself is returned as an error, an answer of the API
// as a response.
//
// The base URL is read from the server with the first request in full. A key
// that may not read settings gives it: see [Client.RoundTripperUnder].
func (c *Client) RoundTripper(connection string) http.RoundTripper {
	return &roundTripper{client: c, connection: connection}
}

// RoundTripperUnder is as [Client.RoundTripper], with the connection's base
// URL given. A base URL that is not the connection's own sends requests to the
// wrong path of its API, never to another API.
func (c *Client) RoundTripperUnder(connection string, base *url.URL) http.RoundTripper {
	return &roundTripper{client: c, connection: connection, base: base}
}

type roundTripper struct {
	client     *Client
	connection string
	mu         sync.Mutex
	base       *url.URL // found with the first absolute URL
}

// RoundTrip implements [http.RoundTripper].
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	path, err := t.path(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	target, err := t.client.proxyURL(t.connection, path, nil)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	out := req.Clone(req.Context())
	out.URL, err = url.Parse(target)
	if err != nil {
		closeBody(req)
		return nil, invalid("the request's URL cannot be read", "")
	}
	out.Host = ""
	out.RequestURI = ""
	res, err := t.client.sendProxied(out)
	if err != nil {
		return nil, err
	}
	res.Request = req
	return res, nil
}

// path is the request's path and query under the base URL.
func (t *roundTripper) path(req *http.Request) (string, error) {
	path := req.URL.EscapedPath()
	if req.URL.Host != "" {
		base, err := t.baseURL(req.Context())
		if err != nil {
			return "", err
		}
		prefix := strings.TrimRight(base.EscapedPath(), "/")
		inside := path == prefix || strings.HasPrefix(path, prefix+"/")
		if !strings.EqualFold(base.Host, req.URL.Host) || base.Scheme != req.URL.Scheme || !inside {
			return "", invalid(
				fmt.Sprintf("%s is not under the base URL %s of connection %s", req.URL.Redacted(), base, t.connection),
				"use a connection of that API, or set api.base_url of this one")
		}
		path = strings.TrimPrefix(path, prefix)
	}
	if req.URL.RawQuery != "" {
		path += "?" + req.URL.RawQuery
	}
	return path, nil
}

func (t *roundTripper) baseURL(ctx context.Context) (*url.URL, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.base != nil {
		return t.base, nil
	}
	raw, err := t.client.baseURLOf(ctx, t.connection)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(raw)
	if err != nil || base.Host == "" {
		return nil, &api.Problem{
			Title:  "A setting must be changed",
			Code:   api.CodeNeedsConfiguration,
			Detail: fmt.Sprintf("connection %s has no base URL", t.connection),
			Hint:   "set api.base_url of the connection or of its provider",
		}
	}
	t.base = base
	return base, nil
}

// baseURLOf is the connection's base URL with its variables filled in: the
// connection's own, or else its provider's.
func (c *Client) baseURLOf(ctx context.Context, name string) (string, error) {
	conn, err := c.Connections.Get(ctx, name)
	if err != nil {
		return "", err
	}
	own := ""
	if conn.API != nil {
		own = conn.API.BaseURL
	}
	if own != "" && !strings.Contains(own, "{") {
		return own, nil
	}
	registration, err := c.Clients.Get(ctx, conn.Client)
	if err != nil {
		return "", err
	}
	provider, err := c.Providers.Get(ctx, registration.Provider)
	if err != nil {
		return "", err
	}
	if own == "" && provider.API != nil {
		own = provider.API.BaseURL
	}
	values := map[string]string{}
	for key, variable := range provider.Variables {
		values[key] = variable.Default
	}
	for _, layer := range []map[string]string{registration.Variables, conn.Variables} {
		for key, value := range layer {
			values[key] = value
		}
	}
	for key, value := range values {
		own = strings.ReplaceAll(own, "{"+key+"}", value)
	}
	return own, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
