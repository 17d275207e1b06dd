package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// Keys are what callers show to Valetkey.
type Keys struct {
	client *Client
}

// List walks all keys, without the keys themselves.
func (k *Keys) List(ctx context.Context) iter.Seq2[api.Key, error] {
	return pages[api.Key](ctx, k.client, []string{"v1", "keys"}, "keys", nil)
}

// Create makes a key. The answer is the one time the key itself is shown.
func (k *Keys) Create(ctx context.Context, spec api.KeySpec) (api.NewKey, error) {
	var out api.NewKey
	err := k.client.do(ctx, request{method: http.MethodPost, path: []string{"v1", "keys"}, body: spec}, &out)
	return out, err
}

// Revoke ends a key.
func (k *Keys) Revoke(ctx context.Context, name string) error {
	return k.client.do(ctx, request{method: http.MethodDelete, path: []string{"v1", "keys", name}}, nil)
}
