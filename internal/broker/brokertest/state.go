package brokertest

import (
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

func stateChecks() []check {
	return []check{
		{"a change moves state, cause and time, with its event", stateChanged},
		{"nil clears the cause", func(t *testing.T, s ledger.Store) {
			seed(t, s, "mail")
			must(t, s.SetState(t.Context(), "mail", 0, ledger.StateChange{State: api.StateActive}, event("x")))
			if got := get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).Cause; got != nil {
				t.Fatalf("cause is %+v, want none", got)
			}
		}},
		{"a verdict on the current generation counts", func(t *testing.T, s ledger.Store) {
			seed(t, s, "mail")
			must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
			must(t, s.SetState(t.Context(), "mail", 1, ledger.StateChange{State: api.StateDegraded}, event("x")))
		}},
		{"a verdict on a generation that was replaced changes nothing", stateStale},
		{"a verdict on tokens that were given up changes nothing", stateAfterRevocation},
	}
}

func stateChanged(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	e := event(ledger.EventRefreshFailed)
	told := map[string]string{"tenant": "contoso"}
	must(t, s.SetState(t.Context(), "mail", 0, ledger.StateChange{State: api.StateBlocked, Cause: cause(), Captured: told}, e))

	want := connection("mail")
	want.State, want.Cause, want.UpdatedAt, want.Captured = api.StateBlocked, cause(), e.At, told
	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), want)

	events := get[[]ledger.Event](t)(s.Events(t.Context(), "mail", 0, 0))
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	e.Connection, e.ID = "mail", events[0].ID
	wantEqual(t, "event", events[0], e)
}

func stateStale(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
	before := get[ledger.Connection](t)(s.Connection(t.Context(), "mail"))
	err := s.SetState(t.Context(), "mail", 1, ledger.StateChange{State: api.StateBlocked}, event("late"))
	wantError(t, err, ledger.ErrStale)
	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), before)
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string{ledger.EventAuthorized, ledger.EventAuthorized})
}

// A verdict on tokens that were given up since must not bring the connection
// out of its revocation.
func stateAfterRevocation(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
	must(t, s.DropTokenSets(t.Context(), "mail", ledger.StateChange{State: api.StateRevoked}, event("revoked")))
	err := s.SetState(t.Context(), "mail", 2, ledger.StateChange{State: api.StateNeedsAuthorization}, event("late"))
	wantError(t, err, ledger.ErrStale)
	if c := get[ledger.Connection](t)(s.Connection(t.Context(), "mail")); c.State != api.StateRevoked {
		t.Fatalf("the connection is %s", c.State)
	}
}
