package broker

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// metadataLife is how long discovered metadata is used before it is fetched again.
const metadataLife = 24 * time.Hour

// maxMetadata bounds a metadata document, in bytes.
const maxMetadata = 1 << 20

// servers remembers discovered authorization servers by issuer.
type servers struct {
	mu    sync.Mutex
	known map[string]discovered
}

type discovered struct {
	server oauth.Server
	at     time.Time
}

func (s *servers) get(issuer string, now time.Time) (oauth.Server, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.known[issuer]
	return d.server, ok && now.Sub(d.at) < metadataLife
}

func (s *servers) put(server oauth.Server, issuer string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = make(map[string]discovered)
	}
	s.known[issuer] = discovered{server, now}
}

func (s *servers) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = nil
}

// discover finds an authorization server's metadata (RFC 8414 section 3,
// OpenID Connect Discovery section 4).
func (b *Broker) discover(ctx context.Context, issuer string) (oauth.Server, error) {
	if server, ok := b.servers.get(issuer, b.Now()); ok {
		return server, nil
	}
	addresses, err := oauth.MetadataURLs(issuer)
	if err != nil {
		return oauth.Server{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the issuer %s cannot be used: %s", issuer, describe(err))
	}
	var last error
	for _, address := range addresses {
		server, err := b.fetchMetadata(ctx, issuer, address)
		if err == nil {
			b.servers.put(server, issuer, b.Now())
			return server, nil
		}
		// The first failure that is more than "not here" says most.
		if last == nil || !fault.Is(err, api.CodeNotFound) {
			last = err
		}
	}
	if fault.Is(last, api.CodeNotFound) {
		return oauth.Server{}, fault.New(api.CodeNeedsConfiguration, "%s publishes no metadata", issuer).
			WithHint("check the issuer, or set authorization_endpoint and token_endpoint in a provider of your own")
	}
	return oauth.Server{}, last
}

func (b *Broker) fetchMetadata(ctx context.Context, issuer, address string) (oauth.Server, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return oauth.Server{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the issuer %s is not an address", issuer)
	}
	request.Header.Set("Accept", "application/json")
	response, err := b.HTTP.Do(request)
	if err != nil {
		return oauth.Server{}, unreachable(err, issuer)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotFound:
		return oauth.Server{}, fault.New(api.CodeNotFound, "%s answered 404", address)
	case response.StatusCode >= 500:
		return oauth.Server{}, fault.New(api.CodeUnreachable, "%s answered %d", address, response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return oauth.Server{}, fault.New(api.CodeNeedsConfiguration, "%s answered %d where metadata was expected", address, response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMetadata+1))
	if err != nil || len(body) > maxMetadata {
		return oauth.Server{}, fault.Wrap(err, api.CodeUnreachable, "the metadata at %s could not be read whole", address)
	}
	server, err := oauth.ParseMetadata(issuer, body)
	if err != nil {
		return oauth.Server{}, fault.Wrap(err, api.CodeNeedsConfiguration, "the metadata at %s cannot be used: %s", address, describe(err)).
			WithHint("write the issuer exactly as the server does, or set the endpoints by hand")
	}
	return server, nil
}

// describe gives the words of an oauth error without its code.
func describe(err error) string {
	var known *oauth.Error
	if errors.As(err, &known) && known.Description != "" {
		return known.Description
	}
	return "it is not well-formed"
}

// unreachable keeps the dialer's own fault, which says most, and makes one otherwise.
func unreachable(err error, where string) error {
	var found *fault.Error
	if errors.As(err, &found) {
		return found
	}
	return fault.Wrap(err, api.CodeUnreachable, "%s cannot be reached", where)
}
