package app

import (
	"context"
	"log/slog"
	"time"
)

const (
	// stepLimit bounds how long one look at the keyring may seal values anew, so
	// that housekeeping goes on and callers have the database for most of the time.
	stepLimit = time.Second
	// stepPause is between two batches.
	stepPause = 20 * time.Millisecond
	// probeEvery is how often the master key is asked whether it still answers.
	probeEvery = 5 * time.Minute
)

// rotate does what is due of a rotation, at a bounded rate: for a second of
// every five, batches with a pause in between.
func (s *Server) rotate(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	pause := time.NewTicker(stepPause)
	defer pause.Stop()
	for {
		more, err := s.keyring.Step(ctx)
		if err != nil && ctx.Err() == nil {
			s.config.Log.Error("the rotation of the keyring failed; it is tried again", slog.Any("error", err))
		}
		if err != nil || !more {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
	}
}

// recount counts what the keys have sealed, if somebody wants to know.
func (s *Server) recount(ctx context.Context) {
	if err := s.keyring.Recount(ctx); err != nil && ctx.Err() == nil {
		s.config.Log.Warn("what the keys have sealed could not be counted; it is tried again", slog.Any("error", err))
	}
}

// probe asks the master key whether it still answers, and says so when it does not.
func (s *Server) probe(ctx context.Context) {
	if err := s.keyring.Probe(ctx); err != nil && ctx.Err() == nil {
		s.config.Log.Error("the master key does not answer", slog.Any("error", err))
	}
}
