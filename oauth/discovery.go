package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/oauth/lenient"
)

const (
	wellKnownOAuth  = "/.well-known/oauth-authorization-server"
	wellKnownOpenID = "/.well-known/openid-configuration"
)

// MetadataURLs lists where an issuer's metadata may be, in the order to try:
// the two well-known paths inserted before the issuer's path (RFC 8414 §3,
// §3.1), then OpenID Connect Discovery's appended behind it. An issuer without
// a path has two. The error is an *Error.
func MetadataURLs(issuer string, opts ...Option) ([]string, error) {
	u, err := parseEndpoint("issuer", issuer, opts)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery || strings.Contains(issuer, "#") {
		return nil, misconfigured(CodeInvalidEndpoint, "the issuer has a query or a fragment")
	}
	origin := u.Scheme + "://" + u.Host
	path := strings.TrimRight(u.EscapedPath(), "/")
	urls := []string{origin + wellKnownOAuth + path, origin + wellKnownOpenID + path}
	if path != "" {
		urls = append(urls, origin+path+wellKnownOpenID)
	}
	return urls, nil
}

// MetadataRequest builds the GET for one of the MetadataURLs (RFC 8414 §3.1).
func MetadataRequest(ctx context.Context, metadataURL string, opts ...Option) (*http.Request, error) {
	u, err := parseEndpoint("metadata URL", metadataURL, opts)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, misconfigured(CodeInvalidEndpoint, "the metadata URL cannot be requested")
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// ReadMetadata judges the answer to a MetadataRequest: at most 1 MiB, status
// 200, then ParseMetadata. It closes the body.
func ReadMetadata(resp *http.Response, issuer string, now time.Time, opts ...Option) (Server, error) {
	r, err := ReadResponse(resp, now)
	if err != nil {
		return Server{}, err
	}
	if r.Status != http.StatusOK {
		return Server{}, &Error{
			Code: CodeHTTPStatus, Status: r.Status, Description: "no metadata at this address",
			Action: byStatus(Signal{Status: r.Status}), RetryAfter: retryAfter(r.Header, now),
		}
	}
	return ParseMetadata(issuer, r.Body, opts...)
}

// metadata is the part of RFC 8414 §2 and OpenID Connect Discovery §3 that a
// client needs. Unknown members are ignored.
type metadata struct {
	Server
	// An RFC 8414 document says what is supported; absent is not the same as
	// an empty list.
	AuthMethods *[]AuthMethod `json:"token_endpoint_auth_methods_supported"`
}

// ParseMetadata reads an issuer's metadata document (RFC 8414 §3.2). The
// issuer inside must be the one asked for, code point by code point (§3.3, §4),
// or the document is refused. What is absent gets the RFC's default:
// client_secret_basic, and no PKCE advertised (§2). The error is an *Error.
func ParseMetadata(issuer string, body []byte, opts ...Option) (Server, error) {
	body = trimBody(body)
	if _, err := lenient.Read(body, lenient.JSON); err != nil {
		return Server{}, misconfigured(CodeInvalidMetadata, "the metadata is not one JSON object: "+err.Error())
	}
	var doc metadata
	if err := json.Unmarshal(body, &doc); err != nil {
		return Server{}, misconfigured(CodeInvalidMetadata, "a member of the metadata has the wrong type")
	}
	return doc.accept(issuer, opts)
}

// WithSigned lays the claims of signed metadata over the plain document (RFC
// 8414 §2.1). Whoever calls it has verified their signature. The error is an
// *Error.
func (s Server) WithSigned(claims []byte, opts ...Option) (Server, error) {
	doc := metadata{Server: s, AuthMethods: &s.AuthMethods}
	if json.Unmarshal(claims, &doc) != nil {
		return Server{}, misconfigured(CodeInvalidMetadata, "a member of the signed metadata has the wrong type")
	}
	return doc.accept(s.Issuer, opts)
}

func (doc metadata) accept(issuer string, opts []Option) (Server, error) {
	s := doc.Server
	if !acceptIssuer(issuer, s.Issuer, opts) {
		return Server{}, misconfigured(CodeIssuerMismatch,
			"the metadata is that of the issuer "+sanitize(s.Issuer, nil)+", not of "+sanitize(issuer, nil))
	}
	s.AuthMethods = []AuthMethod{AuthBasic}
	if doc.AuthMethods != nil {
		s.AuthMethods = *doc.AuthMethods
	}
	s.RefreshEndpoint = "" // not a member of any standard: never taken from a document
	if s.TokenEndpoint == "" {
		return Server{}, misconfigured(CodeInvalidMetadata, "the metadata names no token_endpoint")
	}
	for name, endpoint := range s.endpoints() {
		if endpoint == "" {
			continue
		}
		if _, err := parseEndpoint(name, endpoint, opts); err != nil {
			return Server{}, err
		}
	}
	return s, nil
}

func (s Server) endpoints() map[string]string {
	all := s.Features.endpoints()
	all["authorization_endpoint"] = s.AuthorizationEndpoint
	all["token_endpoint"] = s.TokenEndpoint
	all["revocation_endpoint"] = s.RevocationEndpoint
	all["introspection_endpoint"] = s.IntrospectionEndpoint
	all["userinfo_endpoint"] = s.UserinfoEndpoint
	all["registration_endpoint"] = s.RegistrationEndpoint
	all["device_authorization_endpoint"] = s.DeviceAuthorizationEndpoint
	return all
}

// acceptIssuer compares exactly, unless the caller asked for the one exception:
// the document's issuer has {tenantid} for one path segment.
func acceptIssuer(asked, got string, opts []Option) bool {
	if asked == got {
		return got != ""
	}
	if !slices.Contains(opts, AllowIssuerTemplate) || !strings.Contains(got, "/"+tenantTemplate) {
		return false
	}
	u, err := url.Parse(got)
	return err == nil && !strings.Contains(u.Host, "{") && sameIssuer(got, asked)
}
