package store_test

import (
	"path/filepath"
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
)

// openAt opens the database at path until the test ends.
func openAt(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{Path: path})
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close %s: %v", path, err)
		}
	})
	return db
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "valetkey.db") }

func TestSQLiteKeepsTheContractOfStores(t *testing.T) {
	brokertest.Store(t, func(t *testing.T) ledger.Store { return openAt(t, newPath(t)) })
}

func TestSQLiteKeepsTheContractOfListsByWayOfItsIndex(t *testing.T) {
	brokertest.Lists(t, func(t *testing.T) ledger.Store {
		db := openAt(t, newPath(t))
		db.LookThrough(1)
		return db
	})
}

func TestSQLiteKeepsTheContractOfKeyStores(t *testing.T) {
	brokertest.Keys(t, func(t *testing.T) access.KeyStore { return openAt(t, newPath(t)) })
}

func TestSQLiteKeepsWhatItWasGiven(t *testing.T) {
	brokertest.Durable(t, func(t *testing.T) (ledger.Store, func() ledger.Store) {
		path := newPath(t)
		db := openAt(t, path)
		return db, func() ledger.Store {
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = openAt(t, path)
			return db
		}
	})
}
