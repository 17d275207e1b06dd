package discovery

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// memory is how long metadata is used before it is fetched again.
const memory = 24 * time.Hour

// patience bounds one search, over all addresses.
const patience = 30 * time.Second

// Doer sends a request. It must not follow redirects.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Servers are the authorization servers found so far. The zero value is not
// usable: see [New].
type Servers struct {
	client Doer
	now    func() time.Time

	mu    sync.Mutex
	known map[string]found
	keys  map[string]foundKeys
}

type found struct {
	server oauth.Server
	at     time.Time
}

// New returns an empty memory of servers.
func New(client Doer, now func() time.Time) *Servers {
	return &Servers{client: client, now: now, known: make(map[string]found), keys: make(map[string]foundKeys)}
}

// Forget makes the next search ask again.
func (s *Servers) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.known)
	clear(s.keys)
}

// Find returns the metadata of an issuer. The error has
// [api.CodeNeedsConfiguration] when there is none or it cannot be used, and
// [api.CodeUnreachable] when nobody could be asked.
func (s *Servers) Find(ctx context.Context, issuer string) (oauth.Server, error) {
	if server, ok := s.remembered(issuer); ok {
		return server, nil
	}
	addresses, err := oauth.MetadataURLs(issuer)
	if err != nil {
		return oauth.Server{}, unusable(err, "the issuer "+issuer)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var worst error
	for _, address := range addresses {
		server, err := s.fetch(ctx, issuer, address)
		if err == nil {
			s.remember(issuer, server)
			return server, nil
		}
		// The first failure that is more than "not here" says most.
		if worst == nil || fault.Is(worst, api.CodeNotFound) {
			worst = err
		}
	}
	if fault.Is(worst, api.CodeNotFound) {
		return oauth.Server{}, fault.New(api.CodeNeedsConfiguration, "%s publishes no metadata", issuer).
			WithHint("check the issuer, or set authorization_endpoint and token_endpoint in a provider of your own")
	}
	return oauth.Server{}, worst
}

func (s *Servers) remembered(issuer string) (oauth.Server, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.known[issuer]
	return f.server, ok && s.now().Sub(f.at) < memory
}

func (s *Servers) remember(issuer string, server oauth.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[issuer] = found{server, s.now()}
}

func (s *Servers) fetch(ctx context.Context, issuer, address string) (oauth.Server, error) {
	request, err := oauth.MetadataRequest(ctx, address)
	if err != nil {
		return oauth.Server{}, unusable(err, "the address "+address)
	}
	response, err := s.client.Do(request)
	if err != nil {
		var dialing *fault.Error
		if errors.As(err, &dialing) {
			return oauth.Server{}, dialing // the dialer's own words say most
		}
		return oauth.Server{}, fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", issuer)
	}
	defer response.Body.Close()
	server, err := oauth.ReadMetadata(response, issuer, s.now())
	if err != nil {
		return oauth.Server{}, judged(err, address)
	}
	return s.signed(ctx, server)
}

// judged tells an absent document from a bad one and from a server in trouble.
func judged(err error, address string) error {
	var refused *oauth.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch {
	case refused.Status == http.StatusNotFound || refused.Status == http.StatusGone:
		return fault.Wrap(err, api.CodeNotFound, "%s answered %d", address, refused.Status)
	case refused.Action == oauth.ActionRetry:
		return fault.Wrap(err, api.CodeUnreachable, "%s answered %d", address, refused.Status)
	default:
		return unusable(err, "the metadata at "+address)
	}
}

func unusable(err error, what string) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "%s cannot be used: %s", what, oauth.Words(err)).
		WithHint("write the issuer exactly as the server does, or set the endpoints by hand")
}
