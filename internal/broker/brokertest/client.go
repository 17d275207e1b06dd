package brokertest

import (
	"testing"

	"github.com/valetkey/valetkey/internal/ledger"
)

func clientChecks() []check {
	return []check{
		{"every field reads back as it was written", func(t *testing.T, s ledger.Store) {
			must(t, s.PutClient(t.Context(), client("app")))
			wantEqual(t, "client", get[ledger.Client](t)(s.Client(t.Context(), "app")), client("app"))
		}},
		{"a client of few fields reads back without more", func(t *testing.T, s ledger.Store) {
			bare := ledger.Client{Name: "bare", Provider: "contoso", CreatedAt: start(), UpdatedAt: start()}
			must(t, s.PutClient(t.Context(), bare))
			wantEqual(t, "client", get[ledger.Client](t)(s.Client(t.Context(), "bare")), bare)
		}},
		{"a second write replaces all but the time of creation", clientReplaced},
		{"an unknown client is not found", clientUnknown},
		{"a cause is set and cleared", clientCause},
		{"what was learned is written unless the client changed meanwhile", clientLearned},
		{"a client that a connection uses cannot be deleted", clientInUse},
		{"pages follow each other by name without gap or repeat", clientPages},
		{"what a caller does to its copy stays with the caller", clientCopies},
	}
}

func clientReplaced(t *testing.T, s ledger.Store) {
	must(t, s.PutClient(t.Context(), client("app")))
	next := ledger.Client{Name: "app", Provider: "fabrikam", ClientID: "other", CreatedAt: after(9), UpdatedAt: after(9)}
	must(t, s.PutClient(t.Context(), next))
	next.CreatedAt = start()
	wantEqual(t, "client", get[ledger.Client](t)(s.Client(t.Context(), "app")), next)
}

func clientUnknown(t *testing.T, s ledger.Store) {
	_, err := s.Client(t.Context(), "nobody")
	wantError(t, err, ledger.ErrNotFound)
	wantError(t, s.SetClientCause(t.Context(), "nobody", cause(), start()), ledger.ErrNotFound)
	wantError(t, s.DeleteClient(t.Context(), "nobody"), ledger.ErrNotFound)
}

func clientCause(t *testing.T, s ledger.Store) {
	want := client("app")
	want.Cause = nil
	must(t, s.PutClient(t.Context(), want))

	must(t, s.SetClientCause(t.Context(), "app", cause(), after(4)))
	want.Cause, want.UpdatedAt = cause(), after(4)
	wantEqual(t, "client with a cause", get[ledger.Client](t)(s.Client(t.Context(), "app")), want)

	must(t, s.SetClientCause(t.Context(), "app", nil, after(5)))
	want.Cause, want.UpdatedAt = nil, after(5)
	wantEqual(t, "client without", get[ledger.Client](t)(s.Client(t.Context(), "app")), want)
}

func clientLearned(t *testing.T, s ledger.Store) {
	want := client("app")
	must(t, s.PutClient(t.Context(), want))
	want.Learned = ledger.Learned{Method: "client_secret_basic", MethodAt: after(6)}
	must(t, s.SetClientLearned(t.Context(), want, want.Learned))
	wantEqual(t, "client", get[ledger.Client](t)(s.Client(t.Context(), "app")), want)

	read := want
	want.UpdatedAt, want.Learned = after(7), ledger.Learned{}
	must(t, s.PutClient(t.Context(), want))
	wantError(t, s.SetClientLearned(t.Context(), read, read.Learned), ledger.ErrStale)
	wantEqual(t, "client", get[ledger.Client](t)(s.Client(t.Context(), "app")), want)
	wantError(t, s.SetClientLearned(t.Context(), client("nobody"), read.Learned), ledger.ErrStale)
}

func clientInUse(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	wantError(t, s.DeleteClient(t.Context(), "app"), ledger.ErrInUse)
	_, err := s.Client(t.Context(), "app")
	must(t, err)
	must(t, s.DeleteConnection(t.Context(), "mail"))
	must(t, s.DeleteClient(t.Context(), "app"))
	_, err = s.Client(t.Context(), "app")
	wantError(t, err, ledger.ErrNotFound)
}

func clientPages(t *testing.T, s ledger.Store) {
	for _, name := range []string{"c", "a", "é", "B", "b", "日"} {
		must(t, s.PutClient(t.Context(), client(name)))
	}
	var got []string
	page := ledger.Page{Limit: 2}
	for {
		found := get[[]ledger.Client](t)(s.Clients(t.Context(), page))
		for _, c := range found {
			got = append(got, c.Name)
		}
		if len(found) < page.Limit || len(got) > 10 {
			break
		}
		page.After = found[len(found)-1].Name
	}
	// The last page is full, so an empty one follows it.
	wantEqual(t, "all pages", got, []string{"B", "a", "b", "c", "é", "日"})
	if all := get[[]ledger.Client](t)(s.Clients(t.Context(), ledger.Page{})); len(all) != 6 {
		t.Fatalf("without a limit there are %d clients, want 6", len(all))
	}
}

func clientCopies(t *testing.T, s ledger.Store) {
	written := client("app")
	must(t, s.PutClient(t.Context(), written))
	written.Secret[0] ^= 1
	written.Variables["tenant"] = "changed"
	written.AllowedHosts[0] = "changed"
	written.Cause.Code = "changed"
	read := get[ledger.Client](t)(s.Client(t.Context(), "app"))
	wantEqual(t, "after changing what was written", read, client("app"))
	read.Secret[0] ^= 1
	read.Variables["tenant"] = "changed"
	read.Cause.Code = "changed"
	wantEqual(t, "after changing what was read", get[ledger.Client](t)(s.Client(t.Context(), "app")), client("app"))
}
