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
// The base URL is read from the server with the first request in full.
func (c *Client) RoundTripper(connection string) http.RoundTripper {
	return &roundTripper{client: c, connection: connection}
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
	out := req.Clone(req.Context())
	out.URL, err = url.Parse(t.client.proxyURL(t.connection, path, nil))
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
	connection, err := t.client.Connections.Get(ctx, t.connection)
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(connection.BaseURL)
	if err != nil || base.Host == "" {
		return nil, &api.Problem{
			Title:  "A setting must be changed",
			Code:   api.CodeNeedsConfiguration,
			Detail: fmt.Sprintf("connection %s has no base URL, or one of its variables is missing", t.connection),
			Hint:   "set api.base_url, or the missing variable, of the connection or of its provider",
		}
	}
	t.base = base
	return base, nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
}
