package pgtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/valetkey/valetkey/internal/store/pgtest"
)

func TestAServerComesBackWithItsDataAndSchemasAreApart(t *testing.T) {
	server := pgtest.Start(t)
	one, two := server.URL(t), server.URL(t)
	server.ExecAt(t, one, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)`)
	server.Stop()
	if conn, err := pgx.Connect(t.Context(), one); err == nil {
		_ = conn.Close(t.Context())
		t.Fatal("a stopped server answers")
	}
	server.Restart(t)
	server.ExecAt(t, two, `CREATE TABLE kept (n int)`)
	conn, err := pgx.Connect(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var n int
	if err := conn.QueryRow(t.Context(), `SELECT n FROM kept`).Scan(&n); err != nil || n != 7 {
		t.Fatalf("n is %d: %v", n, err)
	}
}

func TestAReplicaTakesNoWritesUntilItIsPromoted(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	server.RestartAsReplica(t)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), `CREATE TABLE late (n int)`); err == nil {
		t.Fatal("a replica was written")
	}
	server.Promote(t)
	if _, err := conn.Exec(t.Context(), `CREATE TABLE late (n int)`); err != nil {
		t.Fatal(err)
	}
}
