package client

import (
	"context"
	"net/http"

	"github.com/valetkey/valetkey/api"
)

// Apply makes everything as a manifest describes it, as a whole or not at all,
// and returns the plan that was carried out; with DryRun, the one that would be.
func (c *Client) Apply(ctx context.Context, m api.Manifest) (api.Plan, error) {
	var plan api.Plan
	err := c.do(ctx, request{method: http.MethodPost, path: []string{"v1", "apply"}, body: m}, &plan)
	return plan, err
}
