package broker

import (
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/secret"
)

// Credential is all that one call of an API needs, as one immutable snapshot.
type Credential struct {
	Connection string
	Generation int64
	TokenType  string
	Scope      string
	ExpiresAt  time.Time // zero: unknown
	Target     *Target   // never nil
	sealed     secret.Sealed
	sealer     Sealer
}

// AccessToken opens the token. It stays sealed in memory between calls.
func (c *Credential) AccessToken() (secret.Text, error) {
	return c.sealer.Open(c.sealed, tokenPlace(c.Connection, c.Generation, "access_token"))
}

// Sealer seals and opens secrets; *secret.Keyring is one.
type Sealer interface {
	Seal(secret.Text, secret.Place) (secret.Sealed, error)
	Open(secret.Sealed, secret.Place) (secret.Text, error)
}

// Target is the API of a connection with every template filled in. It is
// shared between calls: do not change it.
type Target struct {
	BaseURL    *url.URL           // nil: the connection has none; its token can be fetched, not used here
	Token      []Placement        // where the token goes; at least one
	Headers    map[string]string  // sent with each call
	Query      map[string]string  // added to each call
	Timeout    time.Duration      // for the answer's header to arrive
	AuthError  api.AuthErrorRules // which answers refuse the token; defaults are not filled in
	Logins     []*url.URL         // where a person would sign in: a redirect there means that the token is not accepted
	TLS        api.TLSSettings
	Redirects  string             // api.RedirectsNone or "", api.RedirectsSameOrigin, api.RedirectsAll
	Retry      api.RetryRules     // defaults are not filled in
	RateLimit  api.RateLimitRules // defaults are not filled in
	TestMethod string
	TestPath   string // "": no test request is known
}

// Placement is one place of the token.
type Placement struct {
	In     string // api.InHeader, api.InQuery, api.InBody
	Name   string // header or parameter name
	Scheme string // before the token in a header; "" for none
}
