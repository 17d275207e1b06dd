package client

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// NewOperatorLink makes a link that lets whoever opens it set the name and
// password of an operator of the pages, once. It needs an operator's key.
func (c *Client) NewOperatorLink(ctx context.Context) (api.OperatorLink, error) {
	var out api.OperatorLink
	err := c.do(ctx, request{method: http.MethodPost, path: []string{"v1", "operators", "reset"}}, &out)
	return out, err
}
