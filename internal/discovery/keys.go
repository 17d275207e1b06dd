package discovery

import (
	"context"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// freshKeys is how long a key set is not fetched again though a key is missing
// from it: a forged token must not make us ask at every turn.
const freshKeys = 5 * time.Minute

type foundKeys struct {
	keys idtoken.KeySet
	at   time.Time
}

// Keys returns the key set at a jwks_uri. With again, a set that is older than
// a few minutes is fetched anew: a key was missing from it. The error has
// [api.CodeUnreachable].
func (s *Servers) Keys(ctx context.Context, jwksURI string, again bool) (idtoken.KeySet, error) {
	limit := memory
	if again {
		limit = freshKeys
	}
	s.mu.Lock()
	known, ok := s.keys[jwksURI]
	s.mu.Unlock()
	if ok && s.now().Sub(known.at) < limit {
		return known.keys, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := idtoken.KeySetRequest(ctx, jwksURI)
	if err != nil {
		return idtoken.KeySet{}, unusable(err, "the address of the keys")
	}
	response, err := s.client.Do(request)
	if err != nil {
		return idtoken.KeySet{}, fault.Wrap(err, api.CodeUnreachable, "the issuer's keys cannot be reached")
	}
	defer response.Body.Close()
	keys, err := idtoken.ReadKeySet(response, s.now())
	if err != nil {
		return idtoken.KeySet{}, fault.Wrap(err, api.CodeUnreachable, "the issuer's keys cannot be used: %s", oauth.Words(err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[jwksURI] = foundKeys{keys, s.now()}
	return keys, nil
}
