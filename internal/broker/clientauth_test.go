package broker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/valetkey/valetkey/api"
)

func newKey(t *testing.T) (*ecdsa.PrivateKey, api.Secret) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, api.Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// claimsOf verifies a JWT as the server would and gives its claims.
func claimsOf(t *testing.T, text string, key any, alg jose.SignatureAlgorithm) map[string]any {
	t.Helper()
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{alg})
	if err != nil {
		t.Fatal(err)
	}
	claims := make(map[string]any)
	if err := token.Claims(key, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestRFC7523_2_2_APrivateKeyAuthenticatesEveryTokenRequestAnew(t *testing.T) {
	h := newHarness(t)
	key, text := newKey(t)
	none := api.Secret("")
	_, err := h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &none, PrivateKey: &text})
	h.must(err)
	h.authorize("mail")
	h.clock.advance(2 * time.Hour)
	h.token("mail")
	h.token("robot")
	seen := make(map[any]bool)
	for _, form := range h.server.requests {
		if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || form.Has("client_secret") {
			t.Fatalf("%s request authenticates otherwise", form.Get("grant_type"))
		}
		claims := claimsOf(t, form.Get("client_assertion"), key.Public(), jose.ES256)
		if claims["iss"] != "id" || claims["sub"] != "id" || claims["aud"] != h.server.URL+"/token" || seen[claims["jti"]] {
			t.Fatalf("claims %v", claims)
		}
		seen[claims["jti"]] = true
	}
	if len(seen) != 3 {
		t.Fatalf("%d requests", len(seen))
	}
	shown, err := json.Marshal(must(h.Client(h.ctx, "app")))
	h.must(err)
	if !strings.Contains(string(shown), `"private_key":"••••"`) || strings.Contains(string(shown), "PRIVATE KEY") {
		t.Fatalf("%s", shown)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestASecretCanSignInsteadOfTravelling(t *testing.T) {
	h := newHarness(t)
	long := api.Secret(strings.Repeat("0123456789abcdef", 4))
	_, err := h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &long, TokenEndpointAuthMethod: "client_secret_jwt"})
	h.must(err)
	h.token("robot")
	form := h.server.last()
	claims := claimsOf(t, form.Get("client_assertion"), []byte(long), jose.HS256)
	if claims["iss"] != "id" || strings.Contains(form.Encode(), string(long)) {
		t.Fatalf("claims %v", claims)
	}
}

func TestRFC7523_2_1_AServiceAccountSpeaksForSomebody(t *testing.T) {
	h := newHarness(t)
	key, text := newKey(t)
	var p api.Provider
	p.TokenEndpoint = h.server.URL + "/token"
	p.Grant = "jwt_bearer"
	p.Variables = map[string]api.Variable{"subject": {}}
	p.Assertion = &api.AssertionRules{Scope: "claim", Claims: map[string]any{"sub": "{subject}"}, Audience: "token_endpoint"}
	_, err := h.PutProvider(h.ctx, "accounts", p)
	h.must(err)
	_, err = h.PutClient(h.ctx, "robot", api.ClientSpec{Provider: "accounts", ClientID: "robot@example.com", PrivateKey: &text})
	h.must(err)
	_, err = h.PutConnection(h.ctx, "calendar", api.ConnectionSpec{Client: "robot", Scopes: []string{"a", "b"}, Variables: map[string]string{"subject": "maria@example.com"}})
	h.must(err)
	h.wantToken("calendar", "at-1")
	form := h.server.last()
	claims := claimsOf(t, form.Get("assertion"), key.Public(), jose.ES256)
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || claims["iss"] != "robot@example.com" ||
		claims["sub"] != "maria@example.com" || claims["scope"] != "a b" || form.Has("scope") {
		t.Fatalf("%s %v", form.Get("grant_type"), claims)
	}
	h.clock.advance(time.Hour)
	h.wantToken("calendar", "at-2")
	if c := h.wantState("calendar", api.StateActive); !c.Renewable {
		t.Fatal("not renewable")
	}
}

func TestAKeyThatCannotBeUsedIsRefusedWithoutBeingShown(t *testing.T) {
	h := newHarness(t)
	broken := api.Secret("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
	_, err := h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", PrivateKey: &broken})
	found := wantCode(t, err, api.CodeInvalid)
	if strings.Contains(found.Message+found.Hint, "c2VjcmV0") {
		t.Fatalf("%s", found.Message)
	}
	_, err = h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", TokenEndpointAuthMethod: "private_key_jwt"})
	h.must(err)
	_, err = h.Token(h.ctx, "robot", 0)
	if found := wantCode(t, err, api.CodeNeedsConfiguration); !strings.Contains(found.Hint, "--private-key-file") {
		t.Fatalf("hint %q", found.Hint)
	}
}

func TestAnInvalidClientAssertionParksTheClientLikeAWrongSecret(t *testing.T) {
	h := newHarness(t)
	_, text := newKey(t)
	_, err := h.PutClient(h.ctx, "app", api.ClientSpec{Provider: "fake", ClientID: "id", PrivateKey: &text, TokenEndpointAuthMethod: "private_key_jwt"})
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) { return 401, `{"error":"invalid_client"}` })
	_, err = h.Token(h.ctx, "robot", 0)
	wantCode(t, err, api.CodeNeedsConfiguration)
	if c := must(h.Client(h.ctx, "app")); c.Cause == nil {
		t.Fatal("the client is not parked")
	}
}
