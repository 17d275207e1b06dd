package sandbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"
)

// Config says how the practice provider behaves. With an Issuer and nothing
// else it is a well-behaved server.
type Config struct {
	// Issuer is the base URL the server is reached at, such as
	// http://127.0.0.1:4000: scheme, host and port, without a path. Required.
	Issuer string
	// ClientSecret is the confidential client's secret; empty means a random
	// one for each New.
	ClientSecret string
	// RedirectURIs are accepted, compared exactly, besides every loopback URI.
	RedirectURIs []string
	// TokenLifetime is how long an access token is good; 0 means one hour.
	TokenLifetime time.Duration
	// RefreshLifetime is how long a refresh token is good, counted from its own
	// issue; 0 means that it does not expire.
	RefreshLifetime time.Duration
	// Faults is the misbehaviour wanted, from ParseFaults.
	Faults Faults
	// Now is the server's clock; nil means time.Now.
	Now func() time.Time
	// Rand is where tokens come from; nil means crypto/rand.Reader. It is read
	// by one request at a time.
	Rand io.Reader
}

// Credentials is what a person or a program needs in order to use the practice
// provider.
type Credentials struct {
	Issuer                string // compare with iss exactly
	ClientID              string // the confidential client
	ClientSecret          string // its secret
	PublicClientID        string // a client without a secret, which must use PKCE
	Username              string // the test user
	Password              string // the test user's password
	AuthorizationEndpoint string
	TokenEndpoint         string
	APIBaseURL            string // the mail API, such as http://127.0.0.1:4000/v1.0
	Scopes                []string
}

const (
	defaultTokenLifetime = time.Hour
	codeLifetime         = 2 * time.Minute
	sessionLifetime      = 8 * time.Hour
)

// checkIssuer returns the issuer without a trailing slash, or says what is
// wrong with it. A path is refused because discovery would then have two
// addresses (RFC 8414 section 3.1), and a practice server needs none.
func checkIssuer(raw string) (string, error) {
	if raw == "" {
		return "", errors.New("sandbox: the issuer is empty: give the URL the server is reached at, such as http://127.0.0.1:4000")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("sandbox: the issuer is not a URL: %v", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("sandbox: the issuer %q does not begin with http:// or https://", u.Redacted())
	}
	if u.Hostname() == "" {
		return "", fmt.Errorf("sandbox: the issuer %q has no host", u.Redacted())
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("sandbox: the issuer %q must be scheme, host and port alone", u.Redacted())
	}
	return u.Scheme + "://" + u.Host, nil
}

// withDefaults returns the configuration with every optional field filled in.
func (c Config) withDefaults() (Config, error) {
	issuer, err := checkIssuer(c.Issuer)
	if err != nil {
		return Config{}, err
	}
	c.Issuer = issuer
	if c.TokenLifetime < 0 || c.RefreshLifetime < 0 {
		return Config{}, errors.New("sandbox: a token lifetime is negative: to answer a negative expires_in, use the fault expires_in=negative")
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = defaultTokenLifetime
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	return c, nil
}
