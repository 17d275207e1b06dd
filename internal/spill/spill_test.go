package spill_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker/brokertest"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/spill"
	"github.com/valetkey/valetkey/internal/store/memory"
)

// fullDisk is a store that takes no token set while it is full.
type fullDisk struct {
	*memory.Store
	full bool
}

var errFull = errors.New("no space left on device")

func (d *fullDisk) SaveTokenSet(ctx context.Context, save ledger.TokenSave) error {
	if d.full {
		return errFull
	}
	return d.Store.SaveTokenSet(ctx, save)
}

func newDisk(t *testing.T) *fullDisk {
	t.Helper()
	d := &fullDisk{Store: memory.New()}
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	for _, err := range []error{
		d.PutProvider(t.Context(), "p", []byte(`{}`), now),
		d.PutClient(t.Context(), ledger.Client{Name: "app", Provider: "p", ClientID: "id", CreatedAt: now, UpdatedAt: now}),
		d.PutConnection(t.Context(), ledger.Connection{Name: "mail", Spec: api.ConnectionSpec{Client: "app"}, State: api.StateNew, CreatedAt: now, UpdatedAt: now}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func over(t *testing.T, d *fullDisk, dir string) *spill.Store {
	t.Helper()
	s, err := spill.Over(t.Context(), d, dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func generation(n int64) ledger.TokenSave {
	at := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	return ledger.TokenSave{
		Set: ledger.TokenSet{Connection: "mail", Generation: n, AccessToken: secret.Sealed{1, byte(n)}, RefreshToken: secret.Sealed{2, byte(n)},
			TokenType: "Bearer", Scope: []string{"a"}, ObtainedAt: at, ExpiresAt: at.Add(time.Hour)},
		Change: ledger.StateChange{State: api.StateActive}, Keep: 3,
		Event: ledger.Event{Connection: "mail", At: at, Kind: ledger.EventRefreshed},
	}
}

func wantGeneration(t *testing.T, s ledger.Store, want int64) {
	t.Helper()
	set, err := s.TokenSet(t.Context(), "mail")
	if err != nil || set.Generation != want || len(set.RefreshToken) != 2 || set.RefreshToken[1] != byte(want) {
		t.Fatalf("generation %d, %v, want %d", set.Generation, err, want)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, filepath.Join(dir, entry.Name()))
	}
	return names
}

func TestR05_ATokenSetTheDatabaseRefusesIsKeptAndSavedLater(t *testing.T) {
	d, dir := newDisk(t), filepath.Join(t.TempDir(), "spill")
	s := over(t, d, dir)
	if err := s.SaveTokenSet(t.Context(), generation(1)); err != nil || len(files(t, dir)) != 0 {
		t.Fatalf("%v, files %v", err, files(t, dir))
	}
	d.full = true
	for range 3 { // as the broker tries
		if err := s.SaveTokenSet(t.Context(), generation(2)); !errors.Is(err, errFull) {
			t.Fatalf("%v", err)
		}
	}
	kept := files(t, dir)
	if len(kept) != 1 {
		t.Fatalf("kept in %v", kept)
	}
	if info, err := os.Stat(kept[0]); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	// Nobody spends the refresh token before it meanwhile.
	if _, err := s.TokenSet(t.Context(), "mail"); !fault.Is(err, api.CodeUnavailable) {
		t.Fatalf("%v", err)
	}
	d.full = false
	wantGeneration(t, s, 2)
	if left := files(t, dir); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestR05_AKilledProcessLeavesItToTheNext(t *testing.T) {
	d, dir := newDisk(t), t.TempDir()
	first := over(t, d, dir)
	d.full = true
	if err := first.SaveTokenSet(t.Context(), generation(1)); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	still := over(t, d, dir) // starts while the disk is still full
	if _, err := still.TokenSet(t.Context(), "mail"); !fault.Is(err, api.CodeUnavailable) {
		t.Fatalf("%v", err)
	}
	d.full = false
	still.Replay(t.Context())
	wantGeneration(t, d, 1)
	if left := files(t, dir); len(left) != 0 {
		t.Fatalf("left behind: %v", left)
	}
}

func TestR03_AKeptTokenSetNeverReplacesANewerOne(t *testing.T) {
	d, dir := newDisk(t), t.TempDir()
	s := over(t, d, dir)
	d.full = true
	_ = s.SaveTokenSet(t.Context(), generation(1))
	d.full = false
	newer := generation(1)
	newer.Set.RefreshToken = secret.Sealed{2, 1}
	newer.Set.TokenType = "newer"
	if err := d.SaveTokenSet(t.Context(), newer); err != nil { // another node, a new authorization
		t.Fatal(err)
	}
	wantGeneration(t, s, 1)
	if set, err := d.TokenSet(t.Context(), "mail"); err != nil || set.TokenType != "newer" || len(files(t, dir)) != 0 {
		t.Fatalf("%+v %v, files %v", set, err, files(t, dir))
	}
}

func TestADeletedConnectionLeavesNothingBehind(t *testing.T) {
	d, dir := newDisk(t), t.TempDir()
	s := over(t, d, dir)
	d.full = true
	_ = s.SaveTokenSet(t.Context(), generation(1))
	d.full = false
	if err := d.DeleteConnection(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	if s.Replay(t.Context()); len(files(t, dir)) != 0 {
		t.Fatalf("left behind: %v", files(t, dir))
	}
}

func TestADamagedFileStopsTheStartAndStays(t *testing.T) {
	d, dir := newDisk(t), t.TempDir()
	d.full = true
	_ = over(t, d, dir).SaveTokenSet(t.Context(), generation(1))
	file := files(t, dir)[0]
	if err := os.WriteFile(file, []byte(`{"Set":`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := spill.Over(t.Context(), d, dir, slog.New(slog.DiscardHandler))
	if !fault.Is(err, api.CodeNeedsConfiguration) || !strings.Contains(err.Error(), file) || fault.As(err).Hint == "" {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
}

func TestADecoratedStoreIsAStore(t *testing.T) {
	brokertest.Store(t, func(t *testing.T) ledger.Store {
		s, err := spill.Over(t.Context(), memory.New(), t.TempDir(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
