package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

// fill makes a client with connections c000000, c000001, …
func fill(b *testing.B, db *store.DB, connections int) {
	b.Helper()
	now := time.Now()
	if err := db.PutClient(b.Context(), ledger.Client{Name: "app", Provider: "contoso", CreatedAt: now, UpdatedAt: now}); err != nil {
		b.Fatal(err)
	}
	for i := range connections {
		c := ledger.Connection{
			Name:      fmt.Sprintf("c%06d", i),
			Spec:      api.ConnectionSpec{Client: "app", Scopes: []string{"mail.read"}},
			State:     api.StateNew,
			CreatedAt: now,
			UpdatedAt: now,
		}
		if err := db.PutConnection(b.Context(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// saving writes a token set of 2 KiB tokens.
func saving(connection string, generation int64) ledger.TokenSave {
	now := time.Now()
	return ledger.TokenSave{
		Set: ledger.TokenSet{
			Connection:   connection,
			Generation:   generation,
			AccessToken:  make(secret.Sealed, 2048),
			RefreshToken: make(secret.Sealed, 2048),
			TokenType:    "Bearer",
			Scope:        []string{"mail.read"},
			ObtainedAt:   now,
			ExpiresAt:    now.Add(time.Hour),
		},
		Change: ledger.StateChange{State: api.StateActive},
		Keep:   2,
		Event:  ledger.Event{At: now, Kind: ledger.EventRefreshed},
	}
}

// onBoth runs a benchmark on SQLite, and on a PostgreSQL whose disk is not
// waited for.
func onBoth(b *testing.B, run func(b *testing.B, db *store.DB)) {
	b.Run("sqlite", func(b *testing.B) { run(b, openAt(b, newPath(b))) })
	b.Run("postgres", func(b *testing.B) { run(b, openURL(b, pgtest.Start(b).URL(b))) })
}

func BenchmarkTokenSet(b *testing.B) { onBoth(b, benchTokenSet) }

func benchTokenSet(b *testing.B, db *store.DB) {
	fill(b, db, 100)
	for i := range 100 {
		if err := db.SaveTokenSet(b.Context(), saving(fmt.Sprintf("c%06d", i), 1)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := db.TokenSet(b.Context(), fmt.Sprintf("c%06d", i%100)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkSaveTokenSet(b *testing.B) { onBoth(b, benchSaveTokenSet) }

func benchSaveTokenSet(b *testing.B, db *store.DB) {
	fill(b, db, 1)
	b.ReportAllocs()
	generation := int64(0)
	for b.Loop() {
		generation++
		if err := db.SaveTokenSet(b.Context(), saving("c000000", generation)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	open := func(b *testing.B, path string) {
		db, err := store.Open(b.Context(), store.Config{Path: path})
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("new", func(b *testing.B) {
		dir := b.TempDir()
		for i := 0; b.Loop(); i++ {
			open(b, filepath.Join(dir, fmt.Sprint(i)))
		}
	})
	b.Run("old", func(b *testing.B) {
		path := newPath(b)
		for b.Loop() {
			open(b, path)
		}
	})
}
