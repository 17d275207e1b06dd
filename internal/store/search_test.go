package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/pgtest"
	"github.com/valetkey/valetkey/internal/store/search"
)

// bothEngines opens an empty database of each kind, which reopens by itself.
func bothEngines(t *testing.T, run func(t *testing.T, open func() *DB)) {
	server := pgtest.Start(t)
	for name, config := range map[string]Config{
		"SQLite":     {Path: t.TempDir() + "/valetkey.db"},
		"PostgreSQL": {URL: server.URL(t), Conns: 4},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func() *DB {
				db, err := Open(t.Context(), config)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = db.Close() })
				db.window = 1
				return db
			})
		})
	}
}

// many makes connections with accounts and tags, and changes and deletes some
// of them.
func many(t *testing.T, db *DB, n int) {
	t.Helper()
	err := db.Atomically(t.Context(), func(ctx context.Context) error {
		if err := db.PutClient(ctx, ledger.Client{Name: "app", Provider: "contoso"}); err != nil {
			return err
		}
		for i := range n {
			name := fmt.Sprintf("c%04d", i*7919%n)
			c := ledger.Connection{Name: name, Spec: api.ConnectionSpec{Client: "app"}, State: api.StateNew, Account: "User" + name + "@contoso.example"}
			if i%10 == 0 {
				c.Spec.Tags = map[string]string{"team": fmt.Sprintf("t%d", i%100)}
			}
			if err := db.PutConnection(ctx, c); err != nil {
				return err
			}
		}
		for i := range n / 5 {
			name := fmt.Sprintf("c%04d", i*5)
			if i%2 == 0 {
				if err := db.DeleteConnection(ctx, name); err != nil {
					return err
				}
				continue
			}
			save := ledger.TokenSave{Set: ledger.TokenSet{Connection: name, Generation: 1}, Account: "moved" + name, Change: ledger.StateChange{State: api.StateActive}, Event: ledger.Event{Kind: ledger.EventAuthorized}}
			if err := db.SaveTokenSet(ctx, save); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wantTheSame compares what the index leads to with what reading all finds.
func wantTheSame(t *testing.T, db *DB) {
	t.Helper()
	for _, wanted := range []ledger.ConnectionFilter{
		{Search: ledger.ConnectionSearch{Text: "c0007"}},
		{Search: ledger.ConnectionSearch{Text: "C001"}},
		{Search: ledger.ConnectionSearch{Text: "99"}},
		{Search: ledger.ConnectionSearch{Text: "9"}},
		{Search: ledger.ConnectionSearch{Text: "movedc0"}},
		{Search: ledger.ConnectionSearch{Text: "mo"}},
		{Search: ledger.ConnectionSearch{Text: "serc0012@con"}},
		{Search: ledger.ConnectionSearch{Text: "\"'!%_"}},
		{Search: ledger.ConnectionSearch{Text: "nothing"}},
		{Search: ledger.ConnectionSearch{Tags: map[string]string{"team": "t30"}}},
		{Search: ledger.ConnectionSearch{Tags: map[string]string{"team": "t3"}}},
		{Search: ledger.ConnectionSearch{Text: "c1", Provider: "contoso", Tags: map[string]string{"team": "t50"}}, State: api.StateNew},
		{Search: ledger.ConnectionSearch{Provider: "nobody"}},
		{Search: ledger.ConnectionSearch{Provider: "contoso"}, Order: ledger.ByLastRefresh},
		{Search: ledger.ConnectionSearch{Text: "team"}},
		{Search: ledger.ConnectionSearch{Text: "user"}, Page: ledger.Page{After: "c0700"}},
		{Search: ledger.ConnectionSearch{Text: "c00"}, Order: ledger.ByLastUse},
		{State: api.StateActive, Client: "app"},
	} {
		all, err := db.list(t.Context(), search.All(wanted), 0)
		if err != nil {
			t.Fatal(err)
		}
		wanted.Limit = len(all) + 1
		found, err := db.Connections(t.Context(), wanted)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(found, all, func(a, b ledger.Connection) bool { return a.Name == b.Name }) {
			t.Errorf("%+v: %d found, want %d", wanted, len(found), len(all))
		}
	}
}

func TestTheIndexFindsWhatReadingAllFinds(t *testing.T) {
	bothEngines(t, func(t *testing.T, open func() *DB) {
		db := open()
		many(t, db, 1400)
		wantTheSame(t, db)
	})
}

func TestWhatWasThereBeforeTheIndexIsFound(t *testing.T) {
	bothEngines(t, func(t *testing.T, open func() *DB) {
		db := open()
		forgetIndex(t, db)
		many(t, db, 600)
		if _, err := db.write.ExecContext(t.Context(), db.engine.index().Schema()); err != nil {
			t.Fatal(err)
		}
		wantTheSame(t, db)
	})
}

// forgetIndex takes the index away, as if the database were of a version before.
func forgetIndex(t *testing.T, db *DB) {
	t.Helper()
	drop := []string{`DROP TABLE connection_texts`}
	for _, trigger := range []string{"connections_text_added", "connections_text_changed", "connections_text_gone"} {
		if db.Shared() {
			trigger += " ON connections"
		}
		drop = append(drop, "DROP TRIGGER "+trigger)
	}
	if db.Shared() {
		drop = append(drop, `DROP FUNCTION connection_text`, `DROP FUNCTION connection_grams`, `DROP FUNCTION connection_text_changed`, `DROP FUNCTION connection_text_gone`)
	} else {
		drop = append(drop, `DROP TABLE connection_terms`, `DROP TABLE connection_grams`)
	}
	for _, statement := range drop {
		if _, err := db.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// plan is how a database goes about a query.
func plan(t *testing.T, db *DB, s *search.Selection) string {
	t.Helper()
	query := connectionQuery(&s.Filter, s.OrderBy(), 50)
	if !db.Shared() {
		steps, err := find(t.Context(), db, func(row scanner) (step string, err error) {
			var id, parent, unused int
			err = row.Scan(&id, &parent, &unused, &step)
			return step, err
		}, "EXPLAIN QUERY PLAN "+query, s.Args()...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(steps, "\n")
	}
	var steps []string
	err := db.update(t.Context(), func(tx queryer) error {
		// A small table is read whole, whatever indexes it has.
		if _, err := tx.ExecContext(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
			return err
		}
		var err error
		steps, err = collect(t.Context(), tx, func(row scanner) (step string, err error) {
			return step, row.Scan(&step)
		}, "EXPLAIN "+query, s.Args()...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "\n")
}

func TestASearchGoesByItsIndex(t *testing.T) {
	bothEngines(t, func(t *testing.T, open func() *DB) {
		db := open()
		many(t, db, 600)
		for _, wanted := range []ledger.ConnectionSearch{{Text: "nothing"}, {Tags: map[string]string{"team": "t30"}}} {
			steps := plan(t, db, search.Far(ledger.ConnectionFilter{Search: wanted}, nil, db.engine.index()))
			index := "connection_grams VIRTUAL TABLE INDEX"
			if db.Shared() {
				index = "connection_texts_grams"
			}
			if !strings.Contains(steps, index) || strings.Contains(steps, "SCAN c ") || strings.HasSuffix(steps, "SCAN c") {
				t.Errorf("%+v:\n%s", wanted, steps)
			}
		}
	})
}

func TestARenewalDoesNotTouchTheTexts(t *testing.T) {
	bothEngines(t, func(t *testing.T, open func() *DB) {
		db := open()
		many(t, db, 10)
		place := `SELECT CAST(id AS TEXT) FROM connection_texts WHERE connection = 'c0001'`
		if db.Shared() {
			place = `SELECT ctid::text FROM connection_texts WHERE connection = 'c0001'`
		}
		read := func() (at sql.NullString) {
			if err := db.read.QueryRowContext(t.Context(), place).Scan(&at); err != nil {
				t.Fatal(err)
			}
			return at
		}
		save := ledger.TokenSave{Set: ledger.TokenSet{Connection: "c0001", Generation: 1}, Account: "Userc0001@contoso.example", Change: ledger.StateChange{State: api.StateActive}, Event: ledger.Event{Kind: ledger.EventRefreshed}}
		before := read()
		if err := db.SaveTokenSet(t.Context(), save); err != nil {
			t.Fatal(err)
		}
		if after := read(); after != before {
			t.Errorf("the text was written anew: %v, before %v", after, before)
		}
		save.Set.Generation, save.Account = 2, "another"
		if err := db.SaveTokenSet(t.Context(), save); err != nil {
			t.Fatal(err)
		}
		if after := read(); after == before {
			t.Error("another account has the same text")
		}
	})
}
