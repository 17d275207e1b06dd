package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
)

// Authorize begins an authorization. A person then opens the URL it returns;
// [Flows.Wait] tells how it ended.
func (c *Client) Authorize(ctx context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error) {
	var out api.Authorization
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "authorize"), body: req}, &out)
	return out, err
}

// Token returns an access token that is good for at least minTTL, renewed
// first where needed. The key must have a role that may see tokens.
func (c *Client) Token(ctx context.Context, connection string, minTTL time.Duration) (api.AccessToken, error) {
	return c.TokenFor(ctx, connection, "", minTTL)
}

// TokenFor is Token for another resource out of the same grant: the name of an
// additional token of the provider, or an absolute URI (RFC 8707).
func (c *Client) TokenFor(ctx context.Context, connection, resource string, minTTL time.Duration) (api.AccessToken, error) {
	var out api.AccessToken
	query := url.Values{}
	if resource != "" {
		query.Set("resource", resource)
	}
	if minTTL > 0 {
		query.Set("min_ttl", minTTL.String())
	}
	err := c.do(ctx, request{method: http.MethodGet, path: of(connection, "token"), query: query}, &out)
	return out, err
}

// Test sends the connection's test request. An answer of the API that is an
// error is a result that is not OK; an error means that none was obtained.
func (c *Client) Test(ctx context.Context, connection string) (api.TestResult, error) {
	var out api.TestResult
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "test")}, &out)
	return out, err
}

// TestWithoutRefresh is Test without the renewal and what follows it.
func (c *Client) TestWithoutRefresh(ctx context.Context, connection string) (api.TestResult, error) {
	var out api.TestResult
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "test"), query: url.Values{"refresh": {"false"}}}, &out)
	return out, err
}

// Refresh renews the token now, whether or not it is due.
func (c *Client) Refresh(ctx context.Context, connection string) (api.Connection, error) {
	var out api.Connection
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "refresh")}, &out)
	return out, err
}

// Revoke gives the grant up, at the provider where it can be told (RFC 7009).
func (c *Client) Revoke(ctx context.Context, connection string) (api.Connection, error) {
	var out api.Connection
	err := c.do(ctx, request{method: http.MethodPost, path: of(connection, "revoke")}, &out)
	return out, err
}

// ImportToken takes over a token set that was obtained elsewhere.
func (c *Client) ImportToken(ctx context.Context, connection string, set api.TokenImport) (api.Connection, error) {
	var out api.Connection
	err := c.do(ctx, request{method: http.MethodPut, path: of(connection, "token"), body: set}, &out)
	return out, err
}

// Events walks what happened to a connection, newest first.
func (c *Client) Events(ctx context.Context, connection string) iter.Seq2[api.Event, error] {
	return pages[api.Event](ctx, c, of(connection, "events"), "events", nil)
}

// Version says which program answers.
func (c *Client) Version(ctx context.Context) (api.Version, error) {
	var out api.Version
	err := c.do(ctx, request{method: http.MethodGet, path: []string{"v1", "version"}}, &out)
	return out, err
}

// Ping returns nil when the server answers that it is up.
func (c *Client) Ping(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodGet, path: []string{"healthz"}}, nil)
}

func of(connection, action string) []string {
	return []string{"v1", "connections", connection, action}
}
