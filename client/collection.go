package client

import (
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// pageSize is how many things one request of a list asks for.
const pageSize = 100

// Collection is all things of one kind: T as they read back, S as they are
// written. Every error is an [api.Problem] or an [UnreachableError].
type Collection[T, S any] struct {
	client *Client
	noun   string // in the path and in the list's JSON
}

// List walks all of them by name, page after page, asking for the next page
// when it is reached. After an error it stops.
func (c *Collection[T, S]) List(ctx context.Context) iter.Seq2[T, error] {
	return pages[T](ctx, c.client, []string{"v1", c.noun}, c.noun, nil)
}

// Get returns one.
func (c *Collection[T, S]) Get(ctx context.Context, name string) (T, error) {
	var out T
	err := c.client.do(ctx, request{method: http.MethodGet, path: c.path(name)}, &out)
	return out, err
}

// Put makes one, or replaces what it was.
func (c *Collection[T, S]) Put(ctx context.Context, name string, spec S) (T, error) {
	var out T
	err := c.client.do(ctx, request{method: http.MethodPut, path: c.path(name), body: spec}, &out)
	return out, err
}

// Patch changes the keys that patch holds and leaves the others: a JSON merge
// patch (RFC 7396), in which null removes a key. Providers have no patch.
func (c *Collection[T, S]) Patch(ctx context.Context, name string, patch any) (T, error) {
	var out T
	r := request{method: http.MethodPatch, path: c.path(name), body: patch, kind: "application/merge-patch+json"}
	err := c.client.do(ctx, r, &out)
	return out, err
}

// Delete removes one.
func (c *Collection[T, S]) Delete(ctx context.Context, name string) error {
	return c.client.do(ctx, request{method: http.MethodDelete, path: c.path(name)}, nil)
}

func (c *Collection[T, S]) path(name string) []string { return []string{"v1", c.noun, name} }

// pages walks a list whose items stand under noun; filter is what a query asks
// for besides a page.
func pages[T any](ctx context.Context, c *Client, path []string, noun string, filter url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		query := url.Values{"limit": {strconv.Itoa(pageSize)}}
		maps.Copy(query, filter)
		for {
			items, next, err := page[T](ctx, c, request{method: http.MethodGet, path: path, query: query}, noun)
			if err != nil {
				yield(zero, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" || next == query.Get("cursor") {
				return
			}
			query.Set("cursor", next)
		}
	}
}

func page[T any](ctx context.Context, c *Client, r request, noun string) (items []T, next string, err error) {
	var raw map[string]json.RawMessage
	if err := c.do(ctx, r, &raw); err != nil {
		return nil, "", err
	}
	if list, ok := raw[noun]; ok {
		if err := json.Unmarshal(list, &items); err != nil {
			return nil, "", invalid("the server's list of "+noun+" cannot be read: "+err.Error(), "is the server of the same version?")
		}
	}
	if cursor, ok := raw["next_cursor"]; ok {
		_ = json.Unmarshal(cursor, &next)
	}
	return items, next, nil
}
