package arrangement

import (
	"context"
	"log/slog"

	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// Identify tells whose account an answer is about: by its ID token, whose
// names the userinfo endpoint completes. The zero Account: nobody says.
func (d *Desk) Identify(ctx context.Context, a Arrangement, server oauth.Server, token oauth.Token, nonce string) (idtoken.Account, error) {
	proof := account.Proof{Issuer: server.Issuer, ClientID: a.Client.ClientID, Nonce: nonce, Now: d.Now(), Algs: server.IDTokenAlgs}
	if server.JWKSURI != "" {
		proof.Keys = func(again bool) (idtoken.KeySet, error) {
			keys, err := d.Servers.Keys(ctx, server.JWKSURI, again)
			if err != nil {
				d.Log.Warn("an ID token is taken on the word of the token endpoint: its issuer's keys cannot be had",
					slog.String("connection", a.Connection.Name), slog.Any("error", err))
			}
			return keys, err
		}
	}
	who, err := proof.Read(token)
	if err != nil || who.Subject == "" || who.Email != "" || server.UserinfoEndpoint == "" {
		return who, err
	}
	return d.complete(ctx, d.forToken(ctx, a, token), server.UserinfoEndpoint, token.AccessToken, who), nil
}

// complete asks the userinfo endpoint for a name to show. Without an answer
// the account is known all the same.
func (d *Desk) complete(ctx context.Context, way Doer, endpoint, access string, who idtoken.Account) idtoken.Account {
	ctx, cancel := context.WithTimeout(ctx, TokenTimeout)
	defer cancel()
	request, err := idtoken.UserinfoRequest(ctx, endpoint, access)
	if err != nil {
		return who
	}
	response, err := way.Do(request)
	if err != nil {
		return who
	}
	defer response.Body.Close()
	claims, err := idtoken.ReadUserinfo(response, d.Now(), who.Subject)
	if err != nil {
		return who
	}
	return who.With(claims.Account())
}
