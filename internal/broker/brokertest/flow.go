package brokertest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

func flowChecks() []check {
	return []check{
		{"it is found by ID and by state, every field as written", flowRoundTrip},
		{"an unknown one is not found", flowUnknown},
		{"ID and state are taken once", flowExists},
		{"it is taken once by fifty callbacks", flowTakenOnce},
		{"one that has ended cannot be taken", flowEnded},
		{"it ends with a status and a cause", flowFinished},
		{"only those that expired before are deleted", flowDeleted},
	}
}

func flowRoundTrip(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
	must(t, s.CreateFlow(t.Context(), flow("f2", "mail")))
	wantEqual(t, "flow by ID", get[ledger.Flow](t)(s.Flow(t.Context(), "f1")), flow("f1", "mail"))
	wantEqual(t, "flow by state", get[ledger.Flow](t)(s.FlowByState(t.Context(), flow("f2", "").StateHash)), flow("f2", "mail"))
}

func flowUnknown(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
	_, err := s.Flow(t.Context(), "nobody")
	wantError(t, err, ledger.ErrNotFound)
	_, err = s.FlowByState(t.Context(), []byte("hash"))
	wantError(t, err, ledger.ErrNotFound)
	_, err = s.FlowByState(t.Context(), nil)
	wantError(t, err, ledger.ErrNotFound)
	wantError(t, s.TakeFlow(t.Context(), "nobody", start()), ledger.ErrNotFound)
	wantError(t, s.FinishFlow(t.Context(), "nobody", api.FlowDone, nil), ledger.ErrNotFound)
	wantError(t, s.CreateFlow(t.Context(), flow("f2", "nobody")), ledger.ErrNotFound)
}

func flowExists(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
	sameID, sameState := flow("f2", "mail"), flow("f1", "mail")
	sameID.ID, sameState.ID = "f1", "f3"
	wantError(t, s.CreateFlow(t.Context(), sameID), ledger.ErrExists)
	wantError(t, s.CreateFlow(t.Context(), sameState), ledger.ErrExists)
	wantEqual(t, "the first", get[ledger.Flow](t)(s.Flow(t.Context(), "f1")), flow("f1", "mail"))
}

func flowTakenOnce(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
	var won atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			switch err := s.TakeFlow(t.Context(), "f1", after(1)); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ledger.ErrStale):
				t.Errorf("a loser got %v, want %v", err, ledger.ErrStale)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d callbacks took the flow", won.Load())
	}
	want := flow("f1", "mail")
	want.TakenAt = after(1)
	wantEqual(t, "flow", get[ledger.Flow](t)(s.Flow(t.Context(), "f1")), want)
}

func flowEnded(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
	must(t, s.FinishFlow(t.Context(), "f1", api.FlowFailed, cause()))
	wantError(t, s.TakeFlow(t.Context(), "f1", after(1)), ledger.ErrStale)
}

func flowFinished(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
	must(t, s.CreateFlow(t.Context(), flow("f2", "mail")))
	must(t, s.TakeFlow(t.Context(), "f1", after(1)))
	must(t, s.FinishFlow(t.Context(), "f1", api.FlowFailed, cause()))
	want := flow("f1", "mail")
	want.TakenAt, want.Status, want.Cause = after(1), api.FlowFailed, cause()
	wantEqual(t, "failed flow", get[ledger.Flow](t)(s.Flow(t.Context(), "f1")), want)
	must(t, s.FinishFlow(t.Context(), "f1", api.FlowDone, nil))
	want.Status, want.Cause = api.FlowDone, nil
	wantEqual(t, "done flow", get[ledger.Flow](t)(s.Flow(t.Context(), "f1")), want)
	wantEqual(t, "the other", get[ledger.Flow](t)(s.Flow(t.Context(), "f2")), flow("f2", "mail"))
}

func flowDeleted(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	for id, minutes := range map[string]int{"old": 1, "edge": 2, "young": 3} {
		f := flow(id, "mail")
		f.ExpiresAt = after(minutes)
		must(t, s.CreateFlow(t.Context(), f))
	}
	must(t, s.DeleteFlows(t.Context(), after(2)))
	_, err := s.Flow(t.Context(), "old")
	wantError(t, err, ledger.ErrNotFound)
	for _, id := range []string{"edge", "young"} {
		_, err := s.Flow(t.Context(), id)
		must(t, err)
	}
}
