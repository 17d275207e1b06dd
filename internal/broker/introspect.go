package broker

import (
	"context"

	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/oauth/introspection"
)

// Introspect asks the authorization server what it knows of a connection's
// access token (RFC 7662). The error may be [arrangement.ErrNoIntrospection].
func (b *Broker) Introspect(ctx context.Context, connection string) (introspection.Answer, error) {
	if _, shown := onbehalf.Subject(ctx); shown {
		return introspection.Answer{}, arrangement.ErrNoIntrospection // that token is the user's
	}
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return introspection.Answer{}, err
	}
	set, err := b.desk.CurrentTokenSet(ctx, connection)
	if err != nil {
		return introspection.Answer{}, err
	}
	access, _, err := b.desk.OpenTokens(set)
	if err != nil || access.IsZero() {
		return introspection.Answer{}, err
	}
	return b.desk.Introspect(ctx, a, access)
}
