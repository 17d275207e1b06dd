package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

func seedMail(t *testing.T, db ledger.Store) {
	t.Helper()
	err := db.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "contoso"})
	if err == nil {
		err = db.PutConnection(t.Context(), ledger.Connection{Name: "mail", Spec: api.ConnectionSpec{Client: "app"}, State: api.StateNew})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// colliding makes the first times writes of a connection fail as they do when
// two transactions cannot both be.
func colliding(server *pgtest.Server, t *testing.T, address, state string, times string) {
	t.Helper()
	server.ExecAt(t, address, `
		CREATE SEQUENCE collisions;
		CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('collisions') <= `+times+` THEN
				RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '`+state+`';
			END IF;
			RETURN NEW;
		END $$;
		CREATE TRIGGER collide BEFORE UPDATE ON connections FOR EACH ROW EXECUTE FUNCTION collide()`)
}

func TestK06_ACollisionIsTriedAgainAFewTimes(t *testing.T) {
	server := pgtest.Start(t)
	for _, state := range []string{"40001", "40P01"} {
		t.Run(state+" passes", func(t *testing.T) {
			address := server.URL(t)
			db := openURL(t, address)
			seedMail(t, db)
			colliding(server, t, address, state, "3")
			save := ledger.TokenSave{
				Set:    ledger.TokenSet{Connection: "mail", Generation: 1, ExpiresAt: time.Now().Add(time.Hour)},
				Change: ledger.StateChange{State: api.StateActive},
				Event:  ledger.Event{Kind: ledger.EventAuthorized},
			}
			if err := db.SaveTokenSet(t.Context(), save); err != nil {
				t.Fatal(err)
			}
			events, err := db.Events(t.Context(), "mail", 0, 0)
			if err != nil || len(events) != 1 {
				t.Fatalf("%d events (%v), want one: what was undone must not show", len(events), err)
			}
		})
		t.Run(state+" stays", func(t *testing.T) {
			address := server.URL(t)
			db := openURL(t, address)
			seedMail(t, db)
			colliding(server, t, address, state, "1000000")
			err := db.SetState(t.Context(), "mail", 0, ledger.StateChange{State: api.StateBlocked}, ledger.Event{Kind: "x"})
			wantSafeFault(t, err, api.CodeUnavailable, "for another one's sake")
			c, err := db.Connection(t.Context(), "mail")
			if err != nil || c.State != api.StateNew {
				t.Fatalf("state is %s (%v), want it as it was", c.State, err)
			}
		})
	}
}

func TestAClientThatAnotherNodeBeganToUseIsNotDeleted(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	db := openURL(t, address)
	seedMail(t, db)
	// The trigger stands for the other node: the connection appears between the
	// look for one and the deletion.
	server.ExecAt(t, address, `
		DELETE FROM connections;
		CREATE FUNCTION appear() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO connections (name, client, state, generation, account, last_used_at, last_refreshed_at, created_at, updated_at, spec)
			VALUES ('late', OLD.name, 'new', 0, '', 0, 0, 0, 0, '{}');
			RETURN OLD;
		END $$;
		CREATE TRIGGER appear BEFORE DELETE ON clients FOR EACH ROW EXECUTE FUNCTION appear()`)
	if err := db.DeleteClient(t.Context(), "app"); err == nil || !errors.Is(err, ledger.ErrInUse) {
		t.Fatalf("error is %v, want %v", err, ledger.ErrInUse)
	}
	if got := clientNames(t, db); got != "app" {
		t.Fatalf("clients are %q", got)
	}
}

func TestALostServerIsSaidAtOnceAndUsedAgainWhenItIsBack(t *testing.T) {
	server := pgtest.Start(t)
	db := openURL(t, server.URL(t))
	for name, end := range map[string]func(){"stopped": server.Stop, "crashed": server.Kill} {
		t.Run(name, func(t *testing.T) {
			putClient(t, db, name)
			busy(t, db)
			end()
			for range 6 { // more than there are connections
				err := db.PutClient(t.Context(), ledger.Client{Name: "lost", Provider: "contoso"})
				wantSafeFault(t, err, api.CodeUnavailable, "PostgreSQL at 127.0.0.1")
				_, err = db.Clients(t.Context(), ledger.Page{})
				wantSafeFault(t, err, api.CodeUnavailable, "PostgreSQL at 127.0.0.1")
				wantSafeFault(t, db.Ping(t.Context()), api.CodeUnavailable, "PostgreSQL at 127.0.0.1")
			}
			server.Restart(t)
			putClient(t, db, name)
			if err := db.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestConnectionsThatDiedUnseenDoNotFailTheNextCall(t *testing.T) {
	server := pgtest.Start(t)
	db := openURL(t, server.URL(t))
	putClient(t, db, "app")
	for range 3 {
		busy(t, db)
		server.Stop()
		server.Restart(t)
		putClient(t, db, "app")
		busy(t, db)
		server.Kill()
		server.Restart(t)
		if got := clientNames(t, db); got != "app" {
			t.Fatalf("clients are %q", got)
		}
	}
}

// busy opens all the connections there may be.
func busy(t *testing.T, db ledger.ClientStore) {
	t.Helper()
	done := make(chan error)
	const many = 16
	for range many {
		go func() {
			_, err := db.Clients(t.Context(), ledger.Page{})
			done <- err
		}()
	}
	for range many {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func TestNodesThatWriteTheUseOfTheSameConnectionsDoNotBlockEachOther(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	here, there := openURL(t, address), openURL(t, address)
	seedMail(t, here)
	server.ExecAt(t, address, `INSERT INTO connections SELECT 'c' || n, client, state, 0, '', 0, 0, 0, 0, NULL, spec
		FROM connections, generate_series(1, 1200) n`)
	done := make(chan error)
	for _, db := range []*store.DB{here, there} {
		go func() {
			var err error
			for round := range 4 {
				used := make(map[string]time.Time)
				for n := range 1200 {
					used[fmt.Sprint("c", n+1)] = time.UnixMilli(int64(round + 1))
				}
				err = errors.Join(err, db.TouchConnections(t.Context(), used))
			}
			done <- err
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	server.ExecAt(t, address, `DO $$ BEGIN
		IF (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()) > 0 THEN
			RAISE EXCEPTION 'there were deadlocks';
		END IF;
		IF (SELECT count(*) FROM connections WHERE last_used_at = 4) <> 1200 THEN
			RAISE EXCEPTION 'a use is missing';
		END IF;
	END $$`)
}

func TestTokensWaitForTheDatabaseAndNothingElseDoes(t *testing.T) {
	server := pgtest.Start(t)
	db := openURL(t, server.URL(t))
	seedMail(t, db)
	server.Kill()
	saved := make(chan error, 1)
	go func() {
		saved <- db.SaveTokenSet(t.Context(), ledger.TokenSave{
			Set:    ledger.TokenSet{Connection: "mail", Generation: 1},
			Change: ledger.StateChange{State: api.StateActive},
			Event:  ledger.Event{Kind: ledger.EventAuthorized},
		})
	}()
	for range 10 {
		wantSafeFault(t, db.DeleteFlows(t.Context(), time.Now()), api.CodeUnavailable, "PostgreSQL at 127.0.0.1")
	}
	select {
	case err := <-saved:
		t.Fatalf("the save did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	server.RestartAsReplica(t) // a failover: first it only reads
	server.Promote(t)
	if err := <-saved; err != nil {
		t.Fatal(err)
	}
	if set, err := db.TokenSet(t.Context(), "mail"); err != nil || set.Generation != 1 {
		t.Fatalf("token set is %+v: %v", set, err)
	}

	server.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := db.SaveTokenSet(ctx, ledger.TokenSave{Set: ledger.TokenSet{Connection: "mail", Generation: 2}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error is %v, want %v", err, context.DeadlineExceeded)
	}
}
