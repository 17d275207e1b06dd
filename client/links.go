package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/valetkey/valetkey/api"
)

// ConnectLinks ask people without an account to authorize a connection.
type ConnectLinks struct {
	client *Client
}

// ConnectLinks are the links of the server.
func (c *Client) ConnectLinks() *ConnectLinks { return &ConnectLinks{c} }

// List walks all links, the newest first; connection "" is any.
func (l *ConnectLinks) List(ctx context.Context, connection string) iter.Seq2[api.ConnectLink, error] {
	filter := url.Values{}
	if connection != "" {
		filter.Set("connection", connection)
	}
	return pages[api.ConnectLink](ctx, l.client, []string{"v1", "connect-links"}, "links", filter)
}

// Create makes a link. The answer is the one time its address is shown.
func (l *ConnectLinks) Create(ctx context.Context, spec api.ConnectLinkSpec) (api.NewConnectLink, error) {
	var out api.NewConnectLink
	err := l.client.do(ctx, request{method: http.MethodPost, path: []string{"v1", "connect-links"}, body: spec}, &out)
	return out, err
}

// Get returns one link.
func (l *ConnectLinks) Get(ctx context.Context, id string) (api.ConnectLink, error) {
	var out api.ConnectLink
	err := l.client.do(ctx, request{method: http.MethodGet, path: []string{"v1", "connect-links", id}}, &out)
	return out, err
}

// Extend gives a link more time, counted from now.
func (l *ConnectLinks) Extend(ctx context.Context, id string, patch api.ConnectLinkPatch) (api.ConnectLink, error) {
	var out api.ConnectLink
	r := request{method: http.MethodPatch, path: []string{"v1", "connect-links", id}, body: patch, kind: "application/merge-patch+json"}
	err := l.client.do(ctx, r, &out)
	return out, err
}

// Revoke ends a link. What it authorized stays.
func (l *ConnectLinks) Revoke(ctx context.Context, id string) error {
	return l.client.do(ctx, request{method: http.MethodDelete, path: []string{"v1", "connect-links", id}}, nil)
}
