package call_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/oauth"
)

// checkClient holds the request to authenticating the client as described.
func (s *provider) checkClient(r received, rules oauth.RequestRules) {
	method := s.p.TokenEndpointAuthMethod
	if rules.Auth != "" {
		method = api.AuthMethods(rules.Auth)
	}
	authorization := r.Header.Get("Authorization")
	if s.grant == "jwt_bearer" {
		if assertion, sent := standard(r, rules, "assertion"); sent && strings.Count(assertion, ".") != 2 {
			s.complain("the assertion is no JWT")
		}
		return
	}
	if own := s.p.TokenEndpointAuth; own != nil {
		scheme := own.Scheme
		if scheme == "" {
			scheme = "Basic"
		}
		if !strings.HasPrefix(authorization, scheme+" ") {
			s.complain("the client is not authenticated with %s", scheme)
		}
		return
	}
	switch oauth.AuthMethod(method) {
	case oauth.AuthPost:
		s.want(r, rules, "client_id", clientID)
		s.want(r, rules, "client_secret", clientSecret)
	case oauth.AuthNone:
		if strings.HasPrefix(authorization, "Basic ") {
			s.complain("a client that does not authenticate did")
		}
	case oauth.AuthPrivateKeyJWT, oauth.AuthSecretJWT:
		if assertion, sent := standard(r, rules, "client_assertion"); sent && strings.Count(assertion, ".") != 2 {
			s.complain("the client_assertion is no JWT")
		}
	default:
		id, password, ok := r.BasicAuth()
		if !ok || id != clientID || password != clientSecret {
			s.complain("the client is not authenticated with Basic")
		}
	}
}

// answer is a token response as the description has it.
func (s *provider) answer(rules oauth.ResponseRules, leg string) any {
	root := put(nil, "/token_type", "Bearer")
	member := func(pointer, otherwise string, value any) {
		if pointer == "" {
			pointer = otherwise
		}
		root = put(root, pointer, value)
	}
	if !slices.Contains(rules.Keep, "access_token") {
		member(rules.AccessToken, "/access_token", s.next())
	}
	if leg != "exchange" && s.grant == "authorization_code" && !slices.Contains(rules.Keep, "refresh_token") && !s.norefresh() {
		s.rt = fmt.Sprintf("rt-%d", s.n)
		member(rules.RefreshToken, "/refresh_token", s.rt)
	}
	switch {
	case rules.Expires == oauth.ExpiresNever || rules.DefaultExpiresIn > 0 && rules.ExpiresIn == nil:
	case rules.ExpiresAt != nil:
		member(rules.ExpiresAt.Pointer, "/expires_at", instant(rules.ExpiresAt.Format, s.now().Add(time.Hour)))
	default:
		lifetime := deref(rules.ExpiresIn)
		member(lifetime.Pointer, "/expires_in", map[string]int{"": 3600, "s": 3600, "ms": 3_600_000, "m": 60}[lifetime.Unit])
	}
	if s.needsIDToken() {
		member("", "/id_token", jwt(s.idClaims()))
	}
	document := root
	if rules.Root != "" {
		document = put(nil, rules.Root, root)
	}
	if when := rules.ErrorWhen; when != nil && when.NotEquals != nil {
		document = put(document, when.Pointer, when.NotEquals)
	}
	if leg != "exchange" {
		for _, name := range sortedKeys(s.p.Variables) {
			if v := s.p.Variables[name]; v.From == api.FromTokenResponse {
				document = put(document, pointerOf(name, v), tellable(v, s.told[name]))
			}
		}
	}
	return document
}

func (s *provider) norefresh() bool {
	return s.p.Refresh != nil && s.p.Refresh.Strategy != "" && s.p.Refresh.Strategy != api.RefreshByRefreshToken
}

func instant(format string, at time.Time) any {
	switch format {
	case "unix_ms":
		return at.UnixMilli()
	case "rfc3339":
		return at.Format(time.RFC3339)
	case "http":
		return at.Format(http.TimeFormat)
	default:
		return at.Unix()
	}
}

func pointerOf(name string, v api.Variable) string {
	switch {
	case v.Pointer != "":
		return v.Pointer
	case v.Name != "":
		name = v.Name
	}
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// claims are the variables that come from a token's claims; nil for none.
func (s *provider) claims(from string) any {
	var claims any
	for _, name := range sortedKeys(s.p.Variables) {
		if v := s.p.Variables[name]; v.From == from {
			claims = put(claims, pointerOf(name, v), tellable(v, s.told[name]))
		}
	}
	return claims
}

func (s *provider) needsIDToken() bool {
	byToken := s.p.API != nil && s.p.API.Token != nil && s.p.API.Token.Source == api.TokenSourceIDToken
	return byToken || s.claims(api.FromIDTokenClaim) != nil
}

func (s *provider) idClaims() any {
	claims := put(s.claims(api.FromIDTokenClaim), "/sub", "user-1")
	claims = put(claims, "/iss", s.after.Provider.Issuer)
	claims = put(claims, "/aud", clientID)
	claims = put(claims, "/iat", s.now().Unix())
	return put(claims, "/exp", s.now().Add(time.Hour).Unix())
}

// jwt is a token whose signature nobody looks at.
func jwt(claims any) string {
	text, err := json.Marshal(claims)
	if err != nil {
		return ""
	}
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256"}`)) + "." + encode(text) + "." + encode([]byte("signature"))
}

// stepAt is the number of the exchange step that goes to an address; -1 for none.
func (s *provider) stepAt(to string) int {
	for i, step := range s.p.Exchange {
		expanded, err := catalog.Expand(step.URL, s.known(s.after))
		if u, bad := url.Parse(expanded); err == nil && bad == nil && address(u) == to && !(s.tokenEndpoint(to) && s.seen["token "+s.stage] == 0) {
			return i
		}
	}
	return -1
}

func (s *provider) exchange(r received, i int) (int, any) {
	s.seen["exchange"]++
	step := s.p.Exchange[i]
	s.readParams(&r, step.RequestRules)
	s.checkForm(r, step.RequestRules, "exchange")
	sent := r.URL.String() + string(r.body) + r.Header.Get("Authorization")
	if !strings.Contains(sent, s.accessToken()) && !strings.Contains(sent, url.QueryEscape(s.accessToken())) {
		s.complain("an exchange came without the token to exchange")
	}
	document := s.answer(deref(step.Response), "exchange")
	for _, name := range sortedKeys(s.p.Variables) {
		if v := s.p.Variables[name]; v.From == api.FromTokenResponse {
			document = put(document, pointerOf(name, v), tellable(v, s.told[name]))
		}
	}
	return http.StatusOK, document
}

// lookUp answers a look-up; nil when no variable has one there.
func (s *provider) lookUp(to string) any {
	var document any
	for _, name := range sortedKeys(s.p.Variables) {
		v := s.p.Variables[name]
		if v.Request == nil {
			continue
		}
		expanded, err := catalog.Expand(v.Request.URL, s.known(s.after))
		if u, bad := url.Parse(expanded); err != nil || bad != nil || address(u) != to {
			continue
		}
		first := strings.TrimSuffix(v.Request.List, "/") + "/0"
		document = put(document, first+v.Request.Value, tellable(v, s.told[name]))
		if v.Request.Label != "" {
			document = put(document, first+v.Request.Label, "Contoso")
		}
	}
	return document
}

// placed holds a request to carrying the token where the description puts it.
func (s *provider) placed(r received) {
	placement := api.TokenPlacement{}
	if s.p.API != nil {
		placement = deref(s.p.API.Token)
	}
	want := s.accessToken()
	if placement.Source == api.TokenSourceIDToken {
		want = jwt(s.idClaims())
	}
	in := append(slices.Clone([]string(placement.In)), api.InHeader)[0]
	name := placement.Name
	switch in {
	case api.InQuery:
		if name == "" {
			name = "access_token"
		}
		if r.params.Get(name) != want {
			s.complain("the query has no token under %s", name)
		}
	case api.InHeader:
		if name == "" {
			name = "Authorization"
		}
		if placement.Scheme == nil {
			want = "Bearer " + want
		} else {
			want = strings.TrimSpace(*placement.Scheme + " " + want)
		}
		if got := r.Header.Get(name); got != want {
			s.complain("the header %s does not carry the token", name)
		}
	}
}

// call answers a call of the API.
func (s *provider) call(r received) (int, any) {
	s.seen["call"]++
	base, err := catalog.Expand(s.p.API.BaseURL, s.known(s.after))
	if err != nil || !strings.HasPrefix(r.URL.String(), strings.TrimRight(base, "/")) {
		s.complain("%s is not under the base URL %s (%v)", address(r.URL), base, err)
	}
	s.placed(r)
	s.checkForm(r, oauth.RequestRules{Headers: s.p.API.Headers, Params: s.p.API.Query}, "call")
	return http.StatusOK, map[string]any{}
}

// revoke answers a revocation (RFC 7009, or the description's own).
func (s *provider) revoke(r received) (int, any) {
	s.seen["revoke"]++
	rules := deref(s.p.RevocationRequest)
	s.readParams(&r, rules)
	s.checkForm(r, rules, "revocation")
	sent := r.URL.String() + string(r.body) + r.Header.Get("Authorization")
	given := func(token string) bool {
		return strings.Contains(sent, token) || strings.Contains(sent, url.QueryEscape(token)) || strings.Contains(sent, url.PathEscape(token))
	}
	// Some end an account's grant by the account, in the client's own name.
	byAccount := slices.Contains(rules.Omit, "token") || rules.Headers["Authorization"] != ""
	if !byAccount && !given(s.accessToken()) && !given(s.rt) {
		s.complain("the revocation names neither token")
	}
	return http.StatusOK, map[string]any{}
}
