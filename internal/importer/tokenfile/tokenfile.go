package tokenfile

import (
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
)

// Read reads a token file by this name, written at the given time: a lifetime
// in it counts from then. The error has [api.CodeInvalid] and quotes nothing.
func Read(name string, content []byte, written time.Time) (api.TokenImport, error) {
	answer := oauth.Response{Status: 200, Body: content, Received: written}
	token, err := answer.Token(oauth.ResponseRules{})
	var refused *oauth.Error
	switch {
	case errors.As(err, &refused):
		// Its words speak of a server's answer, and may quote the file.
		return api.TokenImport{}, fault.New(api.CodeInvalid, "%s is no token file: it must hold an access_token, as JSON or form-encoded", name).
			WithHint(`write it as {"access_token": "…", "refresh_token": "…", "expires_in": 3600}`)
	case err != nil:
		return api.TokenImport{}, err
	}
	set := api.TokenImport{
		AccessToken:  api.Secret(token.AccessToken),
		RefreshToken: api.Secret(token.RefreshToken),
		TokenType:    token.TokenType,
		Scope:        oauth.JoinScope(token.Scope, " "),
	}
	if !token.ExpiresAt.IsZero() {
		set.ExpiresAt = &token.ExpiresAt
	}
	return set, nil
}
