package broker_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
)

// furtherHarness has "mail" authorized at a server that rotates, whose
// description knows an additional token.
func furtherHarness(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	provider, err := h.Provider(h.ctx, "fake")
	h.must(err)
	provider.Name, provider.TokenEndpointAuthMethod = "", "client_secret_basic"
	h.must(json.Unmarshal([]byte(`{"variables":{"site":{"default":"acme"}},"additional_tokens":{"files":{"params":{"scope":"https://{site}.example/.default"}}}}`), &provider))
	_, err = h.PutProvider(h.ctx, "fake", provider)
	h.must(err)
	h.authorize("mail")
	h.server.says(func(form url.Values, n int) (int, string) {
		return 200, fmt.Sprintf(`{"access_token":"at-%d-%s","refresh_token":"rt-%d","token_type":"Bearer","expires_in":1800}`, n, form.Get("scope")+form.Get("resource"), n)
	})
	return h
}

func (h *harness) further(resource string) string {
	h.t.Helper()
	token, err := h.TokenFor(h.ctx, "mail", resource, 0)
	h.must(err)
	return string(token.AccessToken)
}

func TestATokenForAnotherResourceComesOutOfTheSameGrant(t *testing.T) {
	h := furtherHarness(t)
	own := h.token("mail")
	for range 3 {
		if got := h.further("files"); got != "at-2-https://acme.example/.default" {
			t.Fatal(got)
		}
	}
	if got := h.token("mail"); got != own {
		t.Errorf("the connection's own token is another one: %s", got)
	}
	if c := h.state("mail"); c.Generation != 2 || c.State != api.StateActive || !c.ExpiresAt.Equal(h.clock.Now().Add(time.Hour)) {
		t.Errorf("generation %d, %s until %v", c.Generation, c.State, c.ExpiresAt)
	}
	if got := h.further("https://api.example/"); got != "at-3-https://api.example/" || h.server.last().Get("refresh_token") != "rt-2" {
		t.Errorf("RFC8707-2.2: %s with %s", got, h.server.last().Get("refresh_token"))
	}
	h.clock.advance(2 * time.Hour)
	h.token("mail")
	if sent := h.server.last(); sent.Get("refresh_token") != "rt-3" || sent.Has("scope") {
		t.Errorf("the rotated token is not the one that renews: %v", sent)
	}
}

func TestOneRefreshTokenIsUsedByOneRequestAtATime(t *testing.T) {
	h := furtherHarness(t)
	h.clock.advance(2 * time.Hour)
	h.config.Sleep = nil // looks that take no time would be seen as a lease that nobody holds any more
	h.Broker = h.open()
	var all sync.WaitGroup
	for _, resource := range []string{"files", "https://a.example/", "", "https://b.example/", ""} {
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := h.TokenFor(h.ctx, "mail", resource, 0); err != nil {
				t.Errorf("%q: %v", resource, err)
			}
		}()
	}
	all.Wait()
	seen := map[string]bool{}
	for _, form := range h.server.requests {
		if spent := form.Get("refresh_token"); spent != "" {
			if seen[spent] {
				t.Errorf("%s was sent twice", spent)
			}
			seen[spent] = true
		}
	}
}

func TestARefusedResourceLeavesTheConnectionAsItIs(t *testing.T) {
	h := furtherHarness(t)
	h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"invalid_target"}` })
	if _, err := h.TokenFor(h.ctx, "mail", "https://elsewhere.example/", 0); code(err) != api.CodeNeedsConfiguration {
		t.Fatalf("RFC8693-2.2.2: %v", err)
	}
	if c := h.state("mail"); c.State != api.StateActive || c.Generation != 1 {
		t.Errorf("%s at %d", c.State, c.Generation)
	}
	asked := len(h.server.requests)
	for _, wrong := range []string{"nothing", "/files", "https://x.example/#y"} {
		if _, err := h.TokenFor(h.ctx, "mail", wrong, 0); code(err) != api.CodeInvalid {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if len(h.server.requests) != asked {
		t.Error("the provider was asked")
	}
}

func TestAClientsOwnGrantHasTokensForOtherResourcesToo(t *testing.T) {
	h := furtherHarness(t)
	token, err := h.TokenFor(h.ctx, "robot", "https://api.example/", 0)
	if err != nil || !strings.HasSuffix(string(token.AccessToken), "https://api.example/") || h.server.last().Get("grant_type") != "client_credentials" {
		t.Fatalf("%v", err)
	}
}
