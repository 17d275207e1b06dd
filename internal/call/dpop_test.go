package call

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// boundCredentials gives tokens that are bound to a key.
type boundCredentials struct{ fakeCredentials }

func (f *boundCredentials) Credential(ctx context.Context, name string) (*broker.Credential, error) {
	c, err := f.fakeCredentials.Credential(ctx, name)
	c.TokenType = "DPoP"
	return c, err
}

func (f *boundCredentials) Renew(ctx context.Context, name string, generation int64) (*broker.Credential, error) {
	c, err := f.fakeCredentials.Renew(ctx, name, generation)
	c.TokenType = "DPoP"
	return c, err
}

// guard is an API that takes bound tokens only.
type guard struct {
	mu     sync.Mutex
	nonce  string // wanted in proofs; "" for none
	token  string // taken; "" for any
	seen   []map[string]any
	ids    map[any]bool
	failed []string
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	claims, problem := g.verify(r)
	if problem != "" {
		g.failed = append(g.failed, problem)
	}
	g.seen = append(g.seen, claims)
	if g.nonce != "" {
		w.Header().Set("DPoP-Nonce", g.nonce)
	}
	switch {
	case g.nonce != "" && claims["nonce"] != g.nonce:
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		w.WriteHeader(http.StatusUnauthorized)
	case g.token != "" && r.Header.Get("Authorization") != "DPoP "+g.token:
		w.Header().Set("WWW-Authenticate", `DPoP error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (g *guard) verify(r *http.Request) (claims map[string]any, problem string) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "DPoP ")
	if !ok || len(r.Header["Dpop"]) != 1 {
		return nil, fmt.Sprintf("authorization %q with %d proofs", r.Header.Get("Authorization"), len(r.Header["Dpop"]))
	}
	jws, err := jose.ParseSignedCompact(r.Header.Get("DPoP"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err.Error()
	}
	payload, err := jws.Verify(jws.Signatures[0].Protected.JSONWebKey)
	if err != nil {
		return nil, err.Error()
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err.Error()
	}
	sum := sha256.Sum256([]byte(token))
	htu := "http://" + r.Host + r.URL.EscapedPath()
	if claims["htm"] != r.Method || claims["htu"] != htu || claims["ath"] != base64.RawURLEncoding.EncodeToString(sum[:]) || g.ids[claims["jti"]] {
		return claims, fmt.Sprintf("%s %s was proved as %v", r.Method, htu, claims)
	}
	if g.ids == nil {
		g.ids = map[any]bool{}
	}
	g.ids[claims["jti"]] = true
	return claims, ""
}

// check fails for what the guard found wrong, and wants so many requests.
func (g *guard) check(t *testing.T, requests int) {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, problem := range g.failed {
		t.Error(problem)
	}
	if len(g.seen) != requests {
		t.Errorf("%d requests came, want %d", len(g.seen), requests)
	}
}

func newBoundRig(t *testing.T, g *guard) (*rig, *boundCredentials) {
	t.Helper()
	r := newRig(t, "", g.ServeHTTP)
	credentials := &boundCredentials{}
	credentials.generation = 1
	credentials.target = r.credentials.target.WithScheme(dpop.TokenType)
	key, err := dpop.Generate(rand.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Engine = New(credentials, &http.Transport{DisableCompression: true}, Options{
		Now: r.clock.Now, Open: openFake,
		ProofKey: func(*broker.Credential) (dpop.Key, error) { return key, nil },
	})
	return r, credentials
}

func TestRFC9449_7_1_ABoundTokenGoesUnderItsSchemeWithAProofOfTheRequest(t *testing.T) {
	g := &guard{}
	r, _ := newBoundRig(t, g)
	for _, request := range []Request{
		{Method: "GET", Path: "/a%20b/c?x=1"},
		{Method: "DELETE", Path: "/"},
		{Path: "/own", Header: http.Header{"Dpop": {"the caller's"}, "Authorization": {"Bearer the-caller"}}},
		withBody("text/plain", "hello"),
	} {
		if response, _ := r.do(t, request); response.StatusCode != 200 {
			t.Errorf("%s %s: %s", request.Method, request.Path, response.Status)
		}
	}
	g.check(t, 4)
}

func TestRFC9449_9_AnAPIThatWantsItsNonceIsAskedOnceMoreWithAFreshProof(t *testing.T) {
	g := &guard{nonce: "n-1"}
	r, credentials := newBoundRig(t, g)
	response, _ := r.do(t, withBody("text/plain", "hello"))
	if response.StatusCode != 200 || response.Header.Get(HeaderAttempts) != "2" {
		t.Errorf("%s after %s attempts", response.Status, response.Header.Get(HeaderAttempts))
	}
	g.check(t, 2)
	if credentials.renewals != 0 {
		t.Error("the token was renewed for want of a nonce")
	}
	r.do(t, Request{Path: "/next"})
	g.check(t, 3) // the nonce is known by now
}

func TestRFC9449_8_2_ANewNonceOfASuccessIsAdopted(t *testing.T) {
	g := &guard{nonce: "n-1"}
	r, _ := newBoundRig(t, g)
	r.do(t, Request{Path: "/a"})
	g.mu.Lock()
	g.nonce = "n-2"
	g.mu.Unlock()
	r.do(t, Request{Path: "/b"}) // refused with n-1, then n-2
	r.do(t, Request{Path: "/c"})
	g.check(t, 5)
}

func TestAnAPIThatNeverTakesItsNonceIsAskedTwiceAtMost(t *testing.T) {
	asked := 0
	g := &guard{}
	r, credentials := newBoundRig(t, g)
	r.api.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("DPoP-Nonce", fmt.Sprintf("n-%d", asked))
		w.Header().Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	response, _ := r.do(t, Request{Path: "/x"})
	if response.StatusCode != 401 || asked != 2 || credentials.renewals != 0 {
		t.Errorf("%s after %d requests and %d renewals", response.Status, asked, credentials.renewals)
	}
}

func TestABodyThatIsGoneLeavesTheNonceToTheCaller(t *testing.T) {
	g := &guard{nonce: "n-1"}
	r, _ := newBoundRig(t, g)
	large := strings.Repeat("x", 2<<20)
	request := Request{Method: "POST", Path: "/x", Body: strings.NewReader(large), ContentLength: -1}
	response, _ := r.do(t, request)
	if response.StatusCode != 401 || response.Header.Get(HeaderRetryable) != "true" {
		t.Errorf("%s, retryable %q", response.Status, response.Header.Get(HeaderRetryable))
	}
	g.check(t, 1)
	request.Body = strings.NewReader(large)
	if response, _ := r.do(t, request); response.StatusCode != 200 {
		t.Errorf("sent again: %s", response.Status)
	}
}

func TestRFC9449_7_3_ARefusedTokenIsRenewedAndProvedAnew(t *testing.T) {
	g := &guard{nonce: "n-1", token: "token-2"}
	r, credentials := newBoundRig(t, g)
	response, _ := r.do(t, withBody("text/plain", "hello"))
	if response.StatusCode != 200 || credentials.renewals != 1 {
		t.Errorf("%s after %d renewals", response.Status, credentials.renewals)
	}
	g.check(t, 3) // no nonce, the old token, the new one
}

func TestABoundTokenWithoutItsKeyIsNotSent(t *testing.T) {
	g := &guard{}
	r, credentials := newBoundRig(t, g)
	r.Engine = New(credentials, &http.Transport{}, Options{Open: openFake})
	if _, err := r.Do(t.Context(), "mail", Request{Path: "/x"}); err == nil || !strings.Contains(err.Error(), "bound to a key") {
		t.Errorf("the error is %v", err)
	}
	g.check(t, 0)
}

func TestWithSchemeLeavesTheSharedTargetAlone(t *testing.T) {
	shared := &target.Target{Token: []target.Placement{{In: "query", Name: "access_token"}}}
	bound := shared.WithScheme("DPoP")
	if shared.Token[0].In != "query" || len(bound.Token) != 1 || bound.Token[0] != (target.Placement{In: "header", Name: "Authorization", Scheme: "DPoP"}) {
		t.Errorf("shared %v, bound %v", shared.Token, bound.Token)
	}
}
