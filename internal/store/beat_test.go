package store

import (
	"context"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/store/pgtest"
)

func TestAListenerThatHearsNothingAsksAndGoesOnListening(t *testing.T) {
	server := pgtest.Start(t)
	address := server.URL(t)
	here, err := Open(t.Context(), Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = here.Close() })
	there, err := newPostgres(address)
	if err != nil {
		t.Fatal(err)
	}
	there.beat = time.Millisecond
	changes := make(chan ledger.Change)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- there.listen(ctx, "there", changes, func() {}) }()
	if first := <-changes; first != (ledger.Change{}) {
		t.Fatalf("the first change is %+v", first)
	}
	for range 20 {
		// Each goes around the beat many times before it has committed.
		if err := here.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "contoso"}); err != nil {
			t.Fatal(err)
		}
		select {
		case change := <-changes:
			if change.Name != "app" {
				t.Fatalf("change is %+v", change)
			}
		case err := <-ended:
			t.Fatalf("the listener gave up: %v", err)
		}
	}
	cancel()
	<-ended
}

func TestServersBeforeTheOldestTestedOneAreRefused(t *testing.T) {
	for number, refused := range map[int]bool{90624: true, 120022: true, 130000: false, 150014: false, 180001: false} {
		err := checkVersion(number, "PostgreSQL at db:5432, database x")
		if (err != nil) != refused || (refused && !fault.Is(err, api.CodeNeedsConfiguration)) {
			t.Errorf("%d: %v", number, err)
		}
	}
}
