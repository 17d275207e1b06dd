package account

import (
	"encoding/json"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// leeway is how far a provider's clock may be from ours.
const leeway = 2 * time.Minute

// Read gives the account of an answer's ID token, when there is one and its
// issuer is known; else the zero Account. The token came straight from the
// token endpoint, whose TLS vouches for it (OpenID Connect Core section 3.1.3.7
// item 6); everything else about it is checked. The error has [api.CodeForbidden].
func Read(issuer, clientID string, token oauth.Token, now time.Time) (idtoken.Account, error) {
	if token.IDToken == "" || issuer == "" {
		return idtoken.Account{}, nil
	}
	claims, err := idtoken.Verifier{
		Issuer:      issuer,
		ClientID:    clientID,
		AccessToken: token.AccessToken,
		Now:         now,
		Leeway:      leeway,
	}.UnverifiedFromTokenEndpoint(token.IDToken)
	if err == nil {
		return claims.Account(), nil
	}
	return idtoken.Account{}, fault.Wrap(err, api.CodeForbidden, "the provider's ID token was refused: %s", oauth.Words(err)).
		WithHint("nothing was changed; compare the issuer and client_id of the settings with the provider's")
}

// Pin gives the text to keep for a connection that is authorized by now and
// was by what kept says, if by anybody. Another account is refused, not merged
// (faults R-12). An account that nobody can tell keeps what is there: "". The
// error has [api.CodeConflict].
func Pin(connection, kept string, now idtoken.Account) (text string, err error) {
	if now.Subject == "" {
		return "", nil
	}
	if before, ok := read(kept); ok && !idtoken.SameAccount(before, now) {
		was, is := before.Label(), now.Label()
		if was == is { // one person, or one name, in two places
			was, is = was+" at "+before.Issuer, is+" at "+now.Issuer
		}
		return "", fault.New(api.CodeConflict, "the connection %q belongs to the account %s, and %s authorized", connection, was, is).
			WithHint("log in as %s, or make a connection of its own for the other account", was)
	}
	encoded, err := json.Marshal(now)
	return string(encoded), err
}

func read(kept string) (idtoken.Account, bool) {
	var account idtoken.Account
	if kept == "" || json.Unmarshal([]byte(kept), &account) != nil {
		return idtoken.Account{}, false
	}
	return account, true
}

// Label is the kept account's name, to show; "" when nobody is known.
func Label(kept string) string {
	account, ok := read(kept)
	if !ok {
		return ""
	}
	return account.Label()
}

// Hint is what the provider knows the kept account by, to be offered first.
func Hint(kept string) string {
	account, _ := read(kept)
	if account.PreferredUsername != "" {
		return account.PreferredUsername
	}
	return account.Email
}
