package client_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/client"
)

// flowOf answers pending until the flow has been asked for n times.
func flowOf(n int, end api.FlowStatus) http.Handler {
	asked := 0
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		status := api.FlowPending
		if asked > n {
			status = end
		}
		answer(w, 200, api.Flow{ID: "f", Connection: "mail", Status: status})
	})
}

func TestWaitReturnsWhenTheFlowHasEnded(t *testing.T) {
	for _, end := range []api.FlowStatus{api.FlowDone, api.FlowFailed} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			flow, err := client.NewForHandler(flowOf(20, end)).Flows.Wait(t.Context(), "f")
			if err != nil || flow.Status != end {
				t.Fatal(flow, err)
			}
			if took := time.Since(begin); took < 10*time.Second || took > time.Minute {
				t.Error("twenty looks took", took)
			}
		})
	}
}

func TestWaitEndsWithItsContextAndSaysWhatItSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		flow, err := client.NewForHandler(flowOf(1e6, api.FlowDone)).Flows.Wait(ctx, "f")
		if !errors.Is(err, context.DeadlineExceeded) || flow.Connection != "mail" {
			t.Error(flow, err)
		}
	})
}

func TestWaitStopsAtAnError(t *testing.T) {
	c := client.NewForHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, api.Problem{Status: 404, Code: api.CodeNotFound, Title: "No such thing"})
	}))
	_, err := c.Flows.Wait(t.Context(), "f")
	var p *api.Problem
	if !errors.As(err, &p) || p.Code != api.CodeNotFound {
		t.Error(err)
	}
}
