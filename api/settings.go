package api

import (
	"cmp"
	"encoding/json"
	"fmt"
)

// CallSettings says how to call an API: the api block. The provider gives
// defaults, the connection overrides them key by key.
type CallSettings struct {
	BaseURL     string            `json:"base_url,omitempty"` // template over the variables; no call leaves it
	Token       *TokenPlacement   `json:"token,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`     // sent with each call; templates
	Query       map[string]string `json:"query,omitempty"`       // added to each call's query; templates
	Timeout     Duration          `json:"timeout,omitempty"`     // for the answer's header to arrive; default 40s
	AuthError   *AuthErrorRules   `json:"auth_error,omitempty"`  // which answers mean that the token is refused
	Retry       *RetryRules       `json:"retry,omitempty"`       // what is sent again after a failure
	RateLimit   *RateLimitRules   `json:"rate_limit,omitempty"`  // how much the API takes at a time
	Redirects   string            `json:"redirects,omitempty"`   // none (default), same_origin, all
	TLS         *TLSSettings      `json:"tls,omitempty"`         // whose certificates the API may show
	Cookies     *bool             `json:"cookies,omitempty"`     // keep the API's cookies and send them back; default false
	Compression *bool             `json:"compression,omitempty"` // ask for compressed answers and unpack them; default false
	Test        *TestRequest      `json:"test,omitempty"`        // a request that shows the connection works
	Route
	BodyRules
}

// Route is the way to an API that is not reached directly.
type Route struct {
	// Proxy is the HTTP or SOCKS5 proxy on the way to this API: an http, https or
	// socks5 URL without a password, or file:PATH or env:VALETKEY_PROXY_NAME where
	// the whole URL stands.
	Proxy string `json:"proxy,omitempty"`
	// Agent is the name of the agent in whose network the API is. Of several, the
	// first that is connected leads there.
	Agent StringList `json:"agent,omitempty"`
}

// The places a token can stand in (RFC 6750 section 2).
const (
	InHeader = "header" // section 2.1
	InBody   = "body"   // section 2.2, form bodies only
	InQuery  = "query"  // section 2.3
)

// TLSSettings says whose certificates an API may show, where the authorities
// that the server's machine trusts are not the ones.
type TLSSettings struct {
	CA                string `json:"ca,omitempty"`                 // certificates in PEM: the only authorities that count, or the API's own certificate
	ClientCertificate *bool  `json:"client_certificate,omitempty"` // show the client's certificate, which stands beside its private_key (RFC 8705)
	// Certificate is one of the connection's own, in the place of the client's:
	// file:PATH, env:VALETKEY_CERTIFICATE_NAME or variable:NAME, a secret variable of the client,
	// where it stands in PEM beside its private key.
	Certificate        string `json:"certificate,omitempty"`
	InsecureSkipVerify *bool  `json:"insecure_skip_verify,omitempty"` // the certificate may be for another name; needs CA, which still counts
}

func (s TLSSettings) merge(over TLSSettings) TLSSettings {
	return TLSSettings{CA: cmp.Or(over.CA, s.CA), InsecureSkipVerify: cmp.Or(over.InsecureSkipVerify, s.InsecureSkipVerify), ClientCertificate: cmp.Or(over.ClientCertificate, s.ClientCertificate),
		Certificate: cmp.Or(over.Certificate, s.Certificate)}
}

// What is done with a redirect of an API.
const (
	RedirectsNone       = "none"        // it goes to the caller as it came
	RedirectsSameOrigin = "same_origin" // it is followed within the API's own origin (RFC 6454)
	RedirectsAll        = "all"         // it is followed anywhere; token and settings stay at home
)

// TokenPlacement says where the access token stands in a call.
type TokenPlacement struct {
	In     StringList `json:"in,omitempty"`     // header (default), query, body; one or several
	Name   string     `json:"name,omitempty"`   // header: Authorization; query and body: access_token
	Scheme *string    `json:"scheme,omitempty"` // before the token in the header; default Bearer; "" for none
	Source string     `json:"source,omitempty"` // access_token (default), or id_token where the API takes that; set by the provider
}

// StringList is a list that may be written as a single string.
type StringList []string

// UnmarshalJSON reads a string or a list of strings.
func (l *StringList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = StringList{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return fmt.Errorf("expected text or a list of texts")
	}
	*l = many
	return nil
}

// Merge returns s with every key that over sets taken from over. Maps merge
// key by key; the receiver and the argument stay unchanged.
func (s CallSettings) Merge(over CallSettings) CallSettings {
	merged := s
	if over.BaseURL != "" {
		merged.BaseURL = over.BaseURL
	}
	merged.Token = mergeBlock(s.Token, over.Token, TokenPlacement.merge)
	merged.Headers = mergeMaps(s.Headers, over.Headers)
	merged.Query = mergeMaps(s.Query, over.Query)
	if over.Timeout != 0 {
		merged.Timeout = over.Timeout
	}
	merged.Redirects = cmp.Or(over.Redirects, s.Redirects)
	merged.AuthError = mergeBlock(s.AuthError, over.AuthError, AuthErrorRules.merge)
	merged.Cookies = cmp.Or(over.Cookies, s.Cookies)
	merged.Compression = cmp.Or(over.Compression, s.Compression)
	merged.TLS = mergeBlock(s.TLS, over.TLS, TLSSettings.merge)
	merged.Retry = mergeBlock(s.Retry, over.Retry, RetryRules.merge)
	merged.RateLimit = mergeBlock(s.RateLimit, over.RateLimit, RateLimitRules.merge)
	merged.Route = s.Route.merge(over.Route)
	merged.BodyRules = BodyRules{s.MediaTypes.merge(over.MediaTypes), s.OutcomeRules.Merge(over.OutcomeRules), cmp.Or(over.Caching, s.Caching)}
	if over.Test != nil {
		merged.Test = over.Test
	}
	return merged
}

// merge returns r, or what over has in its place: there is one way.
func (r Route) merge(over Route) Route {
	if over.Proxy == "" && len(over.Agent) == 0 {
		return r
	}
	return over
}

// merge returns p with every key that over sets.
func (p TokenPlacement) merge(over TokenPlacement) TokenPlacement {
	return TokenPlacement{
		In:     mergeList(p.In, over.In),
		Name:   cmp.Or(over.Name, p.Name),
		Scheme: cmp.Or(over.Scheme, p.Scheme),
		Source: cmp.Or(over.Source, p.Source),
	}
}

// mergeBlock merges two blocks of which either may be absent.
func mergeBlock[T any](base, over *T, merge func(T, T) T) *T {
	switch {
	case over == nil:
		return base
	case base == nil:
		return over
	}
	merged := merge(*base, *over)
	return &merged
}

func mergeList[L ~[]T, T any](base, over L) L {
	if len(over) > 0 {
		return over
	}
	return base
}

func mergeMaps(base, over map[string]string) map[string]string {
	if len(over) == 0 {
		return base
	}
	merged := make(map[string]string, len(base)+len(over))
	for k, v := range base {
		merged[k] = v
	}
	for k, v := range over {
		merged[k] = v
	}
	return merged
}
