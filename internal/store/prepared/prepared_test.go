package prepared_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3/driver"

	"github.com/valetkey/valetkey/internal/store/prepared"
)

// open returns a pool of so many connections on a database with one table.
func open(t testing.TB, conns int) *prepared.Pool {
	t.Helper()
	db, err := driver.Open("file:" + t.TempDir() + "/test.db?_pragma=busy_timeout(30000)&_pragma=journal_mode(wal)&_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(conns)
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE numbers (n INTEGER NOT NULL UNIQUE)`); err != nil {
		t.Fatal(err)
	}
	return prepared.New(db)
}

// within runs one transaction.
func within(t testing.TB, p *prepared.Pool, do func(tx *prepared.Tx)) {
	t.Helper()
	tx, err := p.Begin(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	do(tx)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func sum(t testing.TB, p *prepared.Pool) (total int) {
	t.Helper()
	rows, err := p.QueryContext(t.Context(), `SELECT COALESCE(SUM(n), 0) FROM numbers WHERE n > $1`, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&total); err != nil {
			t.Fatal(err)
		}
	}
	return total
}

func TestAStatementRunsTheSameTheFirstTimeAndTheHundredth(t *testing.T) {
	p := open(t, 1)
	want := 0
	for round := range 4 {
		within(t, p, func(tx *prepared.Tx) {
			for i := range 25 {
				n := round*25 + i + 1
				if _, err := tx.ExecContext(t.Context(), `INSERT INTO numbers (n) VALUES ($1)`, n); err != nil {
					t.Fatal(err)
				}
				want += n
				var last int
				if err := tx.QueryRowContext(t.Context(), `SELECT MAX(n) FROM numbers`).Scan(&last); err != nil || last != n {
					t.Fatalf("%d %v, want %d", last, err, n)
				}
			}
		})
		if got := sum(t, p); got != want {
			t.Fatalf("after round %d: %d, want %d", round, got, want)
		}
	}
}

func TestWhatIsRolledBackIsGoneAndItsStatementsStay(t *testing.T) {
	p := open(t, 1)
	for i := range 5 {
		tx, err := p.Begin(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO numbers (n) VALUES ($1)`, i+1); err != nil {
			t.Fatal(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	if got := sum(t, p); got != 0 {
		t.Fatalf("%d is left", got)
	}
}

func TestAStatementThatFailsFailsAgainAndHarmsNoOther(t *testing.T) {
	p := open(t, 1)
	within(t, p, func(tx *prepared.Tx) {
		for range 4 {
			if _, err := tx.ExecContext(t.Context(), `INSERT INTO nowhere (n) VALUES ($1)`, 1); err == nil {
				t.Fatal("a table that is not there was written")
			}
		}
		for i := range 4 {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO numbers (n) VALUES ($1)`, 7)
			if (err == nil) != (i == 0) {
				t.Fatalf("attempt %d: %v", i, err)
			}
		}
	})
	if got := sum(t, p); got != 7 {
		t.Fatalf("%d", got)
	}
}

func TestACallerWhoLeavesSpoilsNoStatementForOthers(t *testing.T) {
	p := open(t, 1)
	left, leave := context.WithCancel(t.Context())
	leave()
	for range 3 {
		within(t, p, func(tx *prepared.Tx) {
			if _, err := tx.ExecContext(left, `DELETE FROM numbers WHERE n > $1`, 0); !errors.Is(err, context.Canceled) {
				t.Fatalf("%v", err)
			}
			if _, err := tx.ExecContext(t.Context(), `DELETE FROM numbers WHERE n > $1`, 0); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestManyReadersShareCompiledStatements(t *testing.T) {
	p := open(t, 4)
	within(t, p, func(tx *prepared.Tx) {
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO numbers (n) VALUES (1), (2), (3)`); err != nil {
			t.Fatal(err)
		}
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := sum(t, p); got != 6 {
					t.Errorf("%d", got)
				}
			}
		})
	}
	all.Wait()
}

func TestMoreStatementsThanAreKeptRunAllTheSame(t *testing.T) {
	p := open(t, 1)
	for range 3 {
		for i := range 200 {
			rows, err := p.QueryContext(t.Context(), fmt.Sprintf(`SELECT %d`, i))
			if err != nil {
				t.Fatal(err)
			}
			var got int
			for rows.Next() {
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
			}
			if err := rows.Close(); err != nil || got != i {
				t.Fatalf("%d %v", got, err)
			}
		}
	}
}
