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
		conn.Close(t.Context())
		t.Fatal("a stopped server answers")
	}
	server.Restart(t)
	server.ExecAt(t, two, `CREATE TABLE kept (n int)`)
	conn, err := pgx.Connect(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var n int
	if err := conn.QueryRow(t.Context(), `SELECT n FROM kept`).Scan(&n); err != nil || n != 7 {
		t.Fatalf("n is %d: %v", n, err)
	}
}
