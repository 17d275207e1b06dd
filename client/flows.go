package client

import (
	"context"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
)

// Flows are authorizations in progress.
type Flows struct {
	client *Client
}

// Get returns how far an authorization has come.
func (f *Flows) Get(ctx context.Context, id string) (api.Flow, error) {
	var out api.Flow
	err := f.client.do(ctx, request{method: http.MethodGet, path: []string{"v1", "flows", id}}, &out)
	return out, err
}

// The pauses between two looks at a flow: short at first, because a browser
// that is signed in already comes back within a second.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Wait returns the flow when it is no longer pending. It ends early with ctx,
// whose error it then returns together with the flow as last seen.
func (f *Flows) Wait(ctx context.Context, id string) (api.Flow, error) {
	pause := firstPause
	timer := time.NewTimer(0)
	defer timer.Stop()
	last := api.Flow{ID: id, Status: api.FlowPending}
	for {
		select {
		case <-ctx.Done():
			return last, ctx.Err()
		case <-timer.C:
		}
		flow, err := f.Get(ctx, id)
		if err != nil {
			return last, err
		}
		if flow.Status != api.FlowPending {
			return flow, nil
		}
		last = flow
		timer.Reset(pause)
		pause = min(pause*3/2, lastPause)
	}
}
