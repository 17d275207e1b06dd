package broker

import (
	"context"
	"errors"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
)

const (
	// TokenTimeout bounds a token request. It is generous: giving up on a
	// provider that has already rotated the token loses the grant.
	TokenTimeout = 30 * time.Second
	// keepGenerations is how many older token sets are kept, sealed.
	keepGenerations = 3
)

// exchange sends one token request and judges its answer. The error is an
// *oauth.Error.
func (b *Broker) exchange(ctx context.Context, request oauth.TokenRequest, rules oauth.ResponseRules) (oauth.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, TokenTimeout)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	})
	message, err := request.HTTP(ctx)
	if err != nil {
		return oauth.Token{}, err
	}
	response, err := b.HTTP.Do(message)
	if err != nil {
		return oauth.Token{}, oauth.ClassifyTransport(err, sent.Load())
	}
	defer response.Body.Close()
	return request.Judge(response, b.Now(), rules)
}

// currentTokenSet is the connection's token set, or the zero one before the first.
func (b *Broker) currentTokenSet(ctx context.Context, connection string) (TokenSet, error) {
	set, err := b.Store.TokenSet(ctx, connection)
	if errors.Is(err, ErrNotFound) {
		return TokenSet{Connection: connection}, nil
	}
	return set, err
}

// sealToken makes the token set that follows previous. What the answer leaves
// out is carried over: the refresh token and its expiry (RFC 6749 section 6),
// the scope (section 5.1).
func (b *Broker) sealToken(a arrangement, token oauth.Token, previous TokenSet) (TokenSet, error) {
	name, generation := a.connection.Name, previous.Generation+1
	set := TokenSet{
		Connection:       name,
		Generation:       generation,
		TokenType:        token.TokenType,
		Scope:            token.Scope,
		ObtainedAt:       token.Received,
		ExpiresAt:        token.ExpiresAt,
		RefreshExpiresAt: token.RefreshExpiresAt,
	}
	if !token.ScopeGiven {
		set.Scope = previous.Scope
		if len(previous.Scope) == 0 {
			set.Scope = a.scopes()
		}
	}
	refresh := secret.NewText(token.RefreshToken)
	if refresh.IsZero() && len(previous.RefreshToken) > 0 {
		kept, err := b.Keyring.Open(previous.RefreshToken, tokenPlace(name, previous.Generation, "refresh_token"))
		if err != nil {
			return set, err
		}
		refresh = kept
		set.RefreshExpiresAt = previous.RefreshExpiresAt
	}
	var err error
	if set.AccessToken, err = b.Keyring.Seal(secret.NewText(token.AccessToken), tokenPlace(name, generation, "access_token")); err != nil {
		return set, err
	}
	set.RefreshToken, err = b.Keyring.Seal(refresh, tokenPlace(name, generation, "refresh_token"))
	return set, err
}

// tokenDetail is what an event says of a new token set.
func tokenDetail(token oauth.Token, set TokenSet) map[string]string {
	detail := map[string]string{
		"generation": strconv.FormatInt(set.Generation, 10),
		"scope":      strings.Join(set.Scope, " "),
		"rotated":    strconv.FormatBool(token.RefreshToken != ""),
	}
	if !set.ExpiresAt.IsZero() {
		detail["expires_at"] = set.ExpiresAt.UTC().Format(time.RFC3339)
	}
	warnings := make([]string, len(token.Warnings))
	for i, w := range token.Warnings {
		warnings[i] = string(w)
	}
	slices.Sort(warnings)
	if len(warnings) > 0 {
		detail["warnings"] = strings.Join(warnings, "; ")
	}
	return detail
}
