package authorize

import (
	"cmp"
	"context"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Import takes over a token set that was obtained elsewhere, as the
// connection's next generation. Nothing is asked of the provider: the first
// use shows whether the tokens live. Whatever else still renews them must stop,
// or a rotating refresh token will be lost to one of the two.
func (f *Flows) Import(ctx context.Context, connection string, set api.TokenImport) error {
	if set.AccessToken == "" && set.RefreshToken == "" {
		return fault.New(api.CodeInvalid, "there is no token to import").
			WithHint("give access_token, refresh_token or both")
	}
	for name, text := range map[string]string{"access_token": string(set.AccessToken), "refresh_token": string(set.RefreshToken), "token_type": set.TokenType} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < 0x21 || r > 0x7e }) {
			return fault.New(api.CodeInvalid, "the %s holds characters that no token has", name).
				WithHint("copy it whole, without spaces and line breaks")
		}
	}
	a, err := f.desk.Arrange(ctx, connection)
	if err != nil {
		return err
	}
	if a.ByItself() {
		return fault.New(api.CodeInvalid, "the connection %q uses %s: it obtains its tokens by itself", connection, a.Grant).
			WithHint("valetkey refresh %s", connection)
	}
	now := f.desk.Now()
	token := oauth.Token{
		AccessToken:  string(set.AccessToken),
		RefreshToken: string(set.RefreshToken),
		TokenType:    cmp.Or(set.TokenType, "Bearer"),
		Scope:        oauth.ParseScope(set.Scope, " "),
		ScopeGiven:   set.Scope != "",
		Received:     now,
	}
	switch {
	case set.AccessToken == "":
		token.ExpiresAt = now // there is none: it is renewed before the first use
	case set.ExpiresAt != nil:
		token.ExpiresAt = *set.ExpiresAt
	}
	return f.saveAuthorized(ctx, a, origin{}, token)
}
