package e2e

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// quirk is a type of provider quirk, by its number in the catalogue's schema.
type quirk int

// The switches of a quirkServer: one for each type.
const (
	quirkGrant quirk = iota + 1
	quirkVariables
	quirkOptionalVariable
	quirkOptions
	quirkTypedURL
	quirkCallbackValue
	quirkResponseValue
	quirkLookup
	quirkClaim
	quirkCapture
	quirkClientPerConnection
	quirkClientFields
	quirkRedirectParam
	quirkPKCE
	quirkClientAuth
	quirkAssertion
	quirkScopes
	quirkParams
	quirkRename
	quirkResponseType
	quirkFragment
	quirkEncoding
	quirkHeaders
	quirkEndpoints
	quirkCodeName
	quirkResponse
	quirkLifetime
	quirkErrorIn200
	quirkRefresh
	quirkDeadGrant
	quirkExchange
	quirkSecondToken
	quirkConsentOnly
	quirkAPI
	quirkExpiredStatus
	quirkTestRequest
	quirkRevocation
	quirkSetup
	quirkRegistration
	quirkEnd
)

// ownNames are the server's names for the RFC's, "" for what it does not take.
func (s *quirkServer) ownNames(leg string) map[string]string {
	switch {
	case s.is(quirkScopes, "renamed") && leg == "authorize":
		return map[string]string{"scope": "permissions"}
	case s.is(quirkScopes, "omitted") && leg == "authorize":
		return map[string]string{"scope": ""}
	case !s.is(quirkRename):
		return nil
	}
	return map[string]map[string]string{
		"authorize": {"client_id": "app_id", "redirect_uri": "callback", "scope": ""},
		"token":     {"grant_type": "kind", "code": "auth_code", "redirect_uri": ""},
		"revoke":    {"token": "end", "token_type_hint": ""},
	}[leg]
}

// standard gives parameters their names of the RFC back.
func (s *quirkServer) standard(leg string, form url.Values) url.Values {
	for name, own := range s.ownNames(leg) {
		if form.Has(name) {
			s.complain("%s: %s is not a parameter of this server", leg, name)
		}
		if form.Has(own) {
			form[name] = form[own]
			form.Del(own)
		}
	}
	if s.is(quirkRename) && leg == "token" && form.Get("grant_type") == "refresh_token" {
		if form.Has("refresh_token") {
			s.complain("refresh: refresh_token is not a parameter of this server")
		}
		form["refresh_token"] = form["renewal"]
	}
	return form
}

func (s *quirkServer) responseType() string {
	if s.is(quirkResponseType) {
		return "code id"
	}
	return "code"
}

func (s *quirkServer) sentRedirectURI() string {
	if s.is(quirkRedirectParam) {
		return "Nordwind-Contoso-RuName"
	}
	return s.redirectURI
}

func (s *quirkServer) wantRedirectURI(r quirkRequest) {
	if !s.is(quirkRename) {
		s.want(r, "redirect_uri", s.sentRedirectURI())
	}
}

func (s *quirkServer) wantScope(r quirkRequest) {
	switch {
	case s.is(quirkScopes, "omitted"):
		s.want(r, "scope", "")
	case s.is(quirkScopes):
		s.want(r, "scope", "offline,read")
	}
}

// wantExtra are the parameters that a leg needs besides the RFC's.
func (s *quirkServer) wantExtra(r quirkRequest) {
	renewal := r.form.Get("grant_type") == "refresh_token"
	switch {
	case s.is(quirkVariables) && r.leg == "authorize":
		s.want(r, "tenant", "acme")
	case s.is(quirkClientFields) && r.leg == "authorize":
		s.want(r, "application", "42")
	case s.is(quirkParams) && r.leg == "authorize":
		s.want(r, "audience", quirkWord)
		if got := r.form["feature"]; !slices.Equal(got, []string{"a", "b"}) {
			s.complain("authorize: feature is %q", got)
		}
	case s.is(quirkParams) && r.leg == "token" && renewal:
		s.want(r, "renewing", quirkWord)
		s.want(r, "fetching", "")
	case s.is(quirkParams) && r.leg == "token":
		s.want(r, "fetching", quirkWord)
	case s.is(quirkParams) && r.leg == "revoke":
		s.want(r, "everything", quirkWord)
	}
}

func (s *quirkServer) wantHeaders(r quirkRequest) {
	wanted := map[string]string{}
	switch {
	case s.is(quirkHeaders):
		wanted = map[string]string{"X-Version": "2", "X-Application": "app-1"}
	case s.is(quirkVariables):
		wanted = map[string]string{"X-Tenant": "acme"}
	}
	for name, want := range wanted {
		if got := r.Header.Get(name); got != want {
			s.complain("%s: %s is %q, not %q", r.leg, name, got, want)
		}
	}
}

// redirect is what comes back through the browser.
func (s *quirkServer) redirect(g *quirkHeld) url.Values {
	answer := url.Values{"state": g.asked["state"], "code": {g.code}}
	switch {
	case s.is(quirkCodeName):
		answer = url.Values{"state": g.asked["state"], "auth_code": {g.code}}
	case s.is(quirkCallbackValue):
		answer.Set("dc", "dc7")
	case s.is(quirkConsentOnly):
		answer.Del("code")
		answer.Set("admin_consent", "True")
	}
	return answer
}

// ownGrant is the grant_type of tokens that no code is exchanged for.
func (s *quirkServer) ownGrant() string {
	switch {
	case s.is(quirkConsentOnly), s.is(quirkGrant, "client_credentials"):
		return "client_credentials"
	case s.is(quirkGrant, "vendor"):
		return "account_credentials"
	case s.is(quirkGrant, "password"):
		return "password"
	case s.is(quirkGrant, "jwt_bearer"):
		return "urn:ietf:params:oauth:grant-type:jwt-bearer"
	case s.is(quirkGrant, "saml2_bearer"):
		return "urn:ietf:params:oauth:grant-type:saml2-bearer"
	}
	return ""
}

// wantGrant holds a grant of its own to what belongs to it.
func (s *quirkServer) wantGrant(r quirkRequest) {
	switch s.variant {
	case "vendor":
		s.want(r, "account_id", "42")
	case "password":
		s.want(r, "username", "maria")
		s.want(r, "password", "pass word")
	case "jwt_bearer":
		if claims := s.signed(r.form.Get("assertion")); claims["iss"] != "app-1" || claims["aud"] == nil || claims["exp"] == nil {
			s.complain("token: the assertion claims %v", claims)
		}
	case "saml2_bearer":
		decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(r.form.Get("assertion"), "="))
		if err != nil || !strings.Contains(string(decoded), "Assertion") {
			s.complain("token: the assertion is %q, %v", r.form.Get("assertion"), err)
		}
	}
}

// signed verifies a JWT by the tests' key, or their secret, and gives its claims.
func (s *quirkServer) signed(token string) map[string]any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		s.complain("%q is no JWT", token)
		return nil
	}
	decode := func(part string, into any) {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			s.complain("JWT: %v", err)
		}
	}
	var header, claims map[string]any
	decode(parts[0], &header)
	decode(parts[1], &claims)
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	input := []byte(parts[0] + "." + parts[1])
	digest := sha256.Sum256(input)
	good := false
	switch header["alg"] {
	case "HS256":
		mac := hmac.New(sha256.New, []byte(quirkSecret+quirkSecret))
		mac.Write(input)
		good = hmac.Equal(mac.Sum(nil), signature)
	case "ES256":
		if len(signature) == 64 {
			a, b := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			good = ecdsa.Verify(&quirkKey().PublicKey, digest[:], a, b)
		}
	}
	if !good {
		s.complain("JWT: the signature of %v is wrong", header)
	}
	if claims != nil {
		claims["header"] = header
	}
	return claims
}

// authenticate gives the client id that a request is authenticated for.
func (s *quirkServer) authenticate(r quirkRequest) string {
	header := r.Header.Get("Authorization")
	inBody := r.form.Has("client_secret") || r.form.Has("client_assertion")
	switch {
	case s.is(quirkClientAuth) || s.is(quirkAssertion):
		s.authenticateOwn(r, header)
		return "app-1"
	case s.is(quirkGrant, "jwt_bearer"):
		return "app-1"
	case s.is(quirkRegistration):
		return s.registered(r)
	}
	id, secret, ok := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if want := s.clients[id]; !ok || want == "" || secret != want || inBody {
		s.complain("%s: client %q is not authenticated by Basic alone", r.leg, id)
	}
	return id
}

// authenticateOwn judges the switch of client authentication.
func (s *quirkServer) authenticateOwn(r quirkRequest, header string) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	encoded := basic(url.QueryEscape("app-1") + ":" + url.QueryEscape(quirkSecret))
	form, want := map[string]string{"client_id": "", "client_secret": "", "client_assertion": ""}, ""
	switch s.variant {
	case "post":
		form["client_id"], form["client_secret"] = "app-1", quirkSecret
	case "both":
		form["client_id"], form["client_secret"], want = "app-1", quirkSecret, encoded
	case "raw":
		want = basic("app-1:" + quirkSecret)
	case "secret as user":
		want = basic(quirkSecret + ":")
	case "scheme":
		want = "ApiKey " + quirkSecret
	case "none":
		form["client_id"] = "app-1"
	case "headers":
		form["client_id"] = "app-1"
		if r.Header.Get("X-Id") != "app-1" || r.Header.Get("X-Secret") != quirkSecret {
			s.complain("%s: headers %q, %q", r.leg, r.Header.Get("X-Id"), r.Header.Get("X-Secret"))
		}
	default:
		form["client_id"], form["client_assertion"] = "app-1", r.form.Get("client_assertion")
		s.wantAssertion(r)
	}
	if header != want {
		s.complain("%s: Authorization is %q, not %q", r.leg, header, want)
	}
	for name, value := range form {
		if name == "client_id" && value == "" && r.form.Get(name) == "app-1" {
			continue // it authenticates nobody, and may stand there (RFC 6749 section 3.2.1)
		}
		s.want(r, name, value)
	}
}

// wantAssertion judges a client assertion (RFC 7523 section 3).
func (s *quirkServer) wantAssertion(r quirkRequest) {
	s.want(r, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	claims := s.signed(r.form.Get("client_assertion"))
	if claims["iss"] != "app-1" || claims["sub"] != "app-1" || claims["jti"] == nil || claims["exp"] == nil {
		s.complain("%s: the client assertion claims %v", r.leg, claims)
	}
	if !s.is(quirkAssertion) {
		return
	}
	header, _ := claims["header"].(map[string]any)
	issued, _ := claims["iat"].(float64)
	expires, _ := claims["exp"].(float64)
	if claims["aud"] != "https://audience.contoso.example" || claims["team"] != "team-app-1" || header["kid"] != "key-42" || header["typ"] != "contoso+jwt" || expires-issued != 120 {
		s.complain("%s: the client assertion is %v", r.leg, claims)
	}
}

// accessToken makes another one.
func (s *quirkServer) accessToken(g *quirkHeld) string {
	name := fmt.Sprintf("at-%d-%s", s.serial, g.client)
	switch {
	case s.is(quirkClaim):
		return s.unsigned(map[string]any{"org": map[string]any{"id": "o-77"}, "jti": name})
	case s.is(quirkLifetime, "jwt"):
		return s.unsigned(map[string]any{"exp": time.Now().Add(time.Hour).Unix(), "jti": name})
	}
	return name
}

func (s *quirkServer) unsigned(claims map[string]any) string {
	text, _ := json.Marshal(claims)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"ES256","typ":"at+jwt"}`)) + "." + encode(text) + "." + encode([]byte("signature"))
}

// expiredStatus is what the API answers to a token that is no more.
func (s *quirkServer) expiredStatus() int {
	if s.is(quirkExpiredStatus) {
		return http.StatusForbidden
	}
	return http.StatusUnauthorized
}
