package brokertest

import (
	"reflect"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Durable checks that a store still has everything after it was opened again.
// open gives an empty store and a function that opens its data once more; the
// function may be called several times.
func Durable(t *testing.T, open func(t *testing.T) (s ledger.Store, reopen func() ledger.Store)) {
	t.Run("what was written is there after opening again", func(t *testing.T) {
		s, reopen := open(t)
		seed(t, s, "mail")
		must(t, s.PutProvider(t.Context(), "contoso", []byte(`{"title":"C"}`), start()))
		must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
		must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
		must(t, s.CreateFlow(t.Context(), flow("f1", "mail")))
		must(t, s.TakeFlow(t.Context(), "f1", after(1)))
		must(t, s.CreateSetting(t.Context(), "proof", opaque("p")))
		before := read(t, s)
		for range 2 {
			wantEqual(t, "everything", read(t, reopen()), before)
		}
	})
	t.Run("fences and event IDs go on growing after opening again", func(t *testing.T) {
		s, reopen := open(t)
		seed(t, s, "mail")
		must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
		old := acquire(t, s, "mail", "one", start())
		s = reopen()
		shown, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "two", Now: start(), TTL: ttl})
		must(t, err)
		if won || !reflect.DeepEqual(shown, old) {
			t.Fatalf("the lease %+v was not kept; %+v holds it", old, shown)
		}
		if next := acquire(t, s, "mail", "two", start().Add(time.Hour)); next.Fence <= old.Fence {
			t.Fatalf("fence %d follows %d", next.Fence, old.Fence)
		}
		must(t, s.SaveTokenSet(t.Context(), saving("mail", 2)))
		events := get[[]ledger.Event](t)(s.Events(t.Context(), "mail", 0, 0))
		if len(events) != 2 || events[0].ID <= events[1].ID {
			t.Fatalf("events are %+v, want two with growing IDs", events)
		}
	})
}

// contents is what a store holds of the connection "mail" and beside it.
type contents struct {
	providers  map[string][]byte
	clients    []ledger.Client
	connection ledger.Connection
	current    ledger.TokenSet
	older      []ledger.TokenSet
	flow       ledger.Flow
	events     []ledger.Event
	setting    secret.Sealed
}

func read(t *testing.T, s ledger.Store) contents {
	t.Helper()
	return contents{
		providers:  get[map[string][]byte](t)(s.Providers(t.Context())),
		clients:    get[[]ledger.Client](t)(s.Clients(t.Context(), ledger.Page{})),
		connection: get[ledger.Connection](t)(s.Connection(t.Context(), "mail")),
		current:    get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "mail")),
		older:      get[[]ledger.TokenSet](t)(s.PreviousTokenSets(t.Context(), "mail")),
		flow:       get[ledger.Flow](t)(s.Flow(t.Context(), "f1")),
		events:     get[[]ledger.Event](t)(s.Events(t.Context(), "mail", 0, 0)),
		setting:    get[secret.Sealed](t)(s.Setting(t.Context(), "proof")),
	}
}
