package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// soon bounds what is promised within a second, on a machine that is busy.
const soon = time.Minute

// follow returns the changes that a database hears of, after the first, which
// says that anything may have changed.
func follow(t *testing.T, db *store.DB) <-chan ledger.Change {
	t.Helper()
	changes := db.Changes(t.Context())
	wantChange(t, changes, ledger.Change{})
	return changes
}

func wantChange(t *testing.T, changes <-chan ledger.Change, want ledger.Change) {
	t.Helper()
	select {
	case got, open := <-changes:
		if !open || got != want {
			t.Fatalf("change is %+v (open: %v), want %+v", got, open, want)
		}
	case <-time.After(soon):
		t.Fatalf("no change was heard of, want %+v", want)
	}
}

func TestAnotherNodeHearsOfEveryChangeThatMatters(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	here, there := openURL(t, address), openURL(t, address)
	apart := openURL(t, server.URL(t)) // in the same database, in another schema
	heard := follow(t, there)

	set := ledger.TokenSave{Set: ledger.TokenSet{Connection: "mail", Generation: 1}, Change: ledger.StateChange{State: api.StateActive}}
	state := ledger.StateChange{State: api.StateRevoked}
	mail := ledger.Change{Noun: ledger.NounConnection, Name: "mail"}
	app := ledger.Change{Noun: ledger.NounClient, Name: "app"}
	contoso := ledger.Change{Noun: ledger.NounProvider, Name: "contoso"}
	robot := ledger.Change{Noun: ledger.NounKey, Name: "robot"}
	none := ledger.Change{Noun: "none"}
	for _, step := range []struct {
		name string
		do   func(ctx context.Context, db *store.DB) error
		want ledger.Change
	}{
		{"put a provider", func(ctx context.Context, db *store.DB) error {
			return db.PutProvider(ctx, "contoso", []byte("{}"), time.Now())
		}, contoso},
		{"put a client", func(ctx context.Context, db *store.DB) error {
			return db.PutClient(ctx, ledger.Client{Name: "app", Provider: "contoso"})
		}, app},
		{"a client is refused", func(ctx context.Context, db *store.DB) error {
			return db.SetClientCause(ctx, "app", &api.Cause{Code: "invalid_client"}, time.Now())
		}, app},
		{"put a connection", func(ctx context.Context, db *store.DB) error {
			return db.PutConnection(ctx, ledger.Connection{Name: "mail", Spec: api.ConnectionSpec{Client: "app"}, State: api.StateNew})
		}, mail},
		{"a write that fails", func(ctx context.Context, db *store.DB) error {
			_ = db.PutConnection(ctx, ledger.Connection{Name: "lost", Spec: api.ConnectionSpec{Client: "nobody"}})
			return nil
		}, none},
		{"a lease", func(ctx context.Context, db *store.DB) error {
			_, _, err := db.AcquireLease(ctx, ledger.LeaseRequest{Connection: "mail", Owner: "me", Now: time.Now(), TTL: time.Minute})
			return err
		}, none},
		{"save tokens", func(ctx context.Context, db *store.DB) error { return db.SaveTokenSet(ctx, set) }, mail},
		{"use", func(ctx context.Context, db *store.DB) error {
			return db.TouchConnections(ctx, map[string]time.Time{"mail": time.Now()})
		}, none},
		{"an event", func(ctx context.Context, db *store.DB) error {
			return db.AppendEvent(ctx, ledger.Event{Connection: "mail", Kind: "x"})
		}, none},
		{"a state", func(ctx context.Context, db *store.DB) error {
			return db.SetState(ctx, "mail", 1, state, ledger.Event{Kind: "x"})
		}, mail},
		{"drop tokens", func(ctx context.Context, db *store.DB) error {
			return db.DropTokenSets(ctx, "mail", state, ledger.Event{Kind: "x"})
		}, mail},
		{"delete a connection", func(ctx context.Context, db *store.DB) error { return db.DeleteConnection(ctx, "mail") }, mail},
		{"delete a client", func(ctx context.Context, db *store.DB) error { return db.DeleteClient(ctx, "app") }, app},
		{"delete a provider", func(ctx context.Context, db *store.DB) error { return db.DeleteProvider(ctx, "contoso") }, contoso},
		{"create a key", func(ctx context.Context, db *store.DB) error {
			return db.CreateKey(ctx, access.Key{Name: "robot", Role: api.RoleCaller})
		}, robot},
		{"delete a key", func(ctx context.Context, db *store.DB) error { return db.DeleteKey(ctx, "robot") }, robot},
	} {
		if err := step.do(t.Context(), here); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if step.want != none { // what is not told shows as the next step's notice being out of turn
			t.Log(step.name)
			wantChange(t, heard, step.want)
		}
	}
	// One's own changes, and another installation's, are no news.
	putClient(t, there, "own")
	putClient(t, apart, "theirs")
	putClient(t, here, "last")
	wantChange(t, heard, ledger.Change{Noun: ledger.NounClient, Name: "last"})
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

func TestAfterALossANodeIsToldThatAnythingMayHaveChanged(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	here := openURL(t, address)
	var log lines
	there, err := store.Open(t.Context(), store.Config{URL: address, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	heard := follow(t, there)
	for round := 1; round <= 2; round++ {
		server.Kill()
		server.Restart(t)
		wantChange(t, heard, ledger.Change{})
		if lost, back := log.count("the database is lost"), log.count("the database is back"); lost != round || back != round {
			t.Fatalf("lost is said %d times and back %d times, want %d", lost, back, round)
		}
		putClient(t, here, "app")
		wantChange(t, heard, ledger.Change{Noun: ledger.NounClient, Name: "app"})
	}
	server.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)
	wantChange(t, heard, ledger.Change{})
}

func TestSQLiteTellsOfAnotherProcessAndNotOfItself(t *testing.T) {
	path := newPath(t)
	here, there := openAt(t, path), openAt(t, path)
	heard := follow(t, there)
	putClient(t, there, "own")
	putClient(t, here, "app")
	wantChange(t, heard, ledger.Change{})
	putClient(t, there, "own")
	select {
	case change := <-heard:
		t.Fatalf("its own change came back: %+v", change)
	case <-time.After(3 * time.Second / 2): // three looks at the file
	}
}

func TestNoMoreChangesAreHeardOnceTheContextEnds(t *testing.T) {
	server := pgtest.Start(t)
	for name, db := range map[string]*store.DB{"SQLite": openAt(t, newPath(t)), "PostgreSQL": openURL(t, server.URL(t))} {
		ctx, cancel := context.WithCancel(t.Context())
		changes := db.Changes(ctx)
		cancel()
		closed := time.After(soon)
		for open := true; open; {
			select {
			case _, open = <-changes:
			case <-closed:
				t.Fatalf("%s: the channel is still open", name)
			}
		}
	}
}
