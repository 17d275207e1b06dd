package brokertest

import (
	"context"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

func eventChecks() []check {
	return []check{
		{"every field reads back, newest first, with growing IDs", eventRoundTrip},
		{"pages go back in time without gap or repeat", eventPages},
		{"an event of an unknown connection is refused", func(t *testing.T, s ledger.Store) {
			e := event("x")
			e.Connection = "nobody"
			wantError(t, s.AppendEvent(t.Context(), e), ledger.ErrNotFound)
		}},
		{"an ID is never given twice", eventIDs},
		{"one that brings no time gets the store's", func(t *testing.T, s ledger.Store) {
			seed(t, s, "mail")
			must(t, s.AppendEvent(t.Context(), ledger.Event{Connection: "mail", Kind: "x"}))
			if got := get[[]ledger.Event](t)(s.Events(t.Context(), "mail", 0, 0))[0]; got.At.IsZero() || got.Detail != nil {
				t.Fatalf("event is %+v, want a time and no detail", got)
			}
		}},
	}
}

func eventRoundTrip(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	var want []ledger.Event
	for _, name := range []string{"mail", "files", "mail"} {
		e := event(ledger.EventRefreshed)
		e.Connection = name
		must(t, s.AppendEvent(t.Context(), e))
		if name == "mail" {
			want = append(want, e)
		}
	}
	got := get[[]ledger.Event](t)(s.Events(t.Context(), "mail", 0, 0))
	if len(got) != 2 || got[1].ID < 1 || got[0].ID <= got[1].ID {
		t.Fatalf("events are %+v, want two with growing IDs", got)
	}
	want[0].ID, want[1].ID = got[0].ID, got[1].ID
	wantEqual(t, "events", got, want)
}

func eventPages(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	for _, kind := range []string{"1", "2", "3", "4", "5"} {
		e := event(kind)
		e.Connection = "mail"
		must(t, s.AppendEvent(t.Context(), e))
	}
	var got []string
	before := int64(0)
	for range 3 {
		page := get[[]ledger.Event](t)(s.Events(t.Context(), "mail", before, 2))
		for _, e := range page {
			got = append(got, e.Kind)
			before = e.ID
		}
	}
	wantEqual(t, "all pages", got, []string{"5", "4", "3", "2", "1"})
	if rest := get[[]ledger.Event](t)(s.Events(t.Context(), "mail", before, 2)); len(rest) != 0 {
		t.Fatalf("%d events before the first", len(rest))
	}
}

func eventIDs(t *testing.T, s ledger.Store) {
	seed(t, s, "mail", "files")
	last := func(name string) int64 {
		e := event("x")
		e.Connection = name
		must(t, s.AppendEvent(t.Context(), e))
		return get[[]ledger.Event](t)(s.Events(t.Context(), name, 0, 1))[0].ID
	}
	first := last("mail")
	must(t, s.DeleteConnection(t.Context(), "mail"))
	if next := last("files"); next <= first {
		t.Fatalf("ID %d follows %d", next, first)
	}
}

func settingChecks() []check {
	return []check{
		{"a value reads back byte by byte", func(t *testing.T, s ledger.Store) {
			must(t, s.CreateSetting(t.Context(), "proof", opaque("p")))
			wantEqual(t, "setting", get[secret.Sealed](t)(s.Setting(t.Context(), "proof")), opaque("p"))
		}},
		{"it is written once", func(t *testing.T, s ledger.Store) {
			must(t, s.CreateSetting(t.Context(), "proof", opaque("p")))
			wantError(t, s.CreateSetting(t.Context(), "proof", opaque("q")), ledger.ErrExists)
			wantEqual(t, "setting", get[secret.Sealed](t)(s.Setting(t.Context(), "proof")), opaque("p"))
		}},
		{"an unknown one is not found", func(t *testing.T, s ledger.Store) {
			_, err := s.Setting(t.Context(), "nobody")
			wantError(t, err, ledger.ErrNotFound)
		}},
	}
}

func callChecks() []check {
	return []check{{"a caller that gave up is told so, and nothing is written", callCancelled}}
}

func callCancelled(t *testing.T, s ledger.Store) {
	seed(t, s, "mail")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"PutProvider":      s.PutProvider(ctx, "p", []byte(`{}`), start()),
		"PutClient":        s.PutClient(ctx, client("late")),
		"PutConnection":    s.PutConnection(ctx, connection("late")),
		"SetState":         s.SetState(ctx, "mail", 0, ledger.StateChange{State: api.StateActive}, event("late")),
		"TouchConnections": s.TouchConnections(ctx, map[string]time.Time{"mail": after(99)}),
		"SaveTokenSet":     s.SaveTokenSet(ctx, saving("mail", 1)),
		"CreateFlow":       s.CreateFlow(ctx, flow("late", "mail")),
		"DeleteConnection": s.DeleteConnection(ctx, "mail"),
		"CreateSetting":    s.CreateSetting(ctx, "late", opaque("x")),
	} {
		if err == nil {
			t.Errorf("%s went through", name)
		}
		wantError(t, err, context.Canceled)
	}
	_, err := s.Connections(ctx, ledger.ConnectionFilter{})
	wantError(t, err, context.Canceled)
	_, err = s.TokenSet(ctx, "mail")
	wantError(t, err, context.Canceled)

	wantEqual(t, "connection", get[ledger.Connection](t)(s.Connection(t.Context(), "mail")), connection("mail"))
	wantEqual(t, "events", eventKinds(t, s, "mail"), []string(nil))
	if found := get[map[string][]byte](t)(s.Providers(t.Context())); len(found) != 0 {
		t.Fatal("a provider was written")
	}
}
