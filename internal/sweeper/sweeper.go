package sweeper

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/valetkey/valetkey/internal/ledger"
)

const (
	// Every is how often it is looked for what is due.
	Every = time.Second
	// claimLife is how long a claim keeps other nodes away. A renewal that
	// takes longer is guarded by its lease.
	claimLife = 5 * time.Minute
	// batch bounds one claim.
	batch = 512
	// inFlight bounds the claimed connections of all providers together.
	inFlight = 4096
	// patience bounds the connections of full or closed lanes that one look passes
	// over to find others.
	patience = 4096
)

// Renewer is the broker.
type Renewer interface {
	// Sweep renews a connection that is due or puts it off. An error says that
	// its provider fails for now.
	Sweep(ctx context.Context, due ledger.Due) error
	// ProviderOf names the provider of a client.
	ProviderOf(ctx context.Context, client string) (string, error)
}

// Schedule is the store's part.
type Schedule interface {
	ClaimDue(ctx context.Context, now, until time.Time, limit int) ([]ledger.Due, error)
	PutOffAll(ctx context.Context, due []ledger.Due, at time.Time) error
}

// Limits are for one provider, on this node.
type Limits struct {
	Concurrency int        // renewals at once; at least 1
	Rate        rate.Limit // renewals begun in a second; 0: any number
}

// Sweeper looks for connections that are due. All fields are required.
type Sweeper struct {
	Store  Schedule
	Broker Renewer
	Limits Limits
	Now    func() time.Time
	Log    *slog.Logger

	mu      sync.Mutex
	lanes   map[string]*lane
	busy    sync.WaitGroup
	room    chan struct{} // one for each connection in flight
	drained chan struct{} // a lane that was full has room
}

// Run sweeps at each tick, and when a lane that was full has room again, until
// the context ends; then it waits for what it began.
func (s *Sweeper) Run(ctx context.Context, ticks <-chan time.Time) {
	s.room = make(chan struct{}, inFlight)
	s.drained = make(chan struct{}, 1)
	defer s.busy.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			s.look(ctx, patience)
		case <-s.drained:
			s.look(ctx, 1)
		}
	}
}

// look claims what is due and hands it out, until so many had no way or there
// is no more.
func (s *Sweeper) look(ctx context.Context, refusals int) {
	for refusals > 0 {
		refused, more := s.round(ctx)
		if !more {
			return
		}
		refusals -= refused
	}
}

// round claims one batch and hands it out. It says how many had no way, and
// whether there may be more that are due.
func (s *Sweeper) round(ctx context.Context) (refused int, more bool) {
	free := min(batch, cap(s.room)-len(s.room))
	if free == 0 || ctx.Err() != nil {
		return 0, false
	}
	now := s.Now()
	due, err := s.Store.ClaimDue(ctx, now, now.Add(claimLife), free)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.Warn("what is due cannot be read; it is tried again", slog.Any("error", err))
		}
		return 0, false
	}
	later := make(map[time.Time][]ledger.Due)
	for _, d := range due {
		if again, ok := s.hand(ctx, d, now); !ok {
			later[again] = append(later[again], d)
			refused++
		}
	}
	for again, put := range later {
		s.putOff(ctx, put, again)
	}
	return refused, len(due) == free
}

// hand gives a connection to its provider's lane; while that is closed or full
// it says when to come again.
func (s *Sweeper) hand(ctx context.Context, due ledger.Due, now time.Time) (again time.Time, ok bool) {
	provider, err := s.Broker.ProviderOf(ctx, due.Client)
	if err != nil {
		s.Log.Warn("the provider of a connection cannot be read", slog.String("connection", due.Connection), slog.Any("error", err))
		return time.Time{}, true // its claim ends by itself
	}
	l := s.lane(provider)
	if again, ok := l.enter(now); !ok {
		return again, false
	}
	s.room <- struct{}{}
	s.busy.Go(func() {
		defer func() { <-s.room }()
		s.renew(ctx, l, due)
	})
	return time.Time{}, true
}

func (s *Sweeper) renew(ctx context.Context, l *lane, due ledger.Due) {
	defer s.leave(l)
	free, err := l.slot(ctx)
	if err != nil {
		return // the server stops; the claim ends by itself
	}
	defer free()
	if again, ok := l.begin(s.Now()); !ok {
		s.putOff(ctx, []ledger.Due{due}, again)
		return
	}
	// A renewal that has begun is finished, whoever stops.
	err = s.Broker.Sweep(context.WithoutCancel(ctx), due)
	l.note(err, s.Now())
	if err != nil {
		s.Log.Info("a connection could not be renewed ahead of need", slog.String("connection", due.Connection), slog.Any("error", err))
		s.putOff(context.WithoutCancel(ctx), []ledger.Due{due}, l.opensAt(s.Now()))
	}
}

func (s *Sweeper) putOff(ctx context.Context, due []ledger.Due, at time.Time) {
	if err := s.Store.PutOffAll(ctx, due, at); err != nil {
		s.Log.Warn("connections were not put off; their claims end by themselves", slog.String("connection", due[0].Connection), slog.Int("count", len(due)), slog.Any("error", err))
	}
}

// leave is for each that entered a lane. One that was full is filled again
// without waiting for the next tick.
func (s *Sweeper) leave(l *lane) {
	if !l.leave() {
		return
	}
	select {
	case s.drained <- struct{}{}:
	default: // it is known already
	}
}

func (s *Sweeper) lane(provider string) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lanes == nil {
		s.lanes = make(map[string]*lane)
	}
	l, ok := s.lanes[provider]
	if !ok {
		l = newLane(s.Limits)
		s.lanes[provider] = l
	}
	return l
}
