package web

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/web/session"
)

// issuer is an OpenID provider whose answers a test may spoil.
type issuer struct {
	*httptest.Server
	g      *rig
	key    *ecdsa.PrivateKey // what it publishes
	signer *ecdsa.PrivateKey // what it signs with
	claims map[string]any    // over those of a good token
	nonce  string
	asked  url.Values // the last token request
}

func newIssuer(t *testing.T, g *rig) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.must(err)
	i := &issuer{g: g, key: key, signer: key, claims: map[string]any{}}
	mux := http.NewServeMux()
	write := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		write(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"response_types_supported": []string{"code"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		write(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: "k", Use: "sig", Algorithm: "ES256"}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		i.asked = r.PostForm
		write(w, map[string]any{"access_token": "CANARY-openid", "token_type": "Bearer", "expires_in": 60, "id_token": i.token(t)})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) token(t *testing.T) string {
	claims := map[string]any{
		"iss": i.URL, "sub": "sub-1", "aud": "valetkey", "iat": i.g.now.Unix(), "exp": i.g.now.Unix() + 60,
		"nonce": i.nonce, "email": "maria@contoso.example", "email_verified": true,
	}
	for name, value := range i.claims {
		claims[name] = value
	}
	text, err := json.Marshal(claims)
	i.g.must(err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.signer, KeyID: "k"}}, nil)
	i.g.must(err)
	signed, err := signer.Sign(text)
	i.g.must(err)
	compact, err := signed.CompactSerialize()
	i.g.must(err)
	return compact
}

// begin goes to the provider and gives the callback that it would send.
func (i *issuer) begin(b browser, next string) url.Values {
	i.g.t.Helper()
	w := i.g.get(b, "/sign-in/openid?next="+url.QueryEscape(next))
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || w.Code != 303 || !strings.HasPrefix(to.String(), i.URL+"/authorize?") {
		i.g.t.Fatalf("%d to %s", w.Code, to)
	}
	q := to.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != public+"/sign-in/openid/callback" || q.Get("client_id") != "valetkey" {
		i.g.t.Errorf("%v", q)
	}
	i.nonce = q.Get("nonce")
	return url.Values{"code": {"one"}, "state": {q.Get("state")}}
}

func newOpenIDRig(t *testing.T, allowed ...string) (*rig, *issuer) {
	t.Helper()
	g := newRig(t, public)
	i := newIssuer(t, g)
	config := g.config(public)
	config.OpenID = &session.OpenID{Issuer: i.URL, ClientID: "valetkey", Secret: secret.NewText("CANARY-oidc"), Allowed: allowed, HTTP: http.DefaultClient, Now: config.Now}
	g.pages = New(config)
	return g, i
}

func TestAnOpenIDProviderLetsInWhoIsListed(t *testing.T) {
	for _, allowed := range []string{"sub-1", "Maria@contoso.example", "@contoso.example"} {
		g, i := newOpenIDRig(t, "somebody-else", allowed)
		b := browser{}
		shows(t, g.get(b, "/sign-in"), 200, "Sign in with 127.0.0.1")
		callback := i.begin(b, "/keys")
		redirects(t, g.get(b, "/sign-in/openid/callback?"+callback.Encode()), "/keys")
		w := g.get(b, "/account")
		shows(t, w, 200, "openid:maria@contoso.example", "Sign out everywhere")
		if strings.Contains(w.Body.String(), "Change your password") {
			t.Error("a password can be changed that there is none of")
		}
		if i.asked.Get("code_verifier") == "" || i.asked.Get("code") != "one" {
			t.Errorf("%v", i.asked)
		}
	}
}

func TestAnOpenIDProviderLetsInNobodyElse(t *testing.T) {
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*issuer, url.Values){
		"another account":       func(i *issuer, _ url.Values) { i.claims["sub"], i.claims["email"] = "sub-2", "eve@evil.example" },
		"an unverified address": func(i *issuer, _ url.Values) { i.claims["email_verified"] = false },
		"a look-alike domain":   func(i *issuer, _ url.Values) { i.claims["email"] = "eve@evil-contoso.example" },
		"another key":           func(i *issuer, _ url.Values) { i.signer = stranger },
		"another nonce":         func(i *issuer, _ url.Values) { i.nonce = "other" },
		"another audience":      func(i *issuer, _ url.Values) { i.claims["aud"] = "other" },
		"another issuer":        func(i *issuer, _ url.Values) { i.claims["iss"] = "https://evil.example" },
		"an old token":          func(i *issuer, _ url.Values) { i.claims["exp"] = i.g.now.Unix() - 3600 },
		"another state":         func(_ *issuer, v url.Values) { v.Set("state", "other") },
		"an error":              func(_ *issuer, v url.Values) { v.Del("code"); v.Set("error", "access_denied") },
	} {
		t.Run(name, func(t *testing.T) {
			g, i := newOpenIDRig(t, "@contoso.example")
			b := browser{}
			callback := i.begin(b, "")
			spoil(i, callback)
			w := g.get(b, "/sign-in/openid/callback?"+callback.Encode())
			shows(t, w, 403, `role="alert"`)
			if b["__Host-valetkey_session"] != nil || strings.Contains(w.Body.String()+g.log.String(), "CANARY") {
				t.Errorf("%v\n%s", b, w.Body)
			}
		})
	}
}

func TestAnOpenIDAnswerCountsOnceInTheBrowserThatBegan(t *testing.T) {
	g, i := newOpenIDRig(t, "sub-1")
	b := browser{}
	callback := "/sign-in/openid/callback?" + i.begin(b, "").Encode()
	shows(t, g.get(browser{}, callback), 403, "another browser")
	redirects(t, g.get(b, callback), "/overview")
	shows(t, g.get(b, callback), 403, "another browser")
}

func TestAnOpenIDProviderThatIsAwayIsNamed(t *testing.T) {
	g, i := newOpenIDRig(t, "sub-1")
	i.Close()
	shows(t, g.get(browser{}, "/sign-in/openid"), 502, "cannot be reached")
	if strings.Contains(fmt.Sprint(g.log.String()), "CANARY") {
		t.Error(g.log.String())
	}
}
