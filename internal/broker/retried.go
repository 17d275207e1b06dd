package broker

import (
	"context"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/internal/ledger"
)

// Retried writes down that a call of the API was sent more than once, or waited
// for its limits. Whoever calls it keeps such events few.
func (b *Broker) Retried(ctx context.Context, connection string, attempts int, waited time.Duration) {
	b.desk.Note(context.WithoutCancel(ctx), b.desk.Event(connection, ledger.EventRetried, map[string]string{
		"attempts": strconv.Itoa(attempts), "waited": waited.Round(time.Millisecond).String(),
	}))
}
