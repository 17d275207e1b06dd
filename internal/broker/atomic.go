package broker

import (
	"context"
	"sync/atomic"

	"github.com/valetkey/valetkey/internal/catalog"
)

type shelfKey struct{}

// shelf is where the catalogue stands for whoever has the context: what is
// written in [Broker.Atomically] is seen by nobody else before it is over, for
// a renewal must not go to an endpoint that is taken back.
func (b *Broker) shelf(ctx context.Context) *atomic.Pointer[catalog.Catalog] {
	if own, ok := ctx.Value(shelfKey{}).(*atomic.Pointer[catalog.Catalog]); ok {
		return own
	}
	return &b.catalog
}

// Atomically runs do; what it writes through the broker with the context it is
// given is there as a whole when do returns nil, and not at all otherwise.
func (b *Broker) Atomically(ctx context.Context, do func(ctx context.Context) error) error {
	var own atomic.Pointer[catalog.Catalog]
	own.Store(b.catalog.Load())
	err := b.Store.Atomically(context.WithValue(ctx, shelfKey{}, &own), do)
	if err != nil {
		// What was read on the way may be of what is undone.
		b.Invalidate("")
		return err
	}
	// Read again whoever ended the request meanwhile: it is done.
	return b.ReloadProviders(context.WithoutCancel(ctx))
}
