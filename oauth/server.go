package oauth

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// GrantType is the value of grant_type in a token request (RFC 6749 §4).
type GrantType string

// The grant types of RFC 6749 that this package builds parameters for. Any
// other value may be stated too; it is sent as it is.
const (
	GrantAuthorizationCode GrantType = "authorization_code"
	GrantClientCredentials GrantType = "client_credentials"
	GrantRefreshToken      GrantType = "refresh_token"
	GrantJWTBearer         GrantType = "urn:ietf:params:oauth:grant-type:jwt-bearer"
)

// AuthMethod is a client authentication method as registered for
// token_endpoint_auth_methods_supported (RFC 8414 §2).
type AuthMethod string

// The client authentication methods this package can place in a request.
const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
	// AuthBasicAndPost shows id and secret in both places, for servers that look
	// for them here or there. RFC 6749 §2.3 forbids it: it is never chosen unasked.
	AuthBasicAndPost  AuthMethod = "client_secret_basic client_secret_post"
	AuthNone          AuthMethod = "none"
	AuthPrivateKeyJWT AuthMethod = "private_key_jwt"
	AuthSecretJWT     AuthMethod = "client_secret_jwt"
	AuthTLS           AuthMethod = "tls_client_auth"             // RFC 8705 §2.1
	AuthSelfSignedTLS AuthMethod = "self_signed_tls_client_auth" // RFC 8705 §2.2
)

// AuthMethods lists the client authentication methods, the RFC's own first.
func AuthMethods() []AuthMethod {
	return []AuthMethod{AuthBasic, AuthPost, AuthPrivateKeyJWT, AuthSecretJWT, AuthTLS, AuthSelfSignedTLS, AuthNone}
}

// Server is what is known of an authorization server, from its metadata
// (RFC 8414) or written down by hand. An empty string means not known.
type Server struct {
	Issuer                string `json:"issuer,omitempty"`
	AuthorizationEndpoint string `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string `json:"token_endpoint,omitempty"`
	RefreshEndpoint       string `json:"refresh_endpoint,omitempty"`
	RevocationEndpoint    string `json:"revocation_endpoint,omitempty"`
	IntrospectionEndpoint string `json:"introspection_endpoint,omitempty"`
	UserinfoEndpoint      string `json:"userinfo_endpoint,omitempty"`
	RegistrationEndpoint  string `json:"registration_endpoint,omitempty"`

	DeviceAuthorizationEndpoint string `json:"device_authorization_endpoint,omitempty"` // RFC 8628 §4

	AuthMethods           []AuthMethod `json:"token_endpoint_auth_methods_supported,omitempty"`
	CodeChallengeMethods  []string     `json:"code_challenge_methods_supported,omitempty"`
	ScopesSupported       []string     `json:"scopes_supported,omitempty"`
	IssParameterSupported bool         `json:"authorization_response_iss_parameter_supported,omitempty"`
	Features
}

// RefreshURL is where refresh requests go: the refresh endpoint when the
// server has one of its own, else the token endpoint.
func (s Server) RefreshURL() string {
	if s.RefreshEndpoint != "" {
		return s.RefreshEndpoint
	}
	return s.TokenEndpoint
}

// SupportsS256 reports whether the server advertises PKCE with S256. False
// means only that it does not say so; see CodeChallenge.
func (s Server) SupportsS256() bool {
	return slices.Contains(s.CodeChallengeMethods, MethodS256)
}

// PreferredAuth picks the client authentication method: Basic where the server
// takes it (RFC 6749 §2.3.1), then the body, then none. A server that lists no
// method takes Basic (RFC 8414 §2). A method it lists that needs a key rather
// than a secret is never picked.
func (s Server) PreferredAuth(hasSecret bool) AuthMethod {
	if !hasSecret {
		return AuthNone
	}
	for _, m := range []AuthMethod{AuthBasic, AuthPost} {
		if slices.Contains(s.AuthMethods, m) {
			return m
		}
	}
	return AuthBasic
}

// Option relaxes one rule, by name, where a caller can answer for it.
type Option int

const (
	// AllowInsecure accepts http endpoints on hosts other than loopback.
	// Tokens and secrets then cross that network in clear: an operator must
	// have said so for this server.
	AllowInsecure Option = iota + 1
	// AllowIssuerTemplate accepts metadata whose issuer holds the literal
	// {tenantid} in place of one path segment of the issuer asked for, as
	// multi-tenant servers publish it.
	AllowIssuerTemplate
)

func insecureOption(allowed bool) []Option {
	if allowed {
		return []Option{AllowInsecure}
	}
	return nil
}

// CheckEndpoint reports why rawURL must not be used as an OAuth endpoint: it
// is not absolute, names credentials, or is not https (RFC 6749 §3.1, §3.2;
// OAuth 2.1 §1.5). http is accepted on loopback hosts, and elsewhere only with
// AllowInsecure. The error is an *Error with ActionConfigure.
func CheckEndpoint(rawURL string, opts ...Option) error {
	_, err := parseEndpoint("endpoint", rawURL, opts)
	return err
}

func parseEndpoint(name, rawURL string, opts []Option) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, misconfigured(CodeInvalidEndpoint, "the "+name+" is not an absolute URL")
	}
	if u.User != nil {
		return nil, misconfigured(CodeInvalidEndpoint, "the "+name+" holds credentials; remove the part before @")
	}
	switch strings.ToLower(u.Scheme) {
	case "https":
		return u, nil
	case "http":
		if isLoopback(u.Hostname()) || slices.Contains(opts, AllowInsecure) {
			return u, nil
		}
		return nil, misconfigured(CodeInvalidEndpoint, "the "+name+" at "+u.Host+" is http; only https is accepted outside this machine")
	}
	return nil, misconfigured(CodeInvalidEndpoint, "the "+name+" has the scheme "+u.Scheme+"; it must be https")
}

// isLoopback goes by the name alone: nothing is resolved here, so that what a
// name points at today cannot change the verdict.
func isLoopback(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
