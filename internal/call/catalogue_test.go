package call_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
	"github.com/valetkey/valetkey/oauth"
)

// world is the code under test before one provider at a time.
type world struct {
	t      *testing.T
	broker *broker.Broker
	engine *call.Engine
	key    api.Secret
	now    time.Time
	on     *provider
	n      int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	providers, err := catalog.BuiltIn()
	must(err)
	keyring, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	must(err)
	w.broker, err = broker.New(t.Context(), broker.Config{
		Store: memory.New(), Keyring: keyring, HTTP: w, Catalog: providers, PublicURL: "https://valetkey.contoso.com",
		Now: func() time.Time { return w.now }, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	must(err)
	t.Cleanup(func() { _ = w.broker.Close(context.Background()) })
	w.engine = call.New(w.broker, w, call.Options{Now: func() time.Time { return w.now }})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	w.key = api.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
	return w
}

func (w *world) Do(r *http.Request) (*http.Response, error)        { return w.on.Do(r) }
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) { return w.on.RoundTrip(r) }

// TestEveryDescriptionServesAGrantsWholeLife takes each shipped description
// through the real code, before a provider that speaks what it says:
// authorization, code or grant, look-ups, a call, a renewal, a call with the
// new token, and the revocation.
func TestEveryDescriptionServesAGrantsWholeLife(t *testing.T) {
	providers, err := catalog.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for _, name := range providers.Names() {
		p, err := w.broker.Provider(t.Context(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, grant := range grants(p) {
			for _, wrong := range w.live(p, grant) {
				t.Errorf("%s by %s: %s", name, grant, wrong)
			}
		}
	}
}

// grants are those that a description speaks of.
func grants(p api.Provider) []string {
	all := []string{"authorization_code"}
	if p.Grant != "" {
		all = []string{p.Grant}
	}
	if p.Scopes != nil {
		for _, grant := range sortedKeys(p.Scopes.ByGrant) {
			if grant != "device_code" && !slices.Contains(all, grant) {
				all = append(all, grant)
			}
		}
	}
	return all
}

// live plays a grant's whole life, and says what went wrong.
func (w *world) live(p api.Provider, grant string) (wrong []string) {
	w.n++
	name := fmt.Sprintf("c%d", w.n)
	typed, err := w.meet(p, grant)
	if err != nil {
		return []string{err.Error()}
	}
	spec := api.ClientSpec{Provider: p.Name, ClientID: clientID, Variables: typed}
	if key := api.Secret(clientSecret); grant == "jwt_bearer" || p.TokenEndpointAuthMethod == api.AuthMethods(oauth.AuthPrivateKeyJWT) {
		spec.PrivateKey = &w.key
	} else {
		spec.ClientSecret = &key
	}
	if p.TokenEndpointAuthMethod == "" && p.TokenEndpointAuth == nil && spec.ClientSecret != nil {
		spec.TokenEndpointAuthMethod = string(oauth.AuthBasic) // nobody has to find out
	}
	if _, err := w.broker.PutClient(w.t.Context(), name, spec); err != nil {
		return []string{err.Error()}
	}
	if _, err := w.broker.PutConnection(w.t.Context(), name, api.ConnectionSpec{Client: name, Grant: grant}); err != nil {
		return []string{err.Error()}
	}
	for _, step := range []func(context.Context, string) error{w.connect, w.call, w.refresh, w.call, w.revoke} {
		if err := step(w.t.Context(), name); err != nil {
			return append(w.on.wrong, w.on.stage+": "+err.Error())
		}
	}
	return w.on.wrong
}

// meet puts the provider of a description in front of the code, and gives the
// values that a person types.
func (w *world) meet(p api.Provider, grant string) (typed map[string]string, err error) {
	typed, told := map[string]string{}, map[string]string{}
	for _, name := range sortedKeys(p.Variables) {
		switch v := p.Variables[name]; {
		case catalog.Outside(v):
			told[name] = sample(name, v)
		case v.Default == "" && !v.Optional:
			typed[name] = sample(name, v)
			if strings.HasPrefix(p.TokenEndpoint, "{"+name) || strings.HasPrefix(p.AuthorizationEndpoint, "{"+name) || strings.HasPrefix(p.Issuer, "{"+name) {
				typed[name] = "https://login.contoso.com"
			}
		}
	}
	w.on = &provider{p: p, told: told, redirectURI: w.broker.RedirectURI(), grant: grant, now: func() time.Time { return w.now }, seen: map[string]int{}}
	if w.on.before, err = catalog.Resolve(p, catalog.Values{Client: typed}); err != nil {
		return nil, err
	}
	w.on.after, err = catalog.Resolve(p, catalog.Values{Client: typed, Captured: told})
	return typed, err
}

func (w *world) connect(ctx context.Context, name string) error {
	w.on.stage = "connect"
	if w.on.grant != "authorization_code" {
		_, err := w.broker.Refresh(ctx, name)
		return w.settled(ctx, name, err)
	}
	begun, err := w.broker.Begin(ctx, name, api.AuthorizeRequest{})
	if err != nil {
		return err
	}
	start, err := w.broker.Start(ctx, begun.Flow)
	if err != nil {
		return err
	}
	answer, err := w.on.authorize(start.Location)
	if err != nil {
		return err
	}
	_, err = w.broker.Complete(ctx, answer, func(string) string { return start.Binding })
	return w.settled(ctx, name, err)
}

// settled says why a connection is not of use.
func (w *world) settled(ctx context.Context, name string, err error) error {
	if err != nil {
		return err
	}
	c, err := w.broker.Connection(ctx, name)
	if err == nil && c.State != api.StateActive {
		return fmt.Errorf("the connection is %s: %+v", c.State, c.Cause)
	}
	if w.on.seen["token "+w.on.stage] == 0 && w.on.seen["exchange"] == 0 {
		return fmt.Errorf("nobody asked for a token")
	}
	return err
}

func (w *world) call(ctx context.Context, name string) error {
	w.on.stage = "call"
	p := w.on.p
	if p.API == nil || p.API.BaseURL == "" {
		return nil
	}
	request := call.Request{Path: "/"}
	if p.API.Test != nil {
		request.Method, request.Path = p.API.Test.Method, p.API.Test.Path
	}
	before := w.on.seen["call"]
	response, err := w.engine.Do(ctx, name, request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if w.on.seen["call"] != before+1 {
		return fmt.Errorf("%d requests reached the API", w.on.seen["call"]-before)
	}
	return nil
}

func (w *world) refresh(ctx context.Context, name string) error {
	w.on.stage = "refresh"
	if w.on.norefresh() && !byAccessToken(w.on.p) && w.on.grant == "authorization_code" {
		return nil
	}
	if catalog.Patient(w.on.p) {
		w.now = w.now.Add(365 * 24 * time.Hour)
	}
	_, err := w.broker.Refresh(ctx, name)
	return w.settled(ctx, name, err)
}

func (w *world) revoke(ctx context.Context, name string) error {
	w.on.stage = "revoke"
	if _, err := w.broker.Revoke(ctx, name); err != nil {
		return err
	}
	p := w.on.after.Provider
	if told := p.RevocationEndpoint != "" || p.RevocationRequest != nil && p.RevocationRequest.URL != ""; told && w.on.seen["revoke"] == 0 {
		return fmt.Errorf("nobody told the provider")
	}
	return nil
}

// authorize reads the address that a browser is sent to, and gives the answer
// that comes back.
func (s *provider) authorize(location string) (url.Values, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	rules := deref(s.p.AuthorizationRequest)
	query := u.RawQuery
	if _, behind, found := strings.Cut(u.Fragment, "?"); rules.Fragment && found {
		query = behind
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	r := received{Request: &http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}, params: params}
	if u.Scheme != "https" && u.Hostname() != "127.0.0.1" {
		s.complain("the authorization endpoint %s is not https", address(u))
	}
	if strings.Contains(location, clientSecret) || unfilled.MatchString(location) {
		s.complain("the address of the authorization shows a secret or was not filled in")
	}
	s.checkForm(r, oauth.RequestRules{Params: rules.Params, OmitEmpty: rules.OmitEmpty}, "authorization request")
	responseType := s.p.ResponseType
	if responseType == "" {
		responseType = "code"
	}
	s.want(r, rules, "response_type", responseType)
	s.want(r, rules, "client_id", clientID)
	s.want(r, rules, "redirect_uri", s.sentRedirectURI())
	s.want(r, rules, "scope", s.scope())
	state, _ := standard(r, rules, "state")
	if state == "" {
		s.complain("there is no state")
	}
	s.challenge, _ = standard(r, rules, "code_challenge")
	if none := s.p.CodeChallengeMethod == oauth.MethodNone; none != (s.challenge == "") {
		s.complain("the code_challenge is %q", s.challenge)
	}
	return s.redirect(state), nil
}

// scope is what must be asked for, as the description writes it.
func (s *provider) scope() string {
	rules := deref(s.p.Scopes)
	asked, separator := slices.Concat(rules.Required, rules.Default), rules.Separator
	if own, ok := rules.ByGrant[s.grant]; ok {
		asked = slices.Concat(own.Required, own.Default)
	}
	if separator == "" {
		separator = " "
	}
	var once []string
	for _, scope := range asked {
		if strings.Contains(scope, separator) || strings.ContainsAny(scope, " \t") {
			s.complain("%q is not one scope", scope)
		}
		if !slices.Contains(once, scope) {
			once = append(once, scope)
		}
	}
	return strings.Join(once, separator)
}

// redirect is the provider's answer through the browser.
func (s *provider) redirect(state string) url.Values {
	answer := url.Values{"state": {state}}
	if names := catalog.CodeNames(s.p); !catalog.ConsentOnly(s.p) {
		answer.Set(append(slices.Clone(names), "code")[0], "the-code")
	}
	for _, name := range sortedKeys(s.p.Variables) {
		v := s.p.Variables[name]
		if v.From != api.FromCallback {
			continue
		}
		param := name
		if v.Name != "" {
			param = v.Name
		}
		answer.Set(param, tellable(v, s.told[name]))
	}
	if rules := s.p.AuthorizationResponse; rules != nil && rules.Verify == "shopify" {
		mac := hmac.New(sha256.New, []byte(clientSecret))
		mac.Write([]byte(answer.Encode()))
		answer.Set("hmac", hex.EncodeToString(mac.Sum(nil)))
	}
	return answer
}
