package broker

import (
	"context"
	"net/url"
	"time"
)

// clocks are known where answers are watched for them; see package skew.
type clocks interface {
	Offset(host string) (ahead time.Duration, ok bool)
}

// ProviderClock is how far the clock of a connection's authorization server is
// ahead of ours; behind, when negative. known is false where it has told
// nothing of it since the start.
func (b *Broker) ProviderClock(ctx context.Context, connection string) (ahead time.Duration, known bool) {
	watched, ok := b.HTTP.(clocks)
	if !ok {
		return 0, false
	}
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return 0, false
	}
	server, err := b.desk.Server(ctx, a)
	if err != nil {
		return 0, false
	}
	endpoint, err := url.Parse(server.TokenEndpoint)
	if err != nil {
		return 0, false
	}
	return watched.Offset(endpoint.Host)
}
