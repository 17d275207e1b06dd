package broker

import (
	"context"

	"github.com/valetkey/valetkey/api"
)

// Resource asks an API which authorization servers give tokens for it (RFC 9728).
func (b *Broker) Resource(ctx context.Context, id string) (api.Resource, error) {
	found, err := b.desk.Servers.Resource(ctx, id)
	if err != nil {
		return api.Resource{}, err
	}
	return api.Resource{
		Resource:             found.ID,
		AuthorizationServers: append([]string{}, found.AuthorizationServers...),
		ScopesSupported:      found.ScopesSupported,
		DPoPRequired:         found.DPoPRequired,
	}, nil
}
