package broker

import (
	"context"

	"github.com/valetkey/valetkey/api"
)

// CountConnections says how many connections there are of each state. A client
// that the provider refuses does not count: its connections keep their own.
func (b *Broker) CountConnections(ctx context.Context) (map[api.State]int, error) {
	return b.Store.CountConnections(ctx)
}
