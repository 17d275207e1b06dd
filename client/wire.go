package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
)

// request is one JSON exchange with the REST API.
type request struct {
	method string
	path   []string // elements under the base URL, each escaped on its own
	query  url.Values
	body   any // sent as JSON; nil for none
	kind   string
}

// do sends r and decodes the answer into out, which may be nil.
func (c *Client) do(ctx context.Context, r request, out any) error {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unreachable(c.name, err)
	}
	defer res.Body.Close()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return c.problemOf(res)
	}
	if out == nil || res.StatusCode == http.StatusNoContent {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxProblem))
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(out); err != nil {
		return &api.Problem{
			Title:  "Not an answer of Valetkey",
			Status: res.StatusCode,
			Code:   api.CodeUnreachable,
			Detail: fmt.Sprintf("the answer of %s is not the JSON that was expected: %v", c.name, err),
			Hint:   "check VALETKEY_URL or --url: it is the server's address without /v1",
		}
	}
	return nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, invalid("the request cannot be written as JSON: "+err.Error(), "")
		}
		body = bytes.NewReader(data)
	}
	target := c.address(r.path)
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, invalid("the request cannot be made: "+err.Error(), "")
	}
	req.Header.Set("Accept", "application/json, application/problem+json")
	if body != nil {
		kind := r.kind
		if kind == "" {
			kind = "application/json"
		}
		req.Header.Set("Content-Type", kind)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	return req, nil
}

// address joins escaped path elements to the base URL, so that a name with a
// slash stays one element.
func (c *Client) address(elements []string) string {
	var b strings.Builder
	b.WriteString(c.base.String())
	for _, element := range elements {
		b.WriteString("/" + url.PathEscape(element))
	}
	return b.String()
}
