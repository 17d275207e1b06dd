package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
)

// TestK06_AWriteWaitsForAnotherProgramsLock has another program hold SQLite's
// one lock for writing. Reading goes on.
func TestK06_AWriteWaitsForAnotherProgramsLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "valetkey.db")
	db, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	other, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(path)+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	holding, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() { written <- db.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "contoso"}) }()
	if _, err := db.Clients(t.Context(), ledger.Page{}); err != nil {
		t.Errorf("reading waits for a writer: %v", err)
	}
	select {
	case err := <-written:
		t.Fatalf("it was written through another program's lock: %v", err)
	default:
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := db.PutClient(left, ledger.Client{Name: "late", Provider: "contoso"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who left: %v", err)
	}
	if err := holding.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if _, err := db.Client(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
}
