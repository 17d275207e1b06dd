package keyring_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/secret"
)

// crowded is a database of so many values, and a node on it whose clock stands.
func crowded(t *testing.T, values int) (*keyring.Holder, *database, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	shared := &database{settings: map[string]secret.Sealed{}}
	node, err := keyring.Open(t.Context(), keyring.Config{
		Store:  &session{database: shared},
		Master: secret.RemoteMaster("kms://contoso/valetkey", &service{}),
		Now:    func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	value, err := node.Seal(secret.NewText("secret"), place(0))
	if err != nil {
		t.Fatal(err)
	}
	for range values {
		shared.values = append(shared.values, value)
	}
	return node, shared, &now
}

func counted(t *testing.T, node *keyring.Holder) string {
	t.Helper()
	status, err := node.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.CountedAt == nil {
		return "not yet"
	}
	return fmt.Sprintf("%d at %s", status.Keys[0].Rows, status.CountedAt.Format(time.TimeOnly))
}

func TestFewValuesAreCountedWhenSomebodyAsks(t *testing.T) {
	node, shared, now := crowded(t, 10)
	if err := node.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := counted(t, node); got != "11 at 09:00:00" { // the proof is one of them
		t.Error(got)
	}
	*now = now.Add(time.Second)
	shared.values = shared.values[:5]
	if got := counted(t, node); got != "6 at 09:00:01" {
		t.Error(got)
	}
}

func TestManyValuesAreCountedInTheBackground(t *testing.T) {
	node, shared, now := crowded(t, 20_000)
	recount := func() {
		t.Helper()
		if err := node.Recount(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	recount() // nobody has asked
	if got := counted(t, node); got != "not yet" {
		t.Error(got)
	}
	recount()
	if got := counted(t, node); got != "20001 at 09:00:00" {
		t.Error(got)
	}
	shared.values = shared.values[:9000]
	*now = now.Add(time.Second)
	recount() // too soon
	if got := counted(t, node); got != "20001 at 09:00:00" {
		t.Error(got)
	}
	*now = now.Add(time.Minute)
	recount()
	if got := counted(t, node); got != "9001 at 09:01:01" {
		t.Error(got)
	}
}

func TestWhereNobodyCountsInTheBackgroundAllAreCountedAtOnce(t *testing.T) {
	node, _, _ := crowded(t, 20_000)
	if got := counted(t, node); got != "20001 at 09:00:00" {
		t.Error(got)
	}
}
