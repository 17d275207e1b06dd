package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/search"
)

func openNew(t *testing.T, now func() time.Time) *DB {
	t.Helper()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "valetkey.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// seed makes the connection "mail".
func seed(t *testing.T, db *DB) {
	t.Helper()
	err := errors.Join(
		db.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "contoso"}),
		db.PutConnection(t.Context(), ledger.Connection{Name: "mail", Spec: api.ConnectionSpec{Client: "app"}, State: api.StateNew}))
	if err != nil {
		t.Fatal(err)
	}
}

func TestConnectionsOfSettings(t *testing.T) {
	db := openNew(t, nil)
	for _, tt := range []struct {
		pragma           string
		writing, reading int
	}{
		{"foreign_keys", 1, 1},
		{"synchronous", 2, 2}, // full
		{"temp_store", 2, 2},  // memory
		{"busy_timeout", 5000, 5000},
		{"query_only", 0, 1},
		{"cache_size", -1024, -512},
	} {
		var writing, reading int
		err := errors.Join(
			db.write.QueryRowContext(t.Context(), "PRAGMA "+tt.pragma).Scan(&writing),
			db.read.QueryRowContext(t.Context(), "PRAGMA "+tt.pragma).Scan(&reading))
		if err != nil {
			t.Fatal(err)
		}
		if writing != tt.writing || reading != tt.reading {
			t.Errorf("%s is %d for the writer and %d for readers, want %d and %d", tt.pragma, writing, reading, tt.writing, tt.reading)
		}
	}
	var mode string
	if err := db.write.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode is %q (%v), want wal", mode, err)
	}
}

func TestFullDiskIsAFaultAndLosesNothing(t *testing.T) {
	db := openNew(t, nil)
	seed(t, db)
	if _, err := db.write.ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil { // the least is what there is
		t.Fatal(err)
	}
	save := ledger.TokenSave{
		Set:    ledger.TokenSet{Connection: "mail", Generation: 1, AccessToken: make(secret.Sealed, 1<<20)},
		Change: ledger.StateChange{State: api.StateActive},
		Event:  ledger.Event{Kind: ledger.EventAuthorized},
	}
	err := db.SaveTokenSet(t.Context(), save)
	found := fault.As(err)
	if found.Code != api.CodeUnavailable || !strings.Contains(found.Message, "no room") || !strings.Contains(found.Message, db.Place()) {
		t.Fatalf("fault is %s: %s (%v)", found.Code, found.Message, err)
	}
	c, err := db.Connection(t.Context(), "mail")
	if err != nil || c.Generation != 0 || c.State != api.StateNew {
		t.Fatalf("connection is %+v (%v), want it as it was", c, err)
	}

	if _, err := db.write.ExecContext(t.Context(), `PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveTokenSet(t.Context(), save); err != nil {
		t.Fatalf("with room again: %v", err)
	}
}

func TestMachineFaultsNameTheFileAndARemedy(t *testing.T) {
	db := &sqlite{path: "/data/valetkey.db"}
	for _, tt := range []struct {
		cause error
		code  api.Code
		says  string
	}{
		{sqlite3.FULL, api.CodeUnavailable, "no room"},
		{sqlite3.BUSY, api.CodeUnavailable, "locked"},
		{sqlite3.BUSY_SNAPSHOT, api.CodeUnavailable, "locked"},
		{sqlite3.LOCKED, api.CodeUnavailable, "locked"},
		{sqlite3.NOTADB, api.CodeNeedsConfiguration, "not a Valetkey database"},
		{sqlite3.CORRUPT, api.CodeNeedsConfiguration, "damaged"},
		{sqlite3.READONLY, api.CodeNeedsConfiguration, "cannot be written"},
		{sqlite3.READONLY_DIRECTORY, api.CodeNeedsConfiguration, "cannot be written"},
		{sqlite3.CANTOPEN, api.CodeNeedsConfiguration, "cannot be opened"},
		{sqlite3.IOERR_WRITE, api.CodeUnavailable, "disk failed"},
	} {
		err := db.judge(t.Context(), fmt.Errorf("wrapped: %w", tt.cause))
		var found *fault.Error
		if !errors.As(err, &found) {
			t.Errorf("%v: %v is no fault", tt.cause, err)
			continue
		}
		if found.Code != tt.code || !strings.Contains(found.Message, tt.says) || !strings.Contains(found.Message, db.path) || found.Hint == "" {
			t.Errorf("%v: fault is %s: %s (hint %q)", tt.cause, found.Code, found.Message, found.Hint)
		}
		if !errors.Is(err, tt.cause) {
			t.Errorf("%v: the cause is lost", tt.cause)
		}
	}
}

func TestDefectsOfOursAreNoFaults(t *testing.T) {
	db := openNew(t, nil)
	_, err := find(t.Context(), db, scanSetting, `SELECT value FROM nothing`)
	var found *fault.Error
	if err == nil || errors.As(err, &found) {
		t.Fatalf("error is %v, want a plain one", err)
	}
}

func TestListsNeitherScanNorSort(t *testing.T) {
	db := openNew(t, nil)
	after := ledger.Page{After: "m", Limit: 50}
	then := time.UnixMilli(1)
	for _, tt := range []struct {
		name   string
		filter ledger.ConnectionFilter
	}{
		{"a page", ledger.ConnectionFilter{Page: after}},
		{"a page of a client", ledger.ConnectionFilter{Page: after, Client: "app"}},
		{"a page of a state", ledger.ConnectionFilter{Page: after, State: api.StateActive}},
		{"a page by use", ledger.ConnectionFilter{Page: after, Order: ledger.ByLastUse, AfterAt: then}},
		{"a page by renewal", ledger.ConnectionFilter{Page: after, Order: ledger.ByLastRefresh, AfterAt: then}},
		{"a page by expiry", ledger.ConnectionFilter{Page: after, Order: ledger.ByRefreshExpiry, AfterAt: then}},
		{"a page of both", ledger.ConnectionFilter{Page: after, Client: "app", State: api.StateActive}},
	} {
		s := search.All(tt.filter)
		query := connectionQuery(&s.Filter, s.OrderBy(), tt.filter.Limit)
		plan, err := find(t.Context(), db, func(row scanner) (step string, err error) {
			var id, parent, unused int
			err = row.Scan(&id, &parent, &unused, &step)
			return step, err
		}, "EXPLAIN QUERY PLAN "+query, s.Args()...)
		if err != nil || len(plan) == 0 {
			t.Fatalf("%s: plan %q, error %v", tt.name, plan, err)
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", tt.name, step)
			}
		}
	}
}

func TestEventsWithoutATimeGetTheClocks(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	db := openNew(t, func() time.Time { return now })
	seed(t, db)
	if err := db.SetState(t.Context(), "mail", 0, ledger.StateChange{State: api.StateBlocked}, ledger.Event{Kind: "x"}); err != nil {
		t.Fatal(err)
	}
	events, err := db.Events(t.Context(), "mail", 0, 0)
	if err != nil || len(events) != 1 || !events[0].At.Equal(now) {
		t.Fatalf("events are %+v (%v), want one at %v", events, err, now)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	db := openNew(t, nil)
	_, err := db.read.ExecContext(t.Context(), `DELETE FROM sequences`)
	if !errors.Is(err, sqlite3.READONLY) {
		t.Fatalf("error is %v, want %v", err, sqlite3.READONLY)
	}
}
