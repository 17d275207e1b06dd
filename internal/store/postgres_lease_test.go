package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// waiting returns once so many transactions wait for a lock.
func waiting(t *testing.T, conn *pgx.Conn, want int) {
	t.Helper()
	deadline := time.After(soon)
	for {
		var blocked int
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`).Scan(&blocked)
		if err != nil {
			t.Fatal(err)
		}
		if blocked == want {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d transactions wait for a lock, want %d", blocked, want)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A holder whose lease has just run out may still save, or the next one may
// begin, but never both: the next would renew with the token that the save is
// about to replace.
func TestALeaseIsNotGivenOnWhileItsHolderSaves(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	here, there := openURL(t, address), openURL(t, address)
	seedMail(t, here)
	begin := time.Now()
	lease, won, err := here.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "here", Now: begin, TTL: time.Minute})
	if err != nil || !won {
		t.Fatal(won, err)
	}

	// The save is held up after it has looked at its lease: an event needs a number.
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	watcher, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = watcher.Close(context.WithoutCancel(t.Context())) }()
	hold, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec(t.Context(), `SELECT value FROM sequences WHERE name = 'event' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	saved := make(chan error, 1)
	go func() {
		saved <- here.SaveTokenSet(t.Context(), ledger.TokenSave{
			Set:    ledger.TokenSet{Connection: "mail", Generation: 1},
			Fence:  lease.Fence,
			Change: ledger.StateChange{State: api.StateActive},
			Event:  ledger.Event{Kind: ledger.EventRefreshed},
		})
	}()
	waiting(t, watcher, 1)

	type outcome struct {
		won bool
		err error
	}
	acquired := make(chan outcome, 1)
	go func() {
		_, won, err := there.AcquireLease(t.Context(), ledger.LeaseRequest{Connection: "mail", Owner: "there", Now: begin.Add(2 * time.Minute), TTL: time.Minute})
		acquired <- outcome{won, err}
	}()
	waiting(t, watcher, 2)
	if err := hold.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-saved; err != nil {
		t.Fatal(err)
	}
	if next := <-acquired; next.err != nil || !next.won {
		t.Fatalf("the next lease: %+v", next)
	}
	if set, err := there.TokenSet(t.Context(), "mail"); err != nil || set.Generation != 1 {
		t.Fatalf("who has the next lease sees %+v: %v", set, err)
	}
}
