package broker

import (
	"encoding/json"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// clockLeeway is how far a provider's clock may be from ours.
const clockLeeway = 2 * time.Minute

// accountOf reads who authorized from the ID token, when the provider gave one
// and its issuer is known; else it is the zero Account. The token came straight
// from the token endpoint, whose TLS vouches for it (OpenID Connect Core
// section 3.1.3.7 item 6); everything else about it is checked.
func (b *Broker) accountOf(a arrangement, issuer string, token oauth.Token) (idtoken.Account, error) {
	if token.IDToken == "" || issuer == "" {
		return idtoken.Account{}, nil
	}
	claims, err := idtoken.Verifier{
		Issuer:      issuer,
		ClientID:    a.client.ClientID,
		AccessToken: token.AccessToken,
		Now:         b.Now(),
		Leeway:      clockLeeway,
	}.UnverifiedFromTokenEndpoint(token.IDToken)
	if err != nil {
		return idtoken.Account{}, fault.Wrap(err, api.CodeForbidden, "the provider's ID token was refused: %s", describe(err)).
			WithHint("nothing was changed; compare the issuer and client_id of the settings with the provider's")
	}
	return claims.Account(), nil
}

// pinned reads back the account a connection was authorized by.
func pinned(c Connection) (idtoken.Account, bool) {
	var account idtoken.Account
	if c.Account == "" || c.Generation == 0 || json.Unmarshal([]byte(c.Account), &account) != nil {
		return idtoken.Account{}, false
	}
	return account, true
}

// pin keeps a connection with the account that authorized it first: another
// one is refused, not merged (faults R-12). A revoked connection is free.
func pin(c Connection, account idtoken.Account) (text string, err error) {
	if account.Subject == "" {
		return "", nil
	}
	if before, ok := pinned(c); ok && !idtoken.SameAccount(before, account) {
		return "", fault.New(api.CodeConflict, "the connection %q belongs to the account %s, and %s authorized", c.Name, before.Label(), account.Label()).
			WithHint("log in as %s, or make a connection of its own for the other account", before.Label())
	}
	encoded, err := json.Marshal(account)
	return string(encoded), err
}

// accountLabel is the account's name, for showing.
func accountLabel(c Connection) string {
	account, ok := pinned(c)
	if !ok {
		return ""
	}
	return account.Label()
}

// hint offers the connection's own account first when it is authorized again.
func hint(c Connection, asked string) string {
	if asked != "" {
		return asked
	}
	account, _ := pinned(c)
	if account.PreferredUsername != "" {
		return account.PreferredUsername
	}
	return account.Email
}
