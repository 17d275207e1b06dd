package brokertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

func connectionChecks() []check {
	return []check{
		{"every field reads back as it was written", func(t *testing.T, s ledger.Store) {
			seed(t, s, "mail")
			wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), connection("mail"))
		}},
		{"names may be of any script", func(t *testing.T, s ledger.Store) {
			name := "postfach/zoë's 日本 🔑 %_'\""
			seed(t, s, name)
			wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), name)), connection(name))
		}},
		{"a second write replaces settings and state only", connectionReplaced},
		{"the fields of a token set are not written", connectionTokenFields},
		{"a proof key is kept until the tokens are dropped", connectionProofKey},
		{"a connection needs a client that exists", func(t *testing.T, s ledger.Store) {
			wantError(t, s.PutConnection(t.Context(), connection("mail")), ledger.ErrNotFound)
			_, err := s.Connection(t.Context(), "mail")
			wantError(t, err, ledger.ErrNotFound)
		}},
		{"an unknown connection is not found", connectionUnknown},
		{"a filter selects by client and by state", connectionFilter},
		{"pages of a filter follow each other without gap or repeat", connectionPages},
		{"the time of last use only moves forward", connectionTouched},
		{"a deleted connection takes all that is its own along", connectionDeleted},
		{"a connection made anew has nothing of its former self", connectionAnew},
	}
}

func connectionReplaced(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.PutClient(t.Context(), client("other")))
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	want := get[ledger.Connection](t)(s.Connection(t.Context(), "mail"))

	next := ledger.Connection{
		Name:      "mail",
		Spec:      api.ConnectionSpec{Client: "other", Scopes: []string{"new"}},
		State:     api.StateDegraded,
		UpdatedAt: after(8),
		CreatedAt: after(8),
		Account:   "nobody",
	}
	must(t, s.PutConnection(t.Context(), next))
	want.Spec, want.State, want.Cause, want.UpdatedAt = next.Spec, next.State, nil, after(8)
	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), want)

	found := get[[]ledger.Connection](t)(s.Connections(t.Context(), ledger.ConnectionFilter{Client: "other"}))
	wantEqual(t, "connections of the new client", names(found), []string{"mail"})
}

func connectionTokenFields(t *testing.T, s ledger.Store) {
	seed(t, s)
	c := connection("mail")
	c.Generation, c.ExpiresAt, c.RefreshExpiresAt, c.Renewable, c.GrantedScopes = 7, after(1), after(2), true, []string{"x"}
	must(t, s.PutConnection(t.Context(), c))
	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), connection("mail"))
	_, err := s.TokenSet(t.Context(), "mail")
	wantError(t, err, ledger.ErrNotFound)
}

func connectionUnknown(t *testing.T, s ledger.Store) {
	_, err := s.Connection(t.Context(), "nobody")
	wantError(t, err, ledger.ErrNotFound)
	wantError(t, s.DeleteConnection(t.Context(), "nobody"), ledger.ErrNotFound)
	wantError(t, s.SetState(t.Context(), "nobody", 0, ledger.StateChange{State: api.StateActive}, event("x")), ledger.ErrNotFound)
}

func connectionFilter(t *testing.T, s ledger.Store) {
	seed(t, s, "a", "b")
	must(t, s.PutClient(t.Context(), client("other")))
	for name, state := range map[string]api.State{"c": api.StateActive, "d": api.StateNeedsAuthorization} {
		c := connection(name)
		c.Spec.Client, c.State = "other", state
		must(t, s.PutConnection(t.Context(), c))
	}
	for _, tt := range []struct {
		name   string
		filter ledger.ConnectionFilter
		want   []string
	}{
		{"nothing", ledger.ConnectionFilter{}, []string{"a", "b", "c", "d"}},
		{"client", ledger.ConnectionFilter{Client: "other"}, []string{"c", "d"}},
		{"state", ledger.ConnectionFilter{State: api.StateNeedsAuthorization}, []string{"a", "b", "d"}},
		{"both", ledger.ConnectionFilter{Client: "other", State: api.StateActive}, []string{"c"}},
		{"both with a page", ledger.ConnectionFilter{Page: ledger.Page{After: "a", Limit: 1}, Client: "app", State: api.StateNeedsAuthorization}, []string{"b"}},
		{"an unknown client", ledger.ConnectionFilter{Client: "nobody"}, nil},
	} {
		wantEqual(t, "selected by "+tt.name, names(get[[]ledger.Connection](t)(s.Connections(t.Context(), tt.filter))), tt.want)
	}
}

func connectionPages(t *testing.T, s ledger.Store) {
	seed(t, s)
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("c%02d", i*37%25)) // not in the order of their names
		must(t, s.PutConnection(t.Context(), connection(want[i])))
	}
	slices.Sort(want)
	var got []string
	filter := ledger.ConnectionFilter{Client: "app", Page: ledger.Page{Limit: 7}}
	for range 4 {
		found := get[[]ledger.Connection](t)(s.Connections(t.Context(), filter))
		got = append(got, names(found)...)
		filter.After = got[len(got)-1]
		// A name that comes before the cursor does not move what follows.
		must(t, s.PutConnection(t.Context(), connection(fmt.Sprintf("a%d", len(got)))))
	}
	wantEqual(t, "all pages", got, want)
}

func connectionTouched(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	must(t, s.TouchConnections(t.Context(), map[string]time.Time{"mail": after(50), "files": after(1), "nobody": after(50)}))
	want := connection("mail")
	want.LastUsedAt = after(50)
	wantEqual(t, "used later", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), want)
	wantEqual(t, "used before", get[ledger.Connection](t)(s.Connection(t.Context(), "files")), connection("files"))
	must(t, s.TouchConnections(t.Context(), nil))
}

func connectionDeleted(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	for _, name := range []string{"mail", "files"} {
		must(t, s.SaveTokenSet(t.Context(), saving(name, 1)))
		must(t, s.SaveTokenSet(t.Context(), saving(name, 2)))
		must(t, s.CreateFlow(t.Context(), flow("flow of "+name, name)))
	}
	must(t, s.DeleteConnection(t.Context(), "mail"))

	_, err := s.Connection(t.Context(), "mail")
	wantError(t, err, ledger.ErrNotFound)
	_, err = s.TokenSet(t.Context(), "mail")
	wantError(t, err, ledger.ErrNotFound)
	_, err = s.Flow(t.Context(), "flow of mail")
	wantError(t, err, ledger.ErrNotFound)
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string(nil))
	if left := get[[]ledger.TokenSet](t)(s.PreviousTokenSets(t.Context(), "mail")); len(left) != 0 {
		t.Fatalf("older token sets are left: %d", len(left))
	}

	wantEqual(t, "token set of the other", get[ledger.TokenSet](t)(s.TokenSet(t.Context(), "files")), tokenSet("files", 2))
	_, err = s.Flow(t.Context(), "flow of files")
	must(t, err)
}

func connectionAnew(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	must(t, s.SaveTokenSet(t.Context(), saving("mail", 1)))
	lease, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "old", Now: start(), TTL: time.Hour})
	must(t, err)
	must(t, s.DeleteConnection(t.Context(), "mail"))
	must(t, s.PutConnection(t.Context(), connection("mail")))
	if !won {
		t.Fatal("the first lease was not given")
	}

	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), connection("mail"))
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string(nil))
	next, won, err := s.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "new", Now: start(), TTL: time.Hour})
	must(t, err)
	if !won || next.Fence <= lease.Fence {
		t.Fatalf("the new connection's lease is %+v (given: %v), want a fence above %d", next, won, lease.Fence)
	}
	late := saving("mail", 1)
	late.Fence = lease.Fence
	wantError(t, s.SaveTokenSet(t.Context(), late), ledger.ErrStale)
}

func connectionProofKey(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	first := get[secret.Sealed](t)(s.KeepProofKey(t.Context(), "mail", opaque("first")))
	wantEqual(t, "the first key", first, opaque("first"))
	second := get[secret.Sealed](t)(s.KeepProofKey(t.Context(), "mail", opaque("second")))
	wantEqual(t, "the key after another one came", second, opaque("first"))
	must(t, s.PutConnection(t.Context(), connection("mail")))
	wantEqual(t, "the key of the connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).ProofKey, opaque("first"))

	must(t, s.DropTokenSets(t.Context(), "mail", ledger.StateChange{State: api.StateRevoked}, ledger.Event{Connection: "mail", At: after(5), Kind: ledger.EventRevoked}))
	if key := get[ledger.Connection](t)(s.Connection(t.Context(), "mail")).ProofKey; key != nil {
		t.Errorf("a revoked connection keeps its key")
	}
	_, err := s.KeepProofKey(t.Context(), "nobody", opaque("key"))
	wantError(t, err, ledger.ErrNotFound)
}
