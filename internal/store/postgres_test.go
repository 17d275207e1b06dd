package store_test

import (
	"testing"

	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// openURL opens the database at an address until the test ends.
func openURL(t testing.TB, address string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: address, Conns: 4})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// TestPostgreSQL runs the same contract as SQLite's tests, on one server and a
// schema each.
func TestPostgreSQL(t *testing.T) {
	server := pgtest.Start(t)
	t.Run("keeps the contract of stores", func(t *testing.T) {
		brokertest.Store(t, func(t *testing.T) ledger.Store { return openURL(t, server.URL(t)) })
	})
	t.Run("keeps the contract of lists by way of its index", func(t *testing.T) {
		brokertest.Lists(t, func(t *testing.T) ledger.Store {
			db := openURL(t, server.URL(t))
			db.LookThrough(1)
			return db
		})
	})
	t.Run("keeps the contract of key stores", func(t *testing.T) {
		brokertest.Keys(t, func(t *testing.T) access.KeyStore { return openURL(t, server.URL(t)) })
	})
	t.Run("keeps the contract of operator stores", func(t *testing.T) {
		brokertest.People(t, func(t *testing.T) access.OperatorStore { return openURL(t, server.URL(t)) })
	})
	t.Run("keeps what it was given", func(t *testing.T) {
		brokertest.Durable(t, func(t *testing.T) (ledger.Store, func() ledger.Store) {
			address := server.URL(t)
			db := openURL(t, address)
			return db, func() ledger.Store {
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				db = openURL(t, address)
				return db
			}
		})
	})
}
