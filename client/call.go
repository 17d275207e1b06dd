package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// CallRequest is one request of an API, streamed through a connection.
type CallRequest struct {
	Method string      // default GET, or POST with a body
	Path   string      // under the connection's base URL, or a whole URL under it; may hold a query
	Query  url.Values  // added to the path's query
	Header http.Header // sent on to the API; the token is placed by the server
	Body   io.Reader   // nil for none
	// ContentLength is the body's length in bytes where the caller knows it;
	// 0 finds it out for the readers of bytes and strings, else it is chunked.
	ContentLength int64
}

// Call sends a request to the connection's API. The answer of the API comes
// back whatever its status, and its body streams; the caller closes it. An
// error means that the API was not asked: an [api.Problem] of Valetkey, or an
// [UnreachableError].
func (c *Client) Call(ctx context.Context, connection string, r CallRequest) (*http.Response, error) {
	path, err := c.underBase(ctx, connection, r.Path)
	if err != nil {
		return nil, err
	}
	target := c.proxyURL(connection, path, r.Query)
	method := r.Method
	if method == "" {
		method = http.MethodGet
		if r.Body != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, target, r.Body)
	if err != nil {
		return nil, invalid("the request cannot be made: "+err.Error(), "")
	}
	if r.ContentLength > 0 {
		req.ContentLength = r.ContentLength
	}
	req.Header.Set("User-Agent", "valetkey")
	for name, values := range r.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return c.sendProxied(req)
}

// sendProxied sends a request whose URL is under /proxy/ already. The key has
// a header of its own there, so that it cannot meet the API's Authorization.
func (c *Client) sendProxied(req *http.Request) (*http.Response, error) {
	if c.key != "" {
		req.Header.Set("X-Valetkey-Key", c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(c.name, err)
	}
	if answeredByValetkey(res) {
		defer res.Body.Close()
		return nil, c.problemOf(res)
	}
	return res, nil
}

// answeredByValetkey tells Valetkey's own refusal from an answer of the API,
// which may be a problem document as well.
func answeredByValetkey(res *http.Response) bool {
	return res.Header.Get("Valetkey-Error") != "" && isProblem(res)
}

// proxyURL keeps the path's own escapes and query as they were written.
func (c *Client) proxyURL(connection, path string, query url.Values) string {
	path, _, _ = strings.Cut(path, "#") // a fragment is the reader's, and is never sent
	path, own, _ := strings.Cut(path, "?")
	target := c.address([]string{"proxy", connection}) + "/" + strings.TrimPrefix(path, "/")
	added := query.Encode()
	if own != "" && added != "" {
		own += "&"
	}
	if own+added != "" {
		target += "?" + own + added
	}
	return target
}

// underBase makes a whole URL a path; what is a path already stays.
func (c *Client) underBase(ctx context.Context, connection, path string) (string, error) {
	before, _, _ := strings.Cut(path, "?")
	if !strings.Contains(before, "://") {
		return path, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil || req.URL.Host == "" {
		return "", invalid("the path "+before+" is neither a path nor a URL", "give the path under the connection's base URL, such as /me")
	}
	return (&roundTripper{client: c, connection: connection}).path(req)
}
