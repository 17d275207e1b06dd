package call_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/oauth"
)

const (
	clientID     = "client-7"
	clientSecret = "s3cret-of-the-client"
)

// provider is an authorization server with its API that speaks what a
// description says, and that answers nothing else. It has no address: whatever
// the code under test sends anywhere comes here.
type provider struct {
	p           api.Provider
	told        map[string]string // values that it tells
	redirectURI string
	grant       string
	now         func() time.Time

	before, after catalog.Resolved // with what is known before and after it has told
	stage         string           // connect, refresh, call or revoke
	challenge     string           // of the authorization request
	n             int              // tokens given out
	at, rt        string           // the ones that hold
	seen          map[string]int   // requests by what they were
	wrong         []string
}

// complain notes something that no such provider would take.
func (s *provider) complain(format string, args ...any) {
	s.wrong = append(s.wrong, s.stage+": "+fmt.Sprintf(format, args...))
}

// received is a request as the provider reads it.
type received struct {
	*http.Request
	params url.Values
	body   []byte
}

// address is where a request went, without its query.
func address(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

// Do answers a request of whoever holds this provider for the network.
func (s *provider) Do(r *http.Request) (*http.Response, error) { return s.RoundTrip(r) }

// RoundTrip is Do for callers of the API.
func (s *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	got := received{Request: r, params: r.URL.Query()}
	if r.Body != nil {
		got.body, _ = io.ReadAll(r.Body)
	}
	status, answer := s.serve(got)
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(text)), Request: r,
	}, nil
}

func (s *provider) serve(r received) (int, any) {
	to := address(r.URL)
	if r.URL.Scheme != "https" && r.URL.Hostname() != "127.0.0.1" {
		s.complain("%s is not https", to)
	}
	if s.p.Issuer != "" && strings.Contains(to, "/.well-known/") {
		return http.StatusOK, s.metadata()
	}
	switch s.stage {
	case "call":
		return s.call(r)
	case "revoke":
		return s.revoke(r)
	}
	if step := s.stepAt(to); step >= 0 {
		return s.exchange(r, step)
	}
	if s.tokenEndpoint(to) {
		return s.token(r)
	}
	if found := s.lookUp(to); found != nil {
		s.placed(r)
		return http.StatusOK, found
	}
	s.complain("nothing is at %s", to)
	return http.StatusNotFound, map[string]any{"error": "not_here"}
}

// metadata is RFC 8414's, of a provider that is described by its issuer alone.
func (s *provider) metadata() map[string]any {
	issuer := s.after.Provider.Issuer
	return map[string]any{
		"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
		"revocation_endpoint": issuer + "/revoke", "response_types_supported": []string{"code"},
	}
}

// rules are those of the token request of the stage.
func (s *provider) rules() oauth.RequestRules {
	if s.renewing() {
		return inherited(s.p)
	}
	return deref(s.p.TokenRequest)
}

func (s *provider) renewing() bool {
	return s.stage == "refresh" && s.grant == "authorization_code" && !catalog.ConsentOnly(s.p)
}

// inherited is what a refresh request takes over from the token request.
func inherited(p api.Provider) oauth.RequestRules {
	base, own := deref(p.TokenRequest), deref(p.RefreshRequest)
	if own.Method == "" {
		own.Method = base.Method
	}
	if own.Encoding == "" {
		own.Encoding = base.Encoding
	}
	if own.Rename == nil {
		own.Rename = base.Rename
	}
	if own.Omit == nil {
		own.Omit = base.Omit
	}
	if own.Auth == "" {
		own.Auth = base.Auth
	}
	headers := maps.Clone(base.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	maps.Copy(headers, own.Headers)
	own.Headers = headers
	return own
}

func (s *provider) tokenEndpoint(to string) bool {
	own := s.rules().URL
	for _, r := range []catalog.Resolved{s.before, s.after} {
		e := r.Provider.Endpoints
		endpoints := []string{e.TokenEndpoint}
		if s.renewing() && e.RefreshEndpoint != "" {
			endpoints = []string{e.RefreshEndpoint}
		}
		if e.TokenEndpoint == "" && e.Issuer != "" {
			endpoints = append(endpoints, e.Issuer+"/token")
		}
		if own != "" {
			expanded, err := catalog.Expand(own, s.known(r))
			if err != nil {
				s.complain("%v", err)
			}
			endpoints = []string{expanded}
		}
		for _, endpoint := range endpoints {
			if u, err := url.Parse(endpoint); err == nil && endpoint != "" && address(u) == to {
				return true
			}
		}
	}
	return false
}

// known is all that a template of a request may refer to.
func (s *provider) known(r catalog.Resolved) map[string]string {
	values := maps.Clone(r.Variables)
	maps.Copy(values, map[string]string{
		catalog.InClientID: clientID, catalog.InClientSecret: clientSecret, catalog.InRedirectURI: s.redirectURI,
		catalog.InAccessToken: s.accessToken(), catalog.InRefreshToken: s.rt,
	})
	return values
}

// accessToken is the current one; a JWT where variables come from its claims.
func (s *provider) accessToken() string {
	if claims := s.claims(api.FromAccessTokenClaim); claims != nil {
		return jwt(put(claims, "/jti", s.at))
	}
	return s.at
}

// next gives out another access token.
func (s *provider) next() string {
	s.n++
	s.at = fmt.Sprintf("at-%d", s.n)
	return s.accessToken()
}

// token answers the token request.
func (s *provider) token(r received) (int, any) {
	s.seen["token "+s.stage]++
	rules := s.rules()
	s.readParams(&r, rules)
	s.checkForm(r, rules, "token request")
	s.checkGrant(r, rules)
	s.checkClient(r, rules)
	response, leg := s.p.TokenResponse, "token_response"
	if s.renewing() && s.p.RefreshResponse != nil {
		response, leg = s.p.RefreshResponse, "refresh_response"
	}
	return http.StatusOK, s.answer(deref(response), leg)
}

// readParams reads the parameters as the description says they are written.
func (s *provider) readParams(r *received, rules oauth.RequestRules) {
	method := rules.Method
	if method == "" {
		method = http.MethodPost
	}
	if r.Method != method {
		s.complain("the request is %s, not %s", r.Method, method)
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch {
	case rules.Encoding == oauth.EncodingQuery || rules.Encoding == "" && (method == http.MethodGet || method == http.MethodDelete):
		if len(r.body) > 0 {
			s.complain("a request with its parameters in the query has a body")
		}
	case rules.Encoding == oauth.EncodingJSON:
		var document map[string]any
		if err := json.Unmarshal(r.body, &document); err != nil || kind != "application/json" {
			s.complain("the body is no JSON: %v, %s", err, kind)
		}
		for name, value := range document {
			r.params.Set(name, fmt.Sprint(value))
		}
	default:
		form, err := url.ParseQuery(string(r.body))
		if err != nil || kind != "application/x-www-form-urlencoded" {
			s.complain("the body is no form: %v, %s", err, kind)
		}
		maps.Copy(r.params, form)
	}
}

// checkForm holds what the description adds to being there, filled in.
func (s *provider) checkForm(r received, rules oauth.RequestRules, what string) {
	for _, name := range sortedKeys(rules.Params) {
		if !r.params.Has(name) && !rules.OmitEmpty {
			s.complain("the %s lacks the parameter %s", what, name)
		}
	}
	for _, name := range sortedKeys(rules.Headers) {
		// One whose variable was left open is not sent.
		text, err := catalog.ExpandText(rules.Headers[name], s.known(s.after))
		if r.Header.Get(name) == "" && (err != nil || text != "") {
			s.complain("the %s lacks the header %s", what, name)
		}
	}
	for name, values := range r.params {
		if slices.ContainsFunc(values, unfilled.MatchString) {
			s.complain("the %s has %s=%v, which nobody filled in", what, name, values)
		}
	}
	for name, values := range r.Header {
		if slices.ContainsFunc(values, unfilled.MatchString) {
			s.complain("the %s has the header %s: %v, which nobody filled in", what, name, values)
		}
	}
}

// standard is the value of a parameter of the RFC under the name that the
// description gives it, and whether the description lets it be sent.
func standard(r received, rules oauth.RequestRules, name string) (value string, sent bool) {
	if _, own := rules.Params[name]; own || slices.Contains(rules.Omit, name) {
		return "", false
	}
	if renamed := rules.Rename[name]; renamed != "" {
		name = renamed
	}
	return r.params.Get(name), true
}

func (s *provider) want(r received, rules oauth.RequestRules, name, want string) {
	if got, sent := standard(r, rules, name); sent && got != want {
		s.complain("%s is %q, not %q", name, got, want)
	}
}

func (s *provider) checkGrant(r received, rules oauth.RequestRules) {
	grant := map[string]string{"jwt_bearer": string(oauth.GrantJWTBearer), "authorization_code": "authorization_code", "client_credentials": "client_credentials"}[s.grant]
	byCode := s.grant == "authorization_code" && !catalog.ConsentOnly(s.p)
	switch {
	case s.renewing() && byAccessToken(s.p):
		grant = ""
	case s.renewing():
		grant = "refresh_token"
		s.want(r, rules, "refresh_token", s.rt)
	case byCode:
		s.want(r, rules, "code", "the-code")
		s.want(r, rules, "redirect_uri", s.sentRedirectURI())
		if verifier, sent := standard(r, rules, "code_verifier"); sent {
			s.checkVerifier(verifier)
		}
	case catalog.ConsentOnly(s.p):
		grant = "client_credentials"
	}
	if rules.GrantType != "" {
		grant = rules.GrantType
	}
	if grant != "" {
		s.want(r, rules, "grant_type", grant)
	}
}

func byAccessToken(p api.Provider) bool {
	return p.Refresh != nil && p.Refresh.Strategy == api.RefreshByAccessToken
}

// sentRedirectURI is what the description has stand for the redirect URI.
func (s *provider) sentRedirectURI() string {
	if s.p.RedirectURIParam == "" {
		return s.redirectURI
	}
	text, err := catalog.ExpandText(s.p.RedirectURIParam, s.known(s.before))
	if err != nil {
		s.complain("%v", err)
	}
	return text
}

// checkVerifier holds the verifier to the challenge (RFC 7636 section 4.6).
func (s *provider) checkVerifier(verifier string) {
	digest := sha256.Sum256([]byte(verifier))
	switch s.p.CodeChallengeMethod {
	case oauth.MethodNone:
		if verifier != "" {
			s.complain("a code_verifier came without a challenge")
		}
	case oauth.MethodPlain:
		if verifier == "" || verifier != s.challenge {
			s.complain("the code_verifier is not the challenge")
		}
	default:
		if base64.RawURLEncoding.EncodeToString(digest[:]) != s.challenge {
			s.complain("the code_verifier does not fit the challenge")
		}
	}
}

func deref[T any](block *T) T {
	if block == nil {
		return *new(T)
	}
	return *block
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
