package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/valetkey/valetkey/oauth/challenge"
	"github.com/valetkey/valetkey/oauth/signature"
)

// TokenRequest is a request to the token endpoint (RFC 6749 §3.2). It redacts
// itself wherever it is printed.
type TokenRequest struct {
	Endpoint      string
	Auth          ClientAuth
	Grant         GrantType
	Params        url.Values // from CodeParams, RefreshParams or ClientCredentialsParams, plus resource and the like
	Rules         RequestRules
	AllowInsecure bool // the endpoint may be http anywhere
}

// CodeParams redeems an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
// redirectURI is byte for byte that of the authorization request; verifier is
// empty where PKCE was left out.
func CodeParams(code, redirectURI, verifier string) url.Values {
	return url.Values{"code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
}

// RefreshParams renews a grant (RFC 6749 §6). Without scopes the whole grant is
// renewed; never name a scope that was not granted.
func RefreshParams(refreshToken string, scopes []string, separator string) url.Values {
	return url.Values{"refresh_token": {refreshToken}, "scope": {JoinScope(scopes, separator)}}
}

// ClientCredentialsParams asks for a token of the client itself
// (RFC 6749 §4.4.2).
func ClientCredentialsParams(scopes []string, separator string) url.Values {
	return url.Values{"scope": {JoinScope(scopes, separator)}}
}

// HTTP builds the request: POST, form-encoded, one client authentication
// method, unless the rules say otherwise. It can be sent once: net/http will
// not repeat it on a broken connection, for a refresh token or a code may be
// spent by then. The error is an *Error.
func (r TokenRequest) HTTP(ctx context.Context) (*http.Request, error) {
	auth, err := legAuth(r.Auth, r.Rules)
	if err != nil {
		return nil, err
	}
	authorization, params, err := auth.place()
	if err != nil {
		return nil, err
	}
	if err := r.check(auth, params); err != nil {
		return nil, err
	}
	params.Set("grant_type", string(r.Grant))
	if r.Rules.GrantType != "" {
		params.Set("grant_type", r.Rules.GrantType)
	}
	for name, values := range r.Params {
		params[name] = values
	}
	return buildRequest(ctx, outgoing{
		name:          "token endpoint",
		endpoint:      r.Endpoint,
		authorization: authorization,
		params:        params,
		rules:         r.Rules,
		opts:          insecureOption(r.AllowInsecure),
	})
}

// check refuses a second client authentication method (RFC 6749 §2.3), a
// public client on the client credentials grant (§4.4), and malformed
// resources.
func (r TokenRequest) check(auth ClientAuth, placed url.Values) error {
	for _, name := range []string{"client_id", "client_secret", "client_assertion"} {
		if r.Params.Get(name) != "" && (auth.method() != AuthNone || placed.Has(name)) {
			return &Error{Code: CodeInvalidRequest, Description: "the parameter " + name + " would be a second client authentication", Action: ActionBug, Grant: r.Grant}
		}
	}
	if r.Grant == GrantClientCredentials && auth.method() == AuthNone && !r.Params.Has("client_assertion") && len(r.Rules.Headers) == 0 && len(r.Rules.Params) == 0 {
		return misconfigured(CodeInvalidClientKey, "the client has no credential, and client_credentials needs one")
	}
	for _, resource := range r.Params["resource"] {
		if err := checkResource(resource); err != nil {
			return err
		}
	}
	return nil
}

// Secrets lists what must not come back in an error text. Hand it to the
// judgement of the response as Asked.Redact.
func (r TokenRequest) Secrets() []string {
	out := r.Auth.secrets()
	for name, values := range r.Params {
		if secretName(name) {
			out = append(out, values...)
		}
	}
	return out
}

// secretName tells by its name whether a parameter or member is secret.
func secretName(name string) bool {
	n := strings.ToLower(name)
	if n == "token_type" || strings.HasSuffix(n, "_type") || strings.Contains(n, "expires") {
		return false
	}
	if n == "code" || n == "key" || n == "assertion" {
		return true
	}
	for _, part := range []string{"token", "secret", "password", "passwd", "assertion", "verifier", "apikey", "api_key", "private_key", "privatekey", "authorization", "credential", "cookie", "jwt", "signature"} {
		if strings.Contains(n, part) {
			return true
		}
	}
	return false
}

// legAuth lets one leg use another authentication method than the client's.
func legAuth(auth ClientAuth, rules RequestRules) (ClientAuth, error) {
	switch rules.Auth {
	case "":
	case AuthAccessToken:
		return auth, misconfigured(CodeInvalidRequest, "auth: access_token belongs to the revocation request only")
	default:
		auth.Method = AuthMethod(rules.Auth)
	}
	// A credential the description leaves out of the body is not needed.
	if auth.method() == AuthPost && slices.Contains(rules.Omit, "client_secret") && auth.ClientSecret == "" {
		auth.Method = AuthNone
	}
	return auth, nil
}

// outgoing is a request to an endpoint, before the rules were applied.
type outgoing struct {
	name          string
	endpoint      string
	authorization string
	params        url.Values
	rules         RequestRules
	opts          []Option
}

func buildRequest(ctx context.Context, o outgoing) (*http.Request, error) {
	if o.rules.URL != "" {
		o.endpoint = o.rules.URL
	}
	u, err := parseEndpoint(o.name, o.endpoint, o.opts)
	if err != nil {
		return nil, err
	}
	if u.Fragment != "" {
		return nil, misconfigured(CodeInvalidEndpoint, "the "+o.name+" has a fragment")
	}
	params, err := o.rules.apply(o.params)
	if err != nil {
		return nil, err
	}
	method, encoding, err := o.rules.shape()
	if err != nil {
		return nil, err
	}
	headers, err := signature.Apply(o.rules.Sign, signature.Parts{Method: method, URL: u, Params: params}, func() string {
		body, _ := payload(encoding, params)
		return body
	})
	if err != nil {
		return nil, misconfigured(CodeInvalidRequest, "a signature cannot be made: "+sanitize(err.Error(), nil))
	}
	body, contentType := payload(encoding, params)
	if encoding == EncodingQuery {
		u.RawQuery = mergeQuery(u.RawQuery, params)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), unrepeatable(body))
	if err != nil {
		return nil, &Error{Code: CodeInvalidRequest, Description: "the request to the " + o.name + " cannot be built", Action: ActionBug}
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Accept", "application/json")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if o.authorization != "" {
		req.Header.Set("Authorization", o.authorization)
	}
	if err := setHeaders(req.Header, o.rules.Headers); err != nil {
		return req, err
	}
	return req, setHeaders(req.Header, headers)
}

// payload is the body that carries the parameters, if one does.
func payload(encoding string, params url.Values) (body, contentType string) {
	switch encoding {
	case EncodingQuery:
		return "", ""
	case EncodingJSON:
		return jsonBody(params), "application/json"
	default:
		return params.Encode(), "application/x-www-form-urlencoded"
	}
}

// unrepeatable hides the body's kind from net/http, which else could rewind it
// and send the request again by itself. An empty body stays a body for the
// same reason: a GET without one counts as safe to repeat.
func unrepeatable(body string) io.Reader { return io.NopCloser(strings.NewReader(body)) }

func (r RequestRules) shape() (method, encoding string, err error) {
	method, encoding = strings.ToUpper(r.Method), r.Encoding
	if method == "" {
		method = http.MethodPost
	}
	bodyless := method == http.MethodGet || method == http.MethodHead
	if encoding == "" && (bodyless || method == http.MethodDelete) { // a body of a DELETE means nothing (RFC 9110 §9.3.5)
		encoding = EncodingQuery
	}
	switch {
	case encoding == "":
		encoding = EncodingForm
	case encoding != EncodingForm && encoding != EncodingJSON && encoding != EncodingQuery:
		return "", "", misconfigured(CodeInvalidRequest, "the encoding "+sanitize(encoding, nil)+" is not known; use form, json or query")
	case bodyless && encoding != EncodingQuery:
		return "", "", misconfigured(CodeInvalidRequest, "a "+method+" has no body; its encoding is query")
	}
	return method, encoding, nil
}

func setHeaders(h http.Header, headers map[string]string) error {
	for name, value := range headers {
		if !challenge.IsToken(name) || !visible(value) || strings.EqualFold(name, "Host") || strings.EqualFold(name, "Content-Length") {
			return misconfigured(CodeInvalidRequest, "the header "+sanitize(name, nil)+" cannot be set")
		}
		h.Set(name, value)
	}
	return nil
}

func jsonBody(params url.Values) string {
	object := make(map[string]any, len(params))
	for name, values := range params {
		if object[name] = values; len(values) == 1 {
			object[name] = values[0]
		}
	}
	b, err := json.Marshal(object)
	if err != nil { // strings always marshal
		return "{}"
	}
	return string(b)
}

// String shows where the request goes and with which grant, no parameter.
func (r TokenRequest) String() string {
	return "token request: " + string(r.Grant) + " to " + hostOf(r.Endpoint)
}

func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

// GoString is String: %#v must not show more.
func (r TokenRequest) GoString() string { return "oauth.TokenRequest{" + r.String() + "}" }

// Format redacts for every verb.
func (r TokenRequest) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(r.String())) }

// LogValue redacts in log/slog.
func (r TokenRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalJSON redacts.
func (r TokenRequest) MarshalJSON() ([]byte, error) { return json.Marshal(r.String()) }
