package broker_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
)

// seen is one request as a provider read it.
type seen struct {
	url.Values
	method, path  string
	authorization string
}

// oddServer is a provider that is described by a test, not by the RFCs. It
// answers by path; a path without an answer is 404.
type oddServer struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // "200 {…}"
	got     []seen
}

func (s *oddServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, seen{Values: r.Form, method: r.Method, path: r.URL.Path, authorization: r.Header.Get("Authorization")})
	status, body := 404, `{"error":"not_here"}`
	if answer, ok := s.answers[r.URL.Path]; ok {
		code, text, _ := strings.Cut(answer, " ")
		_, _ = fmt.Sscan(code, &status)
		body = text
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func (s *oddServer) says(path, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = answer
}

// at lists the requests for a path.
func (s *oddServer) at(path string) []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []seen
	for _, r := range s.got {
		if r.path == path {
			found = append(found, r)
		}
	}
	return found
}

// odd is a harness with the connection "odd", whose provider is the text with
// @ for the server's address and HOST for what must_match may say of it.
type odd struct {
	*harness
	odd   *oddServer
	signs bool // its redirect back is signed as Shopify's is
}

const plainEndpoints = "authorization_endpoint: '@/authorize'\ntoken_endpoint: '@/token'\n"

func newOdd(t *testing.T, description string) *odd {
	t.Helper()
	s := &oddServer{answers: map[string]string{"/token": `200 {"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600}`}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	o := &odd{harness: newHarness(t), odd: s}
	text := strings.NewReplacer("@", s.URL, "HOST", `http://127\.0\.0\.1:[0-9]+`).Replace(description)
	p, err := catalog.ParseProvider("odd.yaml", []byte(text))
	o.must(err)
	_, err = o.PutProvider(o.ctx, "odd", p)
	o.must(err)
	clientSecret := api.Secret("s3cret")
	spec := api.ClientSpec{Provider: "odd", ClientID: "id", ClientSecret: &clientSecret, Variables: map[string]string{"ru_name": "Acme-RuName"}}
	if p.TokenEndpointAuth == nil && p.TokenEndpointAuthMethod == "" {
		spec.TokenEndpointAuthMethod = "client_secret_basic" // nobody has to find out
	}
	_, err = o.PutClient(o.ctx, "odd", spec)
	o.must(err)
	o.set(nil)
	return o
}

// set writes the connection with its variables.
func (o *odd) set(variables map[string]string) {
	o.t.Helper()
	_, err := o.PutConnection(o.ctx, "odd", api.ConnectionSpec{Client: "odd", Variables: variables})
	o.must(err)
}

func TestSchemaRow15IDAndSecretGoInBothPlacesWhereTheListSaysSo(t *testing.T) {
	o := newOdd(t, plainEndpoints+"token_endpoint_auth_method: [client_secret_basic, client_secret_post]\n")
	o.must(o.answer(url.Values{"code": {"c"}}))
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	last := o.wantSent("/token", 2, map[string]string{"client_id": "id", "client_secret": "s3cret"})
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("id:s3cret")); last.authorization != want {
		t.Errorf("Authorization is %q", last.authorization)
	}
}

// answer comes back from the provider with more than a code.
func (o *odd) answer(params url.Values) error {
	o.t.Helper()
	_, sent := o.begin("odd")
	params["state"] = sent["state"]
	if o.signs {
		mac := hmac.New(sha256.New, []byte("s3cret"))
		mac.Write([]byte(params.Encode()))
		params.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
	}
	_, err := o.Complete(o.ctx, params, o.cookie)
	return err
}

func (o *odd) wantBase(want string) {
	o.t.Helper()
	credential, err := o.Credential(o.ctx, "odd")
	o.must(err)
	if got := credential.Target.BaseURL.String(); got != strings.ReplaceAll(want, "@", o.odd.URL) {
		o.t.Fatalf("base URL is %s, want %s", got, want)
	}
}

func (o *odd) wantSent(path string, n int, want map[string]string) seen {
	o.t.Helper()
	all := o.odd.at(path)
	if len(all) != n {
		o.t.Fatalf("%d requests for %s, want %d", len(all), path, n)
	}
	if n == 0 {
		return seen{}
	}
	last := all[n-1]
	for name, value := range want {
		if got := last.Get(name); got != value {
			o.t.Errorf("%s: %s is %q, want %q (all: %v)", path, name, got, value, last.Values)
		}
	}
	return last
}

const instance = plainEndpoints + `
variables:
  instance: {from: token_response, pointer: /instance_url, must_match: 'HOST/[a-z]+', on_refresh: true}
  account: {from: token_response, pointer: /team/id, capture: '^T([0-9]+)$'}
api: {base_url: '{instance}/v1', headers: {X-Account: '{account}'}}
`

func TestAValueOfTheTokenResponseIsKeptAndFillsTheAPI(t *testing.T) {
	o := newOdd(t, instance)
	o.odd.says("/token", `200 {"access_token":"at-1","refresh_token":"rt-1","instance_url":"`+o.odd.URL+`/eu","team":{"id":"T77"}}`)
	o.authorize("odd")
	o.wantBase("@/eu/v1")
	credential, err := o.Credential(o.ctx, "odd")
	o.must(err)
	if got := credential.Target.Headers["X-Account"]; got != "77" {
		t.Fatalf("captured part is %q", got)
	}
	if got := o.state("odd").Captured["account"]; got != "77" {
		t.Fatalf("the connection shows %q", got)
	}

	o.odd.says("/token", `200 {"access_token":"at-2","instance_url":"`+o.odd.URL+`/us","team":{"id":"T99"}}`)
	_, err = o.Refresh(o.ctx, "odd")
	o.must(err)
	o.wantBase("@/us/v1") // on_refresh
	if got := o.state("odd").Captured["account"]; got != "77" {
		t.Fatalf("a value that is not read on refresh became %q", got)
	}
	o.Broker = o.open()
	o.wantBase("@/us/v1")
}

func TestAValueThatIsNotAllowedNeverBecomesAHost(t *testing.T) {
	o := newOdd(t, instance)
	o.odd.says("/token", `200 {"access_token":"at-1","refresh_token":"rt-1","instance_url":"https://thief.example/eu","team":{"id":"T77"}}`)
	o.authorize("odd")
	c := o.wantState("odd", api.StateNeedsConfiguration)
	if !strings.Contains(c.Cause.Title, `"instance"`) || strings.Contains(c.Cause.Title+c.Cause.Detail, "thief") {
		t.Fatalf("cause %+v", c.Cause)
	}
	_, err := o.Credential(o.ctx, "odd")
	wantCode(t, err, api.CodeNeedsConfiguration)

	// The grant is not lost: a value set by hand is enough.
	o.set(map[string]string{"instance": o.odd.URL + "/hand"})
	o.wantBase("@/hand/v1")
	o.wantToken("odd", "at-1")
}

const elsewhere = `
variables:
  accounts: {from: callback, name: accounts-server, default: '@', must_match: 'HOST(/eu)?'}
authorization_endpoint: '@/authorize'
token_endpoint: '{accounts}/token'
`

func TestAValueOfTheCallbackMayNameTheTokenEndpoint(t *testing.T) {
	o := newOdd(t, elsewhere)
	o.odd.says("/eu/token", `200 {"access_token":"at-eu","refresh_token":"rt-eu"}`)
	o.must(o.answer(url.Values{"code": {"c"}, "accounts-server": {o.odd.URL + "/eu"}}))
	o.wantToken("odd", "at-eu")
	_, err := o.Refresh(o.ctx, "odd")
	o.must(err)
	o.wantSent("/eu/token", 2, map[string]string{"grant_type": "refresh_token"})
	o.wantSent("/token", 0, nil)
}

func TestAForgedCallbackGetsNeitherCodeNorSecret(t *testing.T) {
	o := newOdd(t, elsewhere)
	err := o.answer(url.Values{"code": {"c"}, "accounts-server": {"https://thief.example"}})
	if f := wantCode(t, err, api.CodeForbidden); strings.Contains(f.Message+f.Hint, "thief") {
		t.Fatalf("%q shows what was forged", f.Message)
	}
	o.wantSent("/token", 0, nil)
}

func TestClaimsAndOptionsFillTemplates(t *testing.T) {
	o := newOdd(t, plainEndpoints+`
variables:
  tenant: {from: access_token_claim, pointer: /org/id}
  user: {from: id_token_claim, name: sub}
  region: {default: eu, options: {eu: {path: europe}, us: {path: america}}}
  shop: {prefix: 'https://', suffix: .shop.example}
api: {base_url: '@/{tenant}/{user}/{region.path}/{shop}'}
`)
	jwt := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	o.odd.says("/token", `200 {"access_token":"`+jwt(`{"org":{"id":4711}}`)+`","id_token":"`+jwt(`{"sub":"zoe"}`)+`"}`)
	o.set(map[string]string{"region": "us", "shop": "https://acme.shop.example"})
	o.authorize("odd")
	o.wantBase("@/4711/zoe/america/acme")

	_, err := o.PutConnection(o.ctx, "odd", api.ConnectionSpec{Client: "odd", Variables: map[string]string{"region": "mars", "shop": "acme"}})
	o.must(err)
	_, err = o.Begin(o.ctx, "odd", api.AuthorizeRequest{})
	if f := wantCode(t, err, api.CodeNeedsConfiguration); !strings.Contains(f.Message, "one of eu, us") {
		t.Fatal(f.Message)
	}
}

func TestTheRedirectParameterTheCodesNameAndTheFragmentAreTheProviders(t *testing.T) {
	o := newOdd(t, `
variables: {ru_name: {from: client}}
authorization_endpoint: '@/#/consent'
token_endpoint: '@/token'
redirect_uri_param: '{ru_name}'
response_type: code id_token
authorization_request: {fragment: true, params: {app: '{client_id}'}}
authorization_response: {code: [auth_code, code]}
`)
	authorization, err := o.Begin(o.ctx, "odd", api.AuthorizeRequest{})
	o.must(err)
	start, err := o.Start(o.ctx, authorization.Flow)
	o.must(err)
	o.cookies[authorization.Flow] = start.Binding
	_, fragment, _ := strings.Cut(start.Location, "#")
	route, query, _ := strings.Cut(fragment, "?")
	sent, err := url.ParseQuery(query)
	o.must(err)
	if route != "/consent" || sent.Get("redirect_uri") != "Acme-RuName" || sent.Get("response_type") != "code id_token" || sent.Get("app") != "id" {
		t.Fatalf("the browser goes to %s", start.Location)
	}
	_, err = o.Complete(o.ctx, url.Values{"state": sent["state"], "auth_code": {"the-code"}}, o.cookie)
	o.must(err)
	o.wantSent("/token", 1, map[string]string{"code": "the-code", "redirect_uri": "Acme-RuName"})
}

func TestConsentWithoutACodeIsFollowedByTheClientsOwnGrant(t *testing.T) {
	o := newOdd(t, plainEndpoints+"authorization_response: {consent_only: true}\nvariables: {org: {from: callback}}\ntoken_request: {params: {org: '{org}'}}\n")
	o.must(o.answer(url.Values{"org": {"o-1"}}))
	o.wantSent("/token", 1, map[string]string{"grant_type": "client_credentials", "org": "o-1"})
	if !o.state("odd").Renewable {
		t.Fatal("it does not renew itself")
	}
	o.clock.advance(2 * time.Hour)
	o.odd.says("/token", `200 {"access_token":"at-2"}`)
	o.wantToken("odd", "at-2")
	o.wantSent("/token", 2, map[string]string{"grant_type": "client_credentials", "org": "o-1"})
}

func TestAClientAuthenticationOfTheProvidersOwn(t *testing.T) {
	o := newOdd(t, plainEndpoints+"token_endpoint_auth: {username: '{client_secret}'}\ntoken_request: {omit: [client_id]}\nrevocation_endpoint: '@/revoke'\n")
	o.odd.says("/revoke", "200 {}")
	o.authorize("odd")
	sent := o.wantSent("/token", 1, map[string]string{"client_id": "", "client_secret": ""})
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("s3cret:"))
	if sent.authorization != want {
		t.Fatalf("Authorization is %q", sent.authorization)
	}
	_, err := o.Revoke(o.ctx, "odd")
	o.must(err)
	if got := o.odd.at("/revoke")[0].authorization; got != want {
		t.Fatalf("at the revocation endpoint it is %q", got)
	}
}

func TestARevocationOfTheProvidersOwnCarriesTheToken(t *testing.T) {
	o := newOdd(t, plainEndpoints+"revocation_request: {method: DELETE, url: '@/grants/{access_token}', auth: access_token}\n")
	o.odd.says("/grants/at-1", "200 {}")
	o.authorize("odd")
	_, err := o.Revoke(o.ctx, "odd")
	o.must(err)
	if sent := o.wantSent("/grants/at-1", 1, nil); sent.method != "DELETE" || sent.authorization != "Bearer at-1" {
		t.Fatalf("%s with %q", sent.method, sent.authorization)
	}
	o.wantState("odd", api.StateRevoked)
}

func TestTheIDTokenStandsInWhereTheAPITakesIt(t *testing.T) {
	o := newOdd(t, plainEndpoints+"api: {base_url: '@', token: {source: id_token}}\n")
	o.odd.says("/token", `200 {"access_token":"at-1","id_token":"the-id-token"}`)
	o.authorize("odd")
	o.wantToken("odd", "the-id-token")
}

func TestAConnectionsOwnBaseURLIsHeldToTheGuardAsWell(t *testing.T) {
	o := newOdd(t, plainEndpoints+"variables: {zone: {from: token_response}}\napi: {base_url: '@', headers: {X-Zone: '{zone}'}}\n")
	o.odd.says("/token", `200 {"access_token":"at-1","zone":"thief.example"}`)
	o.authorize("odd")
	o.wantBase("@")
	_, err := o.PutConnection(o.ctx, "odd", api.ConnectionSpec{Client: "odd", API: &api.CallSettings{BaseURL: "https://{zone}/v1"}})
	o.must(err)
	_, err = o.Credential(o.ctx, "odd")
	if f := wantCode(t, err, api.CodeNeedsConfiguration); !strings.Contains(f.Hint, "must_match") {
		t.Fatal(f.Hint)
	}
}

func TestTheTokenEndpointOfTheStartHoldsUnlessTheCallbackNamesIt(t *testing.T) {
	const text = "variables: {realm: {from: callback}}\nauthorization_endpoint: '@/authorize'\ntoken_endpoint: '@/%s'\napi: {base_url: '@/{realm}'}\n"
	o := newOdd(t, strings.ReplaceAll(text, "%s", "token"))
	_, sent := o.begin("odd")
	moved, err := catalog.ParseProvider("odd.yaml", []byte(strings.NewReplacer("%s", "moved", "@", o.odd.URL).Replace(text)))
	o.must(err)
	_, err = o.PutProvider(o.ctx, "odd", moved)
	o.must(err)
	_, err = o.Complete(o.ctx, url.Values{"state": sent["state"], "code": {"c"}, "realm": {"r-1"}}, o.cookie)
	o.must(err)
	o.wantSent("/token", 1, nil)
	o.wantBase("@/r-1")
}

func TestSchemaRow25AnAnswerThatIsNotSignedSpendsNoCode(t *testing.T) {
	o := newOdd(t, plainEndpoints+"authorization_response: {verify: shopify}\n")
	wantCode(t, o.answer(url.Values{"code": {"c"}, "hmac": {"00"}}), api.CodeForbidden)
	o.wantSent("/token", 0, nil)
}
