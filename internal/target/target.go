package target

import (
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
)

// Target is the API of a connection with every template filled in. It is
// shared between calls: do not change it.
type Target struct {
	BaseURL     *url.URL           // nil: the connection has none; its token can be fetched, not used here
	Token       []Placement        // where the token goes; at least one
	Headers     map[string]string  // sent with each call
	Query       map[string]string  // added to each call
	Timeout     time.Duration      // for the answer's header to arrive
	AuthError   api.AuthErrorRules // which answers refuse the token; defaults are not filled in
	Logins      []*url.URL         // where a person would sign in: a redirect there means that the token is not accepted
	Cookies     *bool              // keep the API's cookies
	Compression *bool              // ask for compressed answers
	Redirects   string             // api.RedirectsNone or "", api.RedirectsSameOrigin, api.RedirectsAll
	Retry       api.RetryRules     // defaults are not filled in
	RateLimit   api.RateLimitRules // defaults are not filled in
	Test        *Test              // nil: no test request is known
	Way
	Answers
}

// Way is how the API is reached.
type Way struct {
	TLS       api.TLSSettings // whose certificates the API may show
	api.Route                 // as the settings have it; zero: none of its own
}

// Answers is how answers are read.
type Answers struct {
	api.BodyRules
	Hints map[string]string // what to do about an error, by its value or its status
}

// Test is a request that shows whether the connection works.
type Test struct {
	Method, Path, RawQuery string // the query is encoded
	Header                 map[string]string
	Body                   string
	Rules                  api.OutcomeRules
}

// Placement is one place of the token.
type Placement struct {
	In     string // api.InHeader, api.InQuery, api.InBody
	Name   string // header or parameter name
	Scheme string // before the token in a header; "" for none
}
