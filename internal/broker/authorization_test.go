package broker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/api"
)

// openID is an authorization server that takes pushed requests and gives
// signed ID tokens.
type openID struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	pushed  url.Values
	tokens  []url.Values
	key     *ecdsa.PrivateKey
	keyID   string
	nonce   string // in the ID token
	signs   *ecdsa.PrivateKey
	noKeys  bool
	details string // authorization_details of the answer, JSON
}

func newOpenID(t *testing.T, h *harness) *openID {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &openID{t: t, key: key, signs: key, keyID: "k1"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /par", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pushed = r.PostForm
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"request_uri":"urn:ref","expires_in":90}`))
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) { s.token(h, w, r) })
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.noKeys {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: s.keyID, Algorithm: "ES256", Use: "sig"}}})
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *openID) token(h *harness, w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, r.PostForm)
	now := h.clock.Now()
	claims, _ := json.Marshal(map[string]any{"iss": s.URL, "sub": "maria", "aud": "id", "iat": now.Unix(), "exp": now.Unix() + 300, "nonce": s.nonce})
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.signs, KeyID: s.keyID}}, nil)
	if err != nil {
		s.t.Error(err)
	}
	jws, err := signer.Sign(claims)
	if err != nil {
		s.t.Error(err)
	}
	idToken, _ := jws.CompactSerialize()
	answer := map[string]any{"access_token": "at", "refresh_token": "rt", "token_type": "Bearer", "expires_in": 3600, "id_token": idToken}
	if s.details != "" {
		answer["authorization_details"] = json.RawMessage(s.details)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// at makes a provider of the server and a connection "who" under it.
func (s *openID) at(h *harness, rules api.AuthorizationRules, spec api.ConnectionSpec) {
	h.t.Helper()
	var p api.Provider
	p.Issuer = s.URL
	p.AuthorizationEndpoint = s.URL + "/authorize"
	p.TokenEndpoint = s.URL + "/token"
	p.JWKSURI = s.URL + "/jwks"
	p.PushedAuthorizationRequestEndpoint = s.URL + "/par"
	p.AuthorizationRules = rules
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1"}
	_, err := h.PutProvider(h.ctx, "openid", p)
	h.must(err)
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	h.must(err)
	secretText, key := api.Secret("s3cret"), api.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	_, err = h.PutClient(h.ctx, "web", api.ClientSpec{Provider: "openid", ClientID: "id", ClientSecret: &secretText, PrivateKey: &key, TokenEndpointAuthMethod: "client_secret_basic"})
	h.must(err)
	spec.Client = "web"
	spec.Scopes = []string{"openid", "offline_access"}
	_, err = h.PutConnection(h.ctx, "who", spec)
	h.must(err)
}

func (h *harness) back(sent url.Values) error {
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
	return err
}

func TestRFC9126_ThePushedRequestHoldsAllAndTheBrowserAReferenceOnly(t *testing.T) {
	h := newHarness(t)
	s := newOpenID(t, h)
	s.at(h, api.AuthorizationRules{RequirePushedAuthorizationRequests: true}, api.ConnectionSpec{})
	begun := h.clock.Now()
	authorization, err := h.Begin(h.ctx, "who", api.AuthorizeRequest{LoginHint: "maria@example.com"})
	h.must(err)
	if life := authorization.ExpiresAt.Sub(begun); life.Seconds() != 90 {
		t.Fatalf("the flow lives %v, and what was pushed 90 s", life)
	}
	start, err := h.Start(h.ctx, authorization.Flow)
	h.must(err)
	location, err := url.Parse(start.Location)
	h.must(err)
	if want := "client_id=id&request_uri=urn%3Aref"; location.RawQuery != want {
		t.Fatalf("the browser carries %s", location.RawQuery)
	}
	for _, name := range []string{"state", "code_challenge", "nonce", "redirect_uri", "scope", "login_hint", "client_id"} { // 9126-7.5
		if s.pushed.Get(name) == "" {
			t.Errorf("%s is not pushed: %v", name, s.pushed)
		}
	}
	h.cookies[authorization.Flow] = start.Binding
	s.nonce = s.pushed.Get("nonce")
	h.must(h.back(s.pushed))
}

func TestRFC9101_TheSignedRequestNamesTheClientOutsideToo(t *testing.T) {
	h := newHarness(t)
	s := newOpenID(t, h)
	s.at(h, api.AuthorizationRules{RequireSignedRequestObject: true}, api.ConnectionSpec{})
	_, sent := h.begin("who")
	if sent.Get("client_id") != "id" || sent.Get("state") != "" || sent.Get("redirect_uri") != "" {
		t.Fatalf("outside stands %v", sent)
	}
	object, err := jose.ParseSignedCompact(sent.Get("request"), []jose.SignatureAlgorithm{jose.ES256})
	h.must(err)
	payload, err := object.Verify(s.key.Public())
	h.must(err)
	var claims map[string]any
	h.must(json.Unmarshal(payload, &claims))
	if claims["client_id"] != "id" || claims["aud"] != s.URL || claims["state"] == nil || claims["code_challenge"] == nil || claims["sub"] != nil {
		t.Fatalf("inside stands %v", claims)
	}
}

func TestWhatAGrantIsAskedForBesidesScopesIsSent(t *testing.T) {
	h := newHarness(t)
	s := newOpenID(t, h)
	s.details = `[{"limit":10,"type":"payment"}]`
	s.at(h, api.AuthorizationRules{ResponseMode: "form_post"}, api.ConnectionSpec{GrantRequest: api.GrantRequest{
		Resources:            []string{"https://api.example.com/", "https://files.example.com/"},
		AuthorizationDetails: []map[string]any{{"type": "payment", "limit": 20}},
		Claims:               map[string]any{"id_token": map[string]any{"email": nil}},
	}})
	age := 60
	authorization, err := h.Begin(h.ctx, "who", api.AuthorizeRequest{StepUp: api.StepUp{Scopes: []string{"payments"}, ACRValues: "gold", MaxAge: &age}})
	h.must(err)
	start, err := h.Start(h.ctx, authorization.Flow)
	h.must(err)
	location, err := url.Parse(start.Location)
	h.must(err)
	sent := location.Query()
	for name, want := range map[string]string{
		"resource":              "https://api.example.com/ https://files.example.com/", // RFC 8707-2.2
		"authorization_details": `[{"limit":20,"type":"payment"}]`,                     // RFC 9396-2
		"claims":                `{"id_token":{"email":null}}`,
		"acr_values":            "gold", // RFC 9470-4
		"max_age":               "60",
		"response_mode":         "form_post",
		"scope":                 "openid offline_access payments",
	} {
		if got := strings.Join(sent[name], " "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	h.cookies[authorization.Flow] = start.Binding
	s.nonce = sent.Get("nonce")
	h.must(h.back(sent))
	if got := s.tokens[0]["resource"]; len(got) != 2 {
		t.Errorf("the token request names %v", got)
	}
	if got := h.state("who").Captured["authorization_details"]; got != s.details { // RFC 9396-7
		t.Errorf("granted details are %q", got)
	}
}

func TestRFC8707_ResourcesAreSentAsTheModeSays(t *testing.T) {
	for mode, want := range map[string]map[string]string{
		api.ResourceAuto: {"": "", "https://a.example/": "https://a.example/"},
		api.ResourceSend: {"": "https://api.example.com/v1", "https://a.example/": "https://a.example/"},
		api.ResourceOmit: {"": "", "https://a.example/": ""},
	} {
		for named, sends := range want {
			h := newHarness(t)
			s := newOpenID(t, h)
			var spec api.ConnectionSpec
			if named != "" {
				spec.Resources = []string{named}
			}
			s.at(h, api.AuthorizationRules{ResourceMode: mode}, spec)
			if _, sent := h.begin("who"); strings.TrimSuffix(sent.Get("resource"), "/") != strings.TrimSuffix(sends, "/") {
				t.Errorf("%s with %q sends %q, want %q", mode, named, sent.Get("resource"), sends)
			}
		}
	}
}

func TestAnIDTokenIsHeldToItsNonceAndSignature(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change  func(s *openID)
		refused bool
	}{
		"as it should be":                 {change: func(*openID) {}},
		"another nonce":                   {change: func(s *openID) { s.nonce = "replayed" }, refused: true}, // 9700-4.5.3.2
		"no nonce":                        {change: func(s *openID) { s.nonce = "" }, refused: true},
		"another key by the same name":    {change: func(s *openID) { s.signs = other }, refused: true},
		"a key nobody has announced":      {change: func(s *openID) { s.signs, s.keyID = other, "k2" }, refused: true},
		"keys that cannot be had: by TLS": {change: func(s *openID) { s.noKeys = true }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			s := newOpenID(t, h)
			s.at(h, api.AuthorizationRules{}, api.ConnectionSpec{})
			_, sent := h.begin("who")
			s.nonce = sent.Get("nonce")
			test.change(s)
			err := h.back(sent)
			if test.refused {
				wantCode(t, err, api.CodeForbidden)
				h.wantState("who", api.StateNew)
				return
			}
			h.must(err)
			if c := h.wantState("who", api.StateActive); c.Account == "" {
				t.Fatal("nobody knows whose account it is")
			}
		})
	}
}
