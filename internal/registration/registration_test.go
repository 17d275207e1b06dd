package registration_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
)

// registry is an authorization server at which clients register.
type registry struct {
	*httptest.Server
	mu       sync.Mutex
	methods  []string       // of client authentication
	document bool           // it takes client id documents
	refuse   map[string]any // an error in place of the next answer
	status   int
	issue    map[string]any // members of each answer, over what was sent
	bodies   []map[string]any
	tokens   []string // Authorization of each request
	verbs    []string
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	s := &registry{methods: []string{"client_secret_basic", "private_key_jwt"}, issue: map[string]any{"client_id": "c-1"}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *registry) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(r.URL.Path, "/.well-known/oauth-authorization-server") {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token",
			"registration_endpoint": s.URL + "/register", "token_endpoint_auth_methods_supported": s.methods,
			"client_id_metadata_document_supported": s.document,
		})
		return
	}
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	s.bodies, s.tokens, s.verbs = append(s.bodies, body), append(s.tokens, r.Header.Get("Authorization")), append(s.verbs, r.Method+" "+r.URL.RequestURI())
	switch {
	case s.refuse != nil:
		w.WriteHeader(s.status)
		_ = json.NewEncoder(w).Encode(s.refuse)
		return
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
	}
	answer := map[string]any{}
	for _, members := range []map[string]any{body, s.issue} {
		for name, value := range members {
			answer[name] = value
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *registry) last() (body map[string]any, authorization, verb string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.verbs) - 1
	return s.bodies[n], s.tokens[n], s.verbs[n]
}

// rig is a broker whose provider "fresh" is a registry.
type rig struct {
	*broker.Broker
	*testing.T
	registry *registry
	store    *memory.Store
	keyring  *secret.Keyring
}

func newRig(t *testing.T, publicURL string) *rig {
	t.Helper()
	r := &rig{T: t, registry: newRegistry(t), store: memory.New()}
	var err error
	r.keyring, err = secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	r.must(err)
	providers, err := catalog.BuiltIn()
	r.must(err)
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	r.Broker, err = broker.New(t.Context(), broker.Config{
		Store: r.store, Keyring: r.keyring, HTTP: http.DefaultClient, Catalog: providers, PublicURL: publicURL, Now: func() time.Time { return now },
	})
	r.must(err)
	var p api.Provider
	p.Issuer = r.registry.URL
	_, err = r.PutProvider(t.Context(), "fresh", p)
	r.must(err)
	return r
}

func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatalf("%v (%s)", err, fault.As(err).Hint)
	}
}

func (r *rig) register(request api.RegisterRequest) api.Client {
	r.Helper()
	request.Provider = "fresh"
	r.must(r.RegisterClient(r.Context(), "app", request))
	c, err := r.Client(r.Context(), "app")
	r.must(err)
	return c
}

const loopback = "http://127.0.0.1:8539"

func TestRFC7591_2_a_AClientIsRegisteredWithItsRedirectURIAndAKeyOfItsOwn(t *testing.T) {
	r := newRig(t, loopback)
	c := r.register(api.RegisterRequest{})
	if c.ClientID != "c-1" || c.TokenEndpointAuthMethod != "private_key_jwt" || c.PrivateKey != api.Mask || c.ClientSecret != "" {
		t.Errorf("the client is %+v", c)
	}
	body, authorization, verb := r.registry.last()
	if verb != "POST /register" || authorization != "" {
		t.Errorf("%s with %q", verb, authorization)
	}
	if fmt.Sprint(body["redirect_uris"]) != "["+loopback+"/oauth/callback]" || body["client_name"] == nil || body["application_type"] != "native" {
		t.Errorf("registered as %v", body)
	}
	if fmt.Sprint(body["grant_types"], body["response_types"]) != "[authorization_code refresh_token] [code]" {
		t.Errorf("registered for %v %v", body["grant_types"], body["response_types"])
	}
	keys := fmt.Sprint(body["jwks"])
	if body["jwks_uri"] != nil || !strings.Contains(keys, "kid") || strings.Contains(keys, " d:") || strings.Contains(keys, "[d:") {
		t.Errorf("the keys are %s, at %v", keys, body["jwks_uri"])
	}
}

func TestRFC7591_3_2_1_WhatTheServerAnswersIsKept(t *testing.T) {
	r := newRig(t, "https://valetkey.contoso.example")
	r.registry.methods = []string{"client_secret_post"}
	r.registry.issue = map[string]any{
		"client_id": "c-2", "client_secret": "s-1", "client_secret_expires_at": 1800000000,
		"token_endpoint_auth_method": "client_secret_basic", "client_name": "Renamed",
	}
	c := r.register(api.RegisterRequest{InitialAccessToken: "iat-1", Metadata: map[string]any{"software_id": "x", "client_name": "Mine", "scope": nil}})
	if c.ClientSecret != api.Mask || c.TokenEndpointAuthMethod != "client_secret_basic" || c.ClientSecretExpiresAt == nil || c.ClientSecretExpiresAt.Unix() != 1800000000 {
		t.Errorf("the client is %+v", c)
	}
	body, authorization, _ := r.registry.last()
	if authorization != "Bearer iat-1" || body["software_id"] != "x" || body["client_name"] != "Mine" || body["application_type"] != "web" || body["jwks"] != nil {
		t.Errorf("sent %v with %q", body, authorization)
	}
	registration, err := r.Registration(t.Context(), "app")
	r.must(err)
	if registration.Metadata["client_name"] != "Renamed" || registration.Metadata["client_secret"] != nil || registration.RegistrationClientURI != "" {
		t.Errorf("the registration reads %+v", registration)
	}
	kept, err := r.store.Client(t.Context(), "app")
	r.must(err)
	if text := string(kept.Registration) + string(kept.Secret); strings.Contains(text, "s-1") {
		t.Error("the secret is stored in clear")
	}
}

func TestRFC7591_3_2_1_ASecretThatExpiresAtZeroNeverDoes(t *testing.T) {
	r := newRig(t, loopback)
	r.registry.methods = []string{"client_secret_basic"}
	r.registry.issue = map[string]any{"client_id": "c-2", "client_secret": "s-1", "client_secret_expires_at": 0}
	if c := r.register(api.RegisterRequest{}); c.ClientSecretExpiresAt != nil {
		t.Errorf("it ends at %v", c.ClientSecretExpiresAt)
	}
}

func TestRFC7591_3_2_2_ARefusalSaysWhatToDo(t *testing.T) {
	for code, want := range map[string]string{
		"invalid_redirect_uri":       "VALETKEY_PUBLIC_URL",
		"invalid_client_metadata":    "--metadata NAME=VALUE",
		"invalid_software_statement": "software_statement=",
		"invalid_token":              "--initial-access-token-file",
		"something_else":             "valetkey client add",
	} {
		r := newRig(t, loopback)
		r.registry.refuse, r.registry.status = map[string]any{"error": code, "error_description": "not iat-canary"}, 400
		if code == "invalid_token" {
			r.registry.status = 401
		}
		err := r.RegisterClient(t.Context(), "app", api.RegisterRequest{Provider: "fresh", InitialAccessToken: "iat-canary"})
		found := fault.As(err)
		if err == nil || found.Code != api.CodeNeedsConfiguration || !strings.Contains(found.Hint, want) || !strings.Contains(found.Message, code) {
			t.Errorf("%s: %v (%s)", code, err, found.Hint)
		}
		if strings.Contains(found.Message, "canary") {
			t.Errorf("%s: the token is shown: %s", code, found.Message)
		}
		if _, err := r.Client(t.Context(), "app"); fault.As(err).Code != api.CodeNotFound {
			t.Errorf("%s: a client was made", code)
		}
	}
}

func TestAClientThatIsThereIsNotRegisteredAgain(t *testing.T) {
	r := newRig(t, loopback)
	r.register(api.RegisterRequest{})
	err := r.RegisterClient(t.Context(), "app", api.RegisterRequest{Provider: "fresh"})
	if fault.As(err).Code != api.CodeConflict || len(r.registry.verbs) != 1 {
		t.Errorf("%v after %d requests", err, len(r.registry.verbs))
	}
}

// managed registers a client whose registration can be managed.
func managed(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, loopback)
	r.registry.methods = []string{"client_secret_basic"}
	r.registry.issue = map[string]any{
		"client_id": "c-1", "client_secret": "s-1", "registration_access_token": "rat-1",
		"registration_client_uri": r.registry.URL + "/manage?id=c-1&x=%20",
	}
	r.register(api.RegisterRequest{})
	return r
}

func TestRFC7592_2_ARegistrationIsReadWithItsTokenAtItsOwnAddress(t *testing.T) {
	r := managed(t)
	registration, err := r.Registration(t.Context(), "app")
	r.must(err)
	_, authorization, verb := r.registry.last()
	if verb != "GET /manage?id=c-1&x=%20" || authorization != "Bearer rat-1" || registration.By != api.RegisterDynamic {
		t.Errorf("%s with %q, by %s", verb, authorization, registration.By)
	}
}

func TestRFC7592_2_2_b_AChangeSendsAllFieldsAndNothingOfTheServers(t *testing.T) {
	r := managed(t)
	_, err := r.ChangeRegistration(t.Context(), "app", api.RegistrationChange{Metadata: map[string]any{"client_name": "New", "application_type": nil, "registration_access_token": "mine"}})
	r.must(err)
	body, authorization, verb := r.registry.last()
	if verb != "PUT /manage?id=c-1&x=%20" || authorization != "Bearer rat-1" {
		t.Errorf("%s with %q", verb, authorization)
	}
	if body["client_id"] != "c-1" || body["client_secret"] != "s-1" || body["client_name"] != "New" || body["redirect_uris"] == nil || body["application_type"] != nil {
		t.Errorf("sent %v", body)
	}
	for _, theirs := range []string{"registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"} {
		if _, sent := body[theirs]; sent {
			t.Errorf("%s was sent", theirs)
		}
	}
}

func TestRFC7592_7_ANewSecretOrTokenReplacesTheOldAtOnce(t *testing.T) {
	r := managed(t)
	r.registry.issue["client_secret"], r.registry.issue["registration_access_token"] = "s-2", "rat-2"
	_, err := r.Registration(t.Context(), "app")
	r.must(err)
	_, err = r.ChangeRegistration(t.Context(), "app", api.RegistrationChange{})
	r.must(err)
	body, authorization, _ := r.registry.last()
	if authorization != "Bearer rat-2" || body["client_secret"] != "s-2" {
		t.Errorf("%q with the secret %v", authorization, body["client_secret"])
	}
}

func TestRFC7592_2_3_ADeregisteredClientIsGoneHereToo(t *testing.T) {
	r := managed(t)
	_, err := r.PutConnection(t.Context(), "mail", api.ConnectionSpec{Client: "app"})
	r.must(err)
	if err := r.Deregister(t.Context(), "app"); fault.As(err).Code != api.CodeConflict {
		t.Fatalf("in use: %v", err)
	}
	r.must(r.DeleteConnection(t.Context(), "mail"))
	r.must(r.Deregister(t.Context(), "app"))
	if _, _, verb := r.registry.last(); verb != "DELETE /manage?id=c-1&x=%20" {
		t.Errorf("the last request is %s", verb)
	}
	if _, err := r.Client(t.Context(), "app"); fault.As(err).Code != api.CodeNotFound {
		t.Errorf("the client is there: %v", err)
	}
}

func TestWritingAClientKeepsItsRegistration(t *testing.T) {
	r := managed(t)
	_, err := r.PutClient(t.Context(), "app", api.ClientSpec{Provider: "fresh", ClientID: "c-1", Description: "a note"})
	r.must(err)
	_, err = r.Registration(t.Context(), "app")
	r.must(err)
	_, err = r.PutClient(t.Context(), "app", api.ClientSpec{Provider: "fresh", ClientID: "by-hand"})
	r.must(err)
	if _, err := r.Registration(t.Context(), "app"); fault.As(err).Code != api.CodeConflict {
		t.Errorf("another client has the registration: %v", err)
	}
}

func TestRFC9449_5_2_AClientRegisteredForBoundTokensGetsThem(t *testing.T) {
	r := newRig(t, loopback)
	r.register(api.RegisterRequest{Metadata: map[string]any{"dpop_bound_access_tokens": true}})
	_, err := r.PutConnection(t.Context(), "mail", api.ConnectionSpec{Client: "app"})
	r.must(err)
	begun, err := r.Begin(t.Context(), "mail", api.AuthorizeRequest{})
	r.must(err)
	start, err := r.Start(t.Context(), begun.Flow)
	r.must(err)
	if !strings.Contains(start.Location, "dpop_jkt=") {
		t.Errorf("the authorization is %s", start.Location)
	}
}

func TestMCP_8_AClientIDDocumentIsServedAtTheClientID(t *testing.T) {
	r := newRig(t, "https://valetkey.contoso.example")
	r.registry.document = true
	c := r.register(api.RegisterRequest{Metadata: map[string]any{"client_name": "Contoso"}})
	if c.ClientID != "https://valetkey.contoso.example/oauth/client/app" || c.TokenEndpointAuthMethod != "private_key_jwt" || c.PrivateKey != api.Mask {
		t.Errorf("the client is %+v", c)
	}
	if len(r.registry.verbs) != 0 {
		t.Error("it was registered as well")
	}
	document, err := r.ClientDocument(t.Context(), "app")
	r.must(err)
	if document["client_id"] != c.ClientID || document["client_name"] != "Contoso" || document["redirect_uris"] == nil || document["jwks"] == nil || document["client_secret"] != nil {
		t.Errorf("the document is %v", document)
	}
	_, err = r.ChangeRegistration(t.Context(), "app", api.RegistrationChange{Metadata: map[string]any{"client_name": "Fabrikam"}})
	r.must(err)
	if document, _ := r.ClientDocument(t.Context(), "app"); document["client_name"] != "Fabrikam" {
		t.Errorf("after the change it is %v", document)
	}
	r.must(r.Deregister(t.Context(), "app"))
	if _, err := r.ClientDocument(t.Context(), "app"); fault.As(err).Code != api.CodeNotFound {
		t.Errorf("it is still served: %v", err)
	}
}

func TestMCP_8_WithoutAPublicAddressAClientIsRegisteredInstead(t *testing.T) {
	r := newRig(t, loopback)
	r.registry.document = true
	if c := r.register(api.RegisterRequest{}); c.ClientID != "c-1" {
		t.Errorf("the client is %s", c.ClientID)
	}
	err := r.RegisterClient(t.Context(), "other", api.RegisterRequest{Provider: "fresh", By: api.RegisterDocument})
	if fault.As(err).Code != api.CodeNeedsConfiguration {
		t.Errorf("a document without an address: %v", err)
	}
	if _, err := r.ClientDocument(t.Context(), "app"); fault.As(err).Code != api.CodeNotFound {
		t.Errorf("a registered client has a document: %v", err)
	}
}
