package spill

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
)

// Store is a broker's store that loses no token set.
type Store struct {
	ledger.Store
	dir string
	log *slog.Logger

	mu   sync.Mutex // never held while the store beneath works
	kept map[string]ledger.TokenSave
}

// Over decorates a store with the files in dir, and replays what an earlier
// process left there as far as the store takes it. The directory is made when
// there is something to keep.
func Over(ctx context.Context, store ledger.Store, dir string, log *slog.Logger) (*Store, error) {
	kept, err := readAll(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{Store: store, dir: dir, log: log, kept: kept}
	s.Replay(ctx)
	return s, nil
}

// SaveTokenSet saves as the store beneath does. What that cannot take now is
// kept; the error is returned all the same, for nobody may use the token set
// before it can be read back.
func (s *Store) SaveTokenSet(ctx context.Context, save ledger.TokenSave) error {
	err := s.Store.SaveTokenSet(ctx, save)
	if settled(err) {
		return errors.Join(err, s.forget(save.Set))
	}
	return errors.Join(err, s.keep(save, err))
}

// keep writes a save to its file, once however often it is tried.
func (s *Store) keep(save ledger.TokenSave, cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, known := s.kept[save.Set.Connection]; known && before.Set.Generation == save.Set.Generation {
		return nil
	}
	if err := write(s.dir, save); err != nil {
		return err
	}
	s.kept[save.Set.Connection] = save
	s.log.Error("a token set is kept in a file: the database did not take it",
		slog.String("connection", save.Set.Connection), slog.Int64("generation", save.Set.Generation), slog.Any("error", cause))
	return nil
}

// settled reports whether a save needs no other attempt: it is done, or what
// is stored is newer, or its connection is gone.
func settled(err error) bool {
	return err == nil || errors.Is(err, ledger.ErrStale) || errors.Is(err, ledger.ErrNotFound)
}

// TokenSet returns the current token set once what is kept for the connection
// has been replayed. The error has [api.CodeUnavailable] while it cannot be.
func (s *Store) TokenSet(ctx context.Context, connection string) (ledger.TokenSet, error) {
	if err := s.replay(ctx, connection); err != nil {
		return ledger.TokenSet{}, fault.Wrap(err, api.CodeUnavailable, "a renewed token of connection %q waits for the database", connection).
			WithHint("nothing is lost: it is saved as soon as the database takes writes again; see the server's log")
	}
	return s.Store.TokenSet(ctx, connection)
}

// Replay tries every kept write again. What fails stays for the next time.
func (s *Store) Replay(ctx context.Context) {
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.kept))
	s.mu.Unlock()
	for _, connection := range names {
		if err := s.replay(ctx, connection); err != nil {
			s.log.Warn("a kept token set still waits", slog.String("connection", connection), slog.Any("error", err))
		}
	}
}

func (s *Store) replay(ctx context.Context, connection string) error {
	s.mu.Lock()
	save, known := s.kept[connection]
	s.mu.Unlock()
	if !known {
		return nil
	}
	// The lease it was made under is over; the generation alone decides.
	save.Fence = 0
	err := s.Store.SaveTokenSet(ctx, save)
	if !settled(err) {
		return err
	}
	s.log.Info("a kept token set is settled", slog.String("connection", connection), slog.Bool("saved", err == nil))
	return s.forget(save.Set)
}

// forget removes what is kept for a connection up to this generation.
func (s *Store) forget(settled ledger.TokenSet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, known := s.kept[settled.Connection]
	if !known || kept.Set.Generation > settled.Generation {
		return nil
	}
	if err := remove(s.dir, settled.Connection); err != nil {
		return err
	}
	delete(s.kept, settled.Connection)
	return nil
}
