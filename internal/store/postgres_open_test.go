package store_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// spelled is a password in every way a message could give it away.
func spelled(password string) []string {
	return []string{password, url.QueryEscape(password), url.PathEscape(password)}
}

// wantSafeFault checks that an error says what, where and what to do, and that
// nothing in it, or below it, gives a password away.
func wantSafeFault(t *testing.T, err error, code api.Code, says string) {
	t.Helper()
	var found *fault.Error
	if !errors.As(err, &found) {
		t.Fatalf("error is %v, want a fault", err)
	}
	if found.Code != code || !strings.Contains(found.Message, says) || found.Hint == "" {
		t.Errorf("fault is %s: %s (hint: %s), want %s and %q", found.Code, found.Message, found.Hint, code, says)
	}
	all := found.Message + found.Hint
	for below := error(found); below != nil; below = errors.Unwrap(below) {
		all += fmt.Sprintf("%v %+v", below, below)
	}
	for _, secret := range append(spelled(pgtest.Password), spelled("wr0ng-pass/word")...) {
		if strings.Contains(all, secret) {
			t.Errorf("the password is in %s", all)
		}
	}
}

// at is a server's address, changed.
func at(server *pgtest.Server, change func(u *url.URL)) string {
	address := server.Address("postgres")
	change(address)
	return address.String()
}

func TestOpenSaysWhyAPostgreSQLDatabaseCannotBeUsed(t *testing.T) {
	server := pgtest.Start(t)
	server.Exec(t, `CREATE ROLE guest LOGIN PASSWORD 'wr0ng-pass/word'`)
	for _, tt := range []struct {
		name, address string
		code          api.Code
		says          string
	}{
		{"nobody listens there", at(server, func(u *url.URL) { u.Host = "127.0.0.1:1" }), api.CodeUnavailable, "PostgreSQL at 127.0.0.1:1, database postgres cannot be reached: connection refused"},
		{"a name that does not exist", at(server, func(u *url.URL) { u.Host = "nowhere.invalid:5432" }), api.CodeUnavailable, "cannot be reached"},
		{"a wrong password", at(server, func(u *url.URL) { u.User = url.UserPassword(pgtest.User, "wr0ng-pass/word") }), api.CodeNeedsConfiguration, "refuses the password of user"},
		{"a user that does not exist", at(server, func(u *url.URL) { u.User = url.UserPassword("ghost", "wr0ng-pass/word") }), api.CodeNeedsConfiguration, `"ghost"`},
		{"a database that does not exist", at(server, func(u *url.URL) { u.Path = "/nothing" }), api.CodeNeedsConfiguration, "database nothing does not exist"},
		{"a schema that does not exist", at(server, func(u *url.URL) { u.RawQuery = "search_path=nothing" }), api.CodeNeedsConfiguration, "no schema"},
		{"a user that may not make tables", at(server, func(u *url.URL) { u.User = url.UserPassword("guest", "wr0ng-pass/word") }), api.CodeNeedsConfiguration, `"guest"`},
		{"TLS from a server without", at(server, func(u *url.URL) { u.RawQuery = "sslmode=require" }), api.CodeUnavailable, "cannot be reached"},
		{"a URL that is none", "postgres://user:wr0ng-pass/word@host:port/x", api.CodeNeedsConfiguration, "cannot be read"},
		{"another kind of database", "mysql://user:wr0ng-pass/word@host/x", api.CodeNeedsConfiguration, "cannot be read"},
		{"words", "host=localhost password=wr0ng-pass/word", api.CodeNeedsConfiguration, "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := store.Open(t.Context(), store.Config{URL: tt.address})
			wantSafeFault(t, err, tt.code, tt.says)
		})
	}
}

func TestOpenLeavesOtherDatabasesAsTheyAre(t *testing.T) {
	server := pgtest.Start(t)
	for _, tt := range []struct {
		name, made, says string
	}{
		{"another program's tables", `CREATE TABLE notes (text text)`, "another program"},
		{"another program's migrations", `CREATE TABLE schema_migrations (version varchar)`, "another program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := server.URL(t)
			server.ExecAt(t, address, tt.made)
			_, err := store.Open(t.Context(), store.Config{URL: address})
			wantSafeFault(t, err, api.CodeNeedsConfiguration, tt.says)
			server.ExecAt(t, address, `CREATE TABLE sequences (n int)`) // ours was not made
		})
	}
	t.Run("a newer version's, which older nodes that run go on with", func(t *testing.T) {
		address := server.URL(t)
		running := openURL(t, address)
		server.ExecAt(t, address, `INSERT INTO schema_migrations (version_id, is_applied) VALUES (99, true); ALTER TABLE clients ADD COLUMN future text`)
		_, err := store.Open(t.Context(), store.Config{URL: address})
		wantSafeFault(t, err, api.CodeNeedsConfiguration, "written by a newer Valetkey (its version is 99")
		putClient(t, running, "app")
		if got := clientNames(t, running); got != "app" {
			t.Fatalf("clients are %q", got)
		}
	})
}

func TestNodesThatStartTogetherOnAnEmptyDatabaseTakeTurns(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			db, err := store.Open(t.Context(), store.Config{URL: address, Conns: 2})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	all.Wait()
	putClient(t, openURL(t, address), "app")
}

func TestAUserWithoutTheRightToMakeTablesMayUseThem(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	putClient(t, openURL(t, address), "app")
	schema := address[strings.LastIndex(address, "=")+1:]
	server.Exec(t, fmt.Sprintf(`CREATE ROLE worker LOGIN PASSWORD 'w'; GRANT USAGE ON SCHEMA %[1]s TO worker;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %[1]s TO worker`, schema))
	worker := openURL(t, at(server, func(u *url.URL) {
		u.User = url.UserPassword("worker", "w")
		u.RawQuery = "search_path=" + schema
	}))
	putClient(t, worker, "more")
	if got := clientNames(t, worker); got != "app more" {
		t.Fatalf("clients are %q", got)
	}
}

func TestAReplicaIsRefusedAndAFailoverIsSaidAndSurvived(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	db := openURL(t, address)
	putClient(t, db, "before")
	server.RestartAsReplica(t)
	_, err := store.Open(t.Context(), store.Config{URL: address})
	wantSafeFault(t, err, api.CodeUnavailable, "is read-only")
	wantSafeFault(t, db.PutClient(t.Context(), ledger.Client{Name: "lost", Provider: "contoso"}), api.CodeUnavailable, "is read-only")
	if got := clientNames(t, db); got != "before" { // a replica can be read
		t.Fatalf("clients are %q", got)
	}
	server.Promote(t)
	putClient(t, db, "since")
	if got := clientNames(t, db); got != "before since" {
		t.Fatalf("clients are %q", got)
	}
}

func TestATextThatPostgreSQLCannotKeepIsTheCallersToChange(t *testing.T) {
	server := pgtest.Start(t)
	db := openURL(t, server.URL(t))
	err := db.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "contoso", Description: "a\x00b"})
	wantSafeFault(t, err, api.CodeInvalid, "NUL")
}

func TestNamesAreOrderedByTheirBytesWhateverTheServersLanguage(t *testing.T) {
	server := pgtest.Start(t)
	if server.Version(t) < 15 {
		t.Skip("before version 15 a database's language is the machine's, which may have none but C")
	}
	server.Exec(t, `CREATE DATABASE german TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'`)
	db := openURL(t, server.Address("german").String())
	for _, name := range []string{"b", "a-b", "ab", "a.c", "a_a", "B"} {
		putClient(t, db, name)
	}
	if got, want := clientNames(t, db), "B a-b a.c a_a ab b"; got != want {
		t.Fatalf("clients are %q, want %q", got, want)
	}
	page, err := db.Clients(t.Context(), ledger.Page{After: "a.c", Limit: 1})
	if err != nil || len(page) != 1 || page[0].Name != "a_a" {
		t.Fatalf("the page after a.c is %+v: %v", page, err)
	}
}
