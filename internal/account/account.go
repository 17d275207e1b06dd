package account

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/idtoken"
)

// leeway is how far a provider's clock may be from ours.
const leeway = 2 * time.Minute

// Proof is what an answer's ID token is judged by.
type Proof struct {
	Issuer   string // "" where the provider has none: then nobody is known
	ClientID string
	Nonce    string // what the authorization request sent; "": it sent none
	Now      time.Time
	Algs     []string // what the issuer announces
	// Keys returns the issuer's keys, anew when one was missing. Nil, or an
	// error: the token came straight from the token endpoint, whose TLS vouches
	// for it (OpenID Connect Core section 3.1.3.7 item 6).
	Keys func(again bool) (idtoken.KeySet, error)
}

// Read gives the account of an answer's ID token, when there is one and its
// issuer is known; else the zero Account. Everything about the token is
// checked, its signature wherever the keys can be had. The error has
// [api.CodeForbidden].
func (p Proof) Read(token oauth.Token) (idtoken.Account, error) {
	if token.IDToken == "" || p.Issuer == "" {
		return idtoken.Account{}, nil
	}
	claims, err := p.verify(token)
	if err == nil {
		return claims.Account(), nil
	}
	return idtoken.Account{}, fault.Wrap(err, api.CodeForbidden, "the provider's ID token was refused: %s", oauth.Words(err)).
		WithHint("nothing was changed; compare the issuer and client_id of the settings with the provider's")
}

// algs is what the issuer announces; with its keys at hand and nothing
// announced, each key says by its kind what it signs with.
func (p Proof) algs() []idtoken.Alg {
	if len(p.Algs) > 0 || p.Keys == nil {
		return idtoken.Allowed(p.Algs)
	}
	return idtoken.Allowed([]string{"RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"})
}

func (p Proof) verify(token oauth.Token) (idtoken.Claims, error) {
	verifier := idtoken.Verifier{
		Issuer:         p.Issuer,
		TenantTemplate: true,
		ClientID:       p.ClientID,
		Algs:           p.algs(),
		Nonce:          p.Nonce,
		AccessToken:    token.AccessToken,
		Now:            p.Now,
		Leeway:         leeway,
	}
	if p.Keys == nil {
		return verifier.UnverifiedFromTokenEndpoint(token.IDToken)
	}
	var err error
	if verifier.Keys, err = p.Keys(false); err != nil {
		return verifier.UnverifiedFromTokenEndpoint(token.IDToken)
	}
	claims, err := verifier.Verify(token.IDToken)
	var missing *idtoken.UnknownKeyError
	if !errors.As(err, &missing) {
		return claims, err
	}
	if verifier.Keys, err = p.Keys(true); err != nil {
		return claims, missing
	}
	return verifier.Verify(token.IDToken)
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
