package discovery

import (
	"context"

	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// signed prefers what the issuer's metadata says over its own signature (RFC
// 8414 section 2.1). Signed metadata of somebody else, or with a key that the
// issuer does not publish, is ignored: nothing can be said of it. A signature in
// the issuer's name that is wrong is refused, since somebody changed something.
func (s *Servers) signed(ctx context.Context, server oauth.Server) (oauth.Server, error) {
	if server.SignedMetadata == "" || server.JWKSURI == "" {
		return server, nil
	}
	keys, err := s.Keys(ctx, server.JWKSURI, false)
	if err != nil {
		return server, nil //nolint:nilerr // without keys nothing can be said of it either
	}
	claims, ours, err := idtoken.SignedMetadata(server.SignedMetadata, server.Issuer, keys)
	if err != nil {
		return server, unusable(err, "the metadata of "+server.Issuer)
	}
	if !ours {
		return server, nil
	}
	if server, err = server.WithSigned(claims); err != nil {
		return server, unusable(err, "the signed metadata")
	}
	return server, nil
}
