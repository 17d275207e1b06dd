package linktest

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/link"
)

// Store checks that a store keeps the contract of [link.Store]. Each call of
// open gives an empty store, to be closed by t.Cleanup.
func Store(t *testing.T, open func(t *testing.T) link.Store) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s link.Store)
	}{
		{"every field reads back, by ID and by hash", roundTrip},
		{"a link is changed by whoever read it last", swap},
		{"lists are the newest first, filtered, and cut", lists},
		{"what expired before an instant is removed", removal},
		{"a caller that gave up is told so", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

func start() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

// sample is a link with all its fields.
func sample(id string) link.Link {
	return link.Link{
		ID: id, Hash: [32]byte{id[0], 0, 255}, Connection: "mail", Status: api.LinkOpened, Flow: "flow-" + id,
		Terms: link.Terms{
			Kind: api.LinkAdminConsent, ThenAuthorize: true,
			Create: &api.ConnectionSpec{Client: "app", Scopes: []string{"größer"}}, ExpectedAccount: "maria@contoso.com",
			Brand: api.ConnectLinkBrand{Name: "Contoso"}, ReturnTo: "https://contoso.com/", Webhook: "https://contoso.com/hook",
		},
		Progress:      link.Progress{OpenedAt: start(), Cause: &api.Cause{Code: "x"}, Tries: 2, Granted: map[string]string{"tenant": "größer"}},
		WebhookSecret: []byte{1, 0, 2}, DueAt: start(), CreatedAt: start(), ExpiresAt: start().Add(time.Hour), Version: 1,
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

func reads(t *testing.T, s link.Store, want link.Link) {
	t.Helper()
	got, err := s.Link(t.Context(), want.ID)
	must(t, err)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func roundTrip(t *testing.T, s link.Store) {
	full, bare := sample("a"), link.Link{ID: "b", Hash: [32]byte{9}, Connection: "post", Status: api.LinkPending, CreatedAt: start(), ExpiresAt: start(), Version: 1}
	must(t, s.CreateLink(t.Context(), full))
	must(t, s.CreateLink(t.Context(), bare))
	reads(t, s, full)
	reads(t, s, bare)
	got, err := s.LinkByHash(t.Context(), full.Hash)
	must(t, err)
	if got.ID != "a" {
		t.Errorf("%+v", got)
	}
	wants(t, s.CreateLink(t.Context(), full), ledger.ErrExists)
	_, err = s.LinkByHash(t.Context(), [32]byte{77})
	wants(t, err, ledger.ErrNotFound)
	_, err = s.Link(t.Context(), "nothing")
	wants(t, err, ledger.ErrNotFound)
}

func swap(t *testing.T, s link.Store) {
	must(t, s.CreateLink(t.Context(), sample("a")))
	next := sample("a")
	next.Status, next.Flow, next.Terms, next.Progress = api.LinkDone, "", link.Terms{ExpectedAccount: "other"}, link.Progress{EndedAt: start()}
	next.WebhookSecret, next.DueAt, next.ExpiresAt = nil, time.Time{}, start()
	must(t, s.SaveLink(t.Context(), next))
	wants(t, s.SaveLink(t.Context(), sample("a")), ledger.ErrStale)
	wants(t, s.SaveLink(t.Context(), sample("b")), ledger.ErrNotFound)
	next.Version = 2
	reads(t, s, next)
}

func lists(t *testing.T, s link.Store) {
	change := map[string]func(*link.Link){
		"a": func(l *link.Link) { l.Status, l.Flow, l.DueAt = api.LinkPending, "", time.Time{} },
		"b": func(l *link.Link) { l.Connection, l.Status = "post", api.LinkDone },
		"c": func(l *link.Link) { l.DueAt, l.ExpiresAt = start().Add(time.Minute), start() },
		"d": func(l *link.Link) { l.Flow, l.Status, l.ExpiresAt = "", api.LinkRevoked, start() },
	}
	for id, with := range change {
		l := sample(id)
		with(&l)
		must(t, s.CreateLink(t.Context(), l))
	}
	for _, test := range []struct {
		filter link.Filter
		want   string
	}{
		{link.Filter{}, "dcba"},
		{link.Filter{Limit: 2}, "dc"},
		{link.Filter{Before: "c", Limit: 1}, "b"},
		{link.Filter{Connection: "post"}, "b"},
		{link.Filter{Flow: "flow-c"}, "c"},
		{link.Filter{Status: api.LinkPending}, "a"},
		{link.Filter{Trying: true}, "c"},
		{link.Filter{DueBy: start()}, "db"},
		{link.Filter{ExpiredBy: start()}, "c"},
		{link.Filter{Connection: "nothing"}, ""},
	} {
		found, err := s.Links(t.Context(), test.filter)
		must(t, err)
		got := ""
		for _, l := range found {
			got += l.ID
		}
		if got != test.want {
			t.Errorf("%+v: %q, want %q", test.filter, got, test.want)
		}
	}
}

func removal(t *testing.T, s link.Store) {
	old := sample("a")
	old.ExpiresAt = start()
	must(t, s.CreateLink(t.Context(), old))
	must(t, s.CreateLink(t.Context(), sample("b")))
	must(t, s.DeleteLinks(t.Context(), start().Add(time.Second)))
	reads(t, s, sample("b"))
	_, err := s.Link(t.Context(), "a")
	wants(t, err, ledger.ErrNotFound)
}

func cancelled(t *testing.T, s link.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wants(t, s.CreateLink(ctx, sample("a")), context.Canceled)
	_, err := s.Links(ctx, link.Filter{})
	wants(t, err, context.Canceled)
}
