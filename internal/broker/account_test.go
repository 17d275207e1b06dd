package broker_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/valetkey/valetkey/api"
)

// signsIn makes the discovered provider answer with an ID token for somebody.
func (h *harness) signsIn(issuer, subject, email string) {
	h.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))}, nil)
	h.must(err)
	h.server.says(func(_ url.Values, n int) (int, string) {
		token, err := jwt.Signed(signer).Claims(map[string]any{
			"iss": issuer, "sub": subject, "aud": "id", "email": email, "email_verified": true,
			"iat": h.clock.Now().Unix(), "exp": h.clock.Now().Add(time.Hour).Unix(),
		}).Serialize()
		if err != nil {
			return 500, err.Error()
		}
		answer, _ := json.Marshal(map[string]any{"access_token": fmt.Sprintf("at-%d", n), "refresh_token": fmt.Sprintf("rt-%d", n), "token_type": "Bearer", "expires_in": 3600, "id_token": token})
		return 200, string(answer)
	})
}

func (h *harness) finish(connection, issuer string) error {
	h.t.Helper()
	_, sent := h.begin(connection)
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"c"}, "iss": {issuer}}, h.cookie)
	return err
}

func TestR12_AnotherAccountIsRefusedAndTheGrantStaysWhatItWas(t *testing.T) {
	h := newHarness(t)
	issuer := h.discovered()
	h.signsIn(issuer, "maria-1", "maria@example.com")
	h.must(h.finish("found", issuer))
	if c := h.wantState("found", api.StateActive); c.Account != "maria@example.com" {
		t.Fatalf("account %q", c.Account)
	}
	h.signsIn(issuer, "mallory-2", "mallory@example.com")
	found := wantCode(t, h.finish("found", issuer), api.CodeConflict)
	if !strings.Contains(found.Message, "maria@example.com") || !strings.Contains(found.Message, "mallory@example.com") {
		t.Fatalf("%q", found.Message)
	}
	h.wantToken("found", "at-1")

	h.signsIn(issuer, "maria-1", "maria.new@example.com") // the same person under a new address
	h.must(h.finish("found", issuer))
	h.wantToken("found", "at-3")

	_, err := h.Revoke(h.ctx, "found")
	h.must(err)
	h.signsIn(issuer, "mallory-2", "mallory@example.com")
	h.must(h.finish("found", issuer)) // a revoked connection is free
}

func TestAReauthorizationOffersTheConnectionsOwnAccount(t *testing.T) {
	h := newHarness(t)
	issuer := h.discovered()
	h.signsIn(issuer, "maria-1", "maria@example.com")
	h.must(h.finish("found", issuer))
	if _, sent := h.begin("found"); sent.Get("login_hint") != "maria@example.com" {
		t.Fatalf("login_hint %q", sent.Get("login_hint"))
	}
}

func TestOIDC_3_1_3_7_AnIDTokenForSomebodyElseEndsTheFlow(t *testing.T) {
	h := newHarness(t)
	issuer := h.discovered()
	h.signsIn("https://evil.example", "maria-1", "maria@example.com")
	wantCode(t, h.finish("found", issuer), api.CodeForbidden)
	h.wantState("found", api.StateNew)
}
