package oauth2source

import (
	"context"
	"time"

	"golang.org/x/oauth2"

	"github.com/valetkey/valetkey/client"
)

// minTTL is how long a token handed out is good for at least: x/oauth2 itself
// takes a token for expired ten seconds before its end.
const minTTL = 30 * time.Second

// Source is an [oauth2.TokenSource] over one connection. It is safe for
// concurrent use.
type Source struct {
	ctx        context.Context
	client     *client.Client
	connection string
}

var _ oauth2.TokenSource = (*Source)(nil)

// New makes a source. The interface of x/oauth2 has no context, so the one
// given here holds for every request of the source.
func New(ctx context.Context, c *client.Client, connection string) *Source {
	return &Source{ctx: ctx, client: c, connection: connection}
}

// Token returns an access token that is good now. Its errors are those of
// [client.Client.Token].
func (s *Source) Token() (*oauth2.Token, error) {
	token, err := s.client.Token(s.ctx, s.connection, minTTL)
	if err != nil {
		return nil, err
	}
	out := &oauth2.Token{AccessToken: string(token.AccessToken), TokenType: token.TokenType}
	if token.ExpiresAt != nil {
		out.Expiry = *token.ExpiresAt
	}
	return out.WithExtra(map[string]any{"scope": token.Scope}), nil
}
