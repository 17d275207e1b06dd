package broker

import (
	"context"

	"github.com/valetkey/valetkey/internal/operation"
)

// Operations are what a connection can run: its own and its provider's, with
// what fills in their templates.
func (b *Broker) Operations(ctx context.Context, connection string) (operation.Set, error) {
	a, err := b.desk.Arrange(ctx, connection)
	if err != nil {
		return operation.Set{}, err
	}
	set := operation.Set{
		Connection: connection,
		Operations: operation.Merge(a.Described.Operations, a.Connection.Spec.Operations),
		Variables:  a.Provider.Variables,
	}
	t, err := a.Target()
	if err != nil {
		return set, err
	}
	if t.BaseURL != nil {
		set.BaseURL = t.BaseURL.String()
	}
	return set, nil
}
