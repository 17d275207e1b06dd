package brokertest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

func scheduleChecks() []check {
	return []check{
		{"what is due is claimed once, the earliest first, and later again", scheduleClaim},
		{"of two that claim at once each gets others", scheduleRace},
		{"a connection is put off unless it was renewed meanwhile", schedulePutOff},
		{"nothing without tokens is due, nor what never is", scheduleNever},
	}
}

// due saves the connection's next token set with the time it is due.
func due(t *testing.T, s ledger.Store, connection string, generation int64, at time.Time) {
	t.Helper()
	save := saving(connection, generation)
	save.DueAt = at
	must(t, s.SaveTokenSet(t.Context(), save))
}

func claim(t *testing.T, s ledger.Store, now time.Time, limit int) []string {
	t.Helper()
	found := get[[]ledger.Due](t)(s.ClaimDue(t.Context(), now, now.Add(time.Minute), limit))
	names := make([]string, len(found))
	for i, d := range found {
		if d.Client != "app" || d.Generation != 1 {
			t.Errorf("claimed %+v", d)
		}
		names[i] = d.Connection
	}
	slices.Sort(names)
	return names
}

func scheduleClaim(t *testing.T, s ledger.Store) {
	seed(t, s, "a", "b", "c")
	due(t, s, "a", 1, after(3))
	due(t, s, "b", 1, after(1))
	due(t, s, "c", 1, after(2))
	wantEqual(t, "claimed early", claim(t, s, start(), 9), []string{})
	wantEqual(t, "claimed with a limit", claim(t, s, after(5), 2), []string{"b", "c"})
	wantEqual(t, "claimed next", claim(t, s, after(5), 2), []string{"a"})
	wantEqual(t, "claimed again", claim(t, s, after(5).Add(time.Minute), 9), []string{"a", "b", "c"})
}

func scheduleRace(t *testing.T, s ledger.Store) {
	names := make([]string, 20)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	seed(t, s, names...)
	for _, name := range names {
		due(t, s, name, 1, after(1))
	}
	var mu sync.Mutex
	var all []string
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			for range 5 {
				found, err := s.ClaimDue(t.Context(), after(2), after(99), 3)
				if err != nil {
					t.Errorf("unexpected error: %v", err)
				}
				mu.Lock()
				for _, d := range found {
					all = append(all, d.Connection)
				}
				mu.Unlock()
			}
		})
	}
	nodes.Wait()
	all = append(all, claim(t, s, after(2), 99)...)
	slices.Sort(all)
	wantEqual(t, "claimed by all", all, names)
}

func schedulePutOff(t *testing.T, s ledger.Store) {
	seed(t, s, "a", "b")
	due(t, s, "a", 1, after(1))
	due(t, s, "b", 1, after(40))
	must(t, s.PutOff(t.Context(), "a", 1, after(9)))
	wantEqual(t, "claimed before its new time", claim(t, s, after(8), 9), []string{})
	must(t, s.PutOff(t.Context(), "a", 2, after(30)))
	wantEqual(t, "claimed at its time", claim(t, s, after(9), 9), []string{"a"})
	must(t, s.PutOffAll(t.Context(), []ledger.Due{{Connection: "b", Generation: 1}, {Connection: "a", Generation: 1}}, after(40)))
	wantEqual(t, "claimed before they were put off to", claim(t, s, after(39), 9), []string{})
	wantEqual(t, "claimed after they were put off together", claim(t, s, after(40), 9), []string{"a", "b"})
	must(t, s.PutOff(t.Context(), "a", 1, time.Time{}))
	must(t, s.PutOff(t.Context(), "b", 1, time.Time{}))
	wantEqual(t, "claimed after it was put off for ever", claim(t, s, after(99).Add(time.Hour), 9), []string{})
}

func scheduleNever(t *testing.T, s ledger.Store) {
	seed(t, s, "a", "b")
	due(t, s, "a", 1, time.Time{})
	wantEqual(t, "claimed", claim(t, s, after(99), 9), []string{})
	authorized := get[ledger.Connection](t)(s.Connection(t.Context(), "b"))
	if !authorized.AuthorizedAt.IsZero() {
		t.Fatalf("authorized at %v", authorized.AuthorizedAt)
	}
}
