package brokertest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
)

func tokenChecks() []check {
	return []check{
		{"every field reads back as it was written", tokenRoundTrip},
		{"a connection shows its current token set", tokenShown},
		{"a token set may leave out what the provider did not say", tokenBare},
		{"an unknown connection has and gets none", tokenUnknown},
		{"only the next generation is saved", tokenNextOnly},
		{"of many that save a generation one wins", tokenRace},
		{"a lost save changes nothing", tokenLost},
		{"the newest older generations are kept, newest first", tokenKept},
		{"an account that is not named stays", tokenAccount},
		{"captured variables stay until others are written, and all are replaced then", tokenCaptured},
		{"only a refresh moves the time of the last refresh", tokenRefreshedAt},
		{"dropping forgets all generations, with state and event", tokenDropped},
		{"dropping outdates a renewal that is on its way", tokenDroppedMeanwhile},
	}
}

func tokenRoundTrip(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	wantEqual(t, "token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 1))
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
	wantEqual(t, "next token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 2))
	_, err := s.TokenSet(t.Context(), "files")
	wantError(t, err, ledger.ErrNotFound)
}

func tokenShown(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	save := saving("mail", 1)
	save.Account = "max"
	save.Change = ledger.StateChange{State: api.StateDegraded, Cause: &api.Cause{Code: "scope"}}
	must(t, s.SaveTokenSet(t.Context(), save))

	want := connection("mail")
	want.State, want.Cause, want.Account, want.UpdatedAt = api.StateDegraded, save.Change.Cause, "max", save.Event.At
	want.AuthorizedAt = save.Set.ObtainedAt
	want.Generation, want.ExpiresAt, want.RefreshExpiresAt = 1, save.Set.ExpiresAt, save.Set.RefreshExpiresAt
	want.Renewable, want.GrantedScopes = true, save.Set.Scope
	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), want)
	list := get[[]ledger.Connection](t)(s.Connections(t.Context(), ledger.ConnectionFilter{}))
	wantEqual(t, "list", list, []ledger.Connection{connection("files"), want})
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string{ledger.EventAuthorized})
}

func tokenBare(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	bare := ledger.TokenSet{Connection: "mail", Generation: 1, AccessToken: opaque("a")}
	must(t, s.SaveTokenSet(t.Context(), ledger.TokenSave{Set: bare, Change: ledger.StateChange{State: api.StateActive}, Event: event("x")}))
	wantEqual(t, "token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), bare)
	c := get[ledger.Connection](t)(s.Connection(t.Context(), "mail"))
	if c.Generation != 1 || c.Renewable || !c.ExpiresAt.IsZero() || !c.RefreshExpiresAt.IsZero() || c.GrantedScopes != nil {
		t.Fatalf("the connection shows more than its token set has: %+v", c)
	}
}

func tokenUnknown(t *testing.T, s ledger.Store) {
	_, err := s.TokenSet(t.Context(), "nobody")
	wantError(t, err, ledger.ErrNotFound)
	if found := get[[]ledger.TokenSet](t)(s.PreviousTokenSets(t.Context(), "nobody")); len(found) != 0 {
		t.Fatalf("an unknown connection has %d token sets", len(found))
	}
	wantError(t, s.SaveTokenSet(t.Context(), saving("nobody", 1)), ledger.ErrNotFound)
	wantError(t, s.DropTokenSets(t.Context(), "nobody", ledger.StateChange{State: api.StateRevoked}, event("x")), ledger.ErrNotFound)
}

func tokenNextOnly(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	for _, generation := range []int64{-1, 0, 2} {
		wantError(t, s.SaveTokenSet(t.Context(), saving("mail", generation)), ledger.ErrStale)
	}
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	for _, generation := range []int64{0, 1, 3} {
		wantError(t, s.SaveTokenSet(t.Context(), saving("mail", generation)), ledger.ErrStale)
	}
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
}

func tokenRace(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	var won atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			switch err := s.SaveTokenSet(t.Context(), saving("mail", 1)); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ledger.ErrStale):
				t.Errorf("a loser got %v, want %v", err, ledger.ErrStale)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d saves of one generation won", won.Load())
	}
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string{ledger.EventAuthorized})
}

func tokenLost(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	before := get[ledger.Connection](t)(s.Connection(t.Context(), "mail"))
	late := saving("mail", 1)
	late.Set.AccessToken = opaque("late")
	late.Change.State = api.StateBlocked
	late.Account = "late"
	late.Keep = 0
	wantError(t, s.SaveTokenSet(t.Context(), late), ledger.ErrStale)
	late.Set.Generation, late.Fence = 2, 99
	wantError(t, s.SaveTokenSet(t.Context(), late), ledger.ErrStale)

	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), before)
	wantEqual(t, "token set", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 1))
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string{ledger.EventAuthorized})
}

func tokenKept(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	for generation := int64(1); generation <= 5; generation++ {
		save := saving("mail", generation)
		save.Keep = 2
		must(t, s.SaveTokenSet(t.Context(), save))
	}
	older := get[[]ledger.TokenSet](t)(s.PreviousTokenSets(t.Context(), "mail"))
	wantEqual(t, "older", older, []ledger.TokenSet{tokenSet("mail", 4), tokenSet("mail", 3)})

	last := saving("mail", 6)
	last.Keep = 0
	must(t, s.SaveTokenSet(t.Context(), last))
	if older := get[[]ledger.TokenSet](t)(s.PreviousTokenSets(t.Context(), "mail")); len(older) != 0 {
		t.Fatalf("%d older generations are left, want none", len(older))
	}
	wantEqual(t, "current", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")), tokenSet("mail", 6))
}

func tokenAccount(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	for generation, tt := range []struct{ write, want string }{{"", connection("mail").Account}, {"max", "max"}, {"", "max"}} {
		save := saving("mail", int64(generation+1))
		save.Account = tt.write
		must(t, s.SaveTokenSet(t.Context(), save))
		if got := get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).Account; got != tt.want {
			t.Fatalf("account is %q after writing %q, want %q", got, tt.write, tt.want)
		}
	}
}

func tokenCaptured(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	for generation, tt := range []struct{ write, want map[string]string }{
		{nil, connection("mail").Captured},
		{map[string]string{"région": "zürich"}, map[string]string{"région": "zürich"}},
		{nil, map[string]string{"région": "zürich"}},
	} {
		save := saving("mail", int64(generation+1))
		save.Captured = tt.write
		must(t, s.SaveTokenSet(t.Context(), save))
		wantEqual(t, "captured", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).Captured, tt.want)
	}
}

func tokenRefreshedAt(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	if got := get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).LastRefreshedAt; !got.Equal(connection("").LastRefreshedAt) {
		t.Fatalf("an authorization moved the time of the last refresh to %v", got)
	}
	save := saving("mail", 2)
	save.Event.Kind = ledger.EventRefreshed
	save.Set.ObtainedAt = after(40)
	must(t, s.SaveTokenSet(t.Context(), save))
	if got := get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).LastRefreshedAt; !got.Equal(after(40)) {
		t.Fatalf("after a refresh the time of the last refresh is %v, want %v", got, after(40))
	}
}

func tokenDropped(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	must(t, s.SaveTokenSet(t.Context(), saving("files", 1)))
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
	must(t, s.DropTokenSets(t.Context(), "mail", ledger.StateChange{State: api.StateRevoked, Cause: cause()}, event(ledger.EventRevoked)))

	want := connection("mail")
	want.State, want.UpdatedAt, want.Captured = api.StateRevoked, event("").At, nil
	want.AuthorizedAt = tokenSet("mail", 2).ObtainedAt
	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), want)
	_, err := s.TokenSet(t.Context(), "mail")
	wantError(t, err, ledger.ErrNotFound)
	if left := get[[]ledger.TokenSet](t)(s.PreviousTokenSets(t.Context(), "mail")); len(left) != 0 {
		t.Fatalf("%d token sets are left", len(left))
	}
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string{ledger.EventRevoked, ledger.EventAuthorized, ledger.EventAuthorized})
	wantError(t, s.SaveTokenSet(t.Context(), saving("mail", 3)), ledger.ErrStale)
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	wantEqual(t, "the other's", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "files")), tokenSet("files", 1))
}

func tokenDroppedMeanwhile(t *testing.T, s ledger.Store) {
	seed(t, s, "robot")
	lease, _, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "robot", Owner: "renewer", Now: start(), TTL: time.Hour})
	must(t, err)
	must(t, s.DropTokenSets(t.Context(), "robot", ledger.StateChange{State: api.StateRevoked}, event(ledger.EventRevoked)))
	late := saving("robot", 1) // of a grant without a person: it needs no earlier generation
	late.Fence = lease.Fence
	wantError(t, s.SaveTokenSet(t.Context(), late), ledger.ErrStale)
	if got := get[ledger.Connection](t)(s.Connection(t.Context(), "robot")).State; got != api.StateRevoked {
		t.Fatalf("state is %s, want %s", got, api.StateRevoked)
	}
}
