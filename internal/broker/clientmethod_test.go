package broker_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/oauth"
)

// picky is an authorization server that takes one secret in one way, and keeps
// every form it was sent.
type picky struct {
	*httptest.Server
	mu     sync.Mutex
	secret string
	inBody bool
	always string // when set, the answer to everything, before the client is looked at
	forms  []url.Values
}

func newPicky(t *testing.T) *picky {
	t.Helper()
	p := &picky{secret: "s3cret"}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// ServeHTTP implements [http.Handler].
func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	p.forms = append(p.forms, r.PostForm)
	_, secret, basic := r.BasicAuth()
	if p.inBody {
		secret, basic = r.PostForm.Get("client_secret"), !basic
	}
	answer := func(status int, body string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	switch {
	case p.always != "":
		answer(400, p.always)
	case !basic || secret != p.secret:
		answer(401, `{"error":"invalid_client"}`)
	case strings.HasPrefix(r.PostForm.Get("code")+r.PostForm.Get("refresh_token"), "valetkey-probe"):
		answer(400, `{"error":"invalid_grant"}`)
	default:
		answer(200, `{"access_token":"at","refresh_token":"rt","token_type":"Bearer","expires_in":3600}`)
	}
}

// sent counts the requests with a value of a parameter.
func (p *picky) sent(name, value string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, form := range p.forms {
		if form.Get(name) == value {
			n++
		}
	}
	return n
}

// at points the connections of the harness at another authorization server,
// whose description names no method.
func (h *harness) at(base string, spec api.ClientSpec) {
	h.t.Helper()
	var p api.Provider
	p.AuthorizationEndpoint, p.TokenEndpoint = base+"/authorize", base+"/token"
	p.API = &api.CallSettings{BaseURL: "https://api.example.com/v1"}
	_, err := h.PutProvider(h.ctx, "fake", p)
	h.must(err)
	spec.Provider, spec.ClientID = "fake", "id"
	_, err = h.PutClient(h.ctx, "app", spec)
	h.must(err)
}

func TestRFC6749_2_3_TheMethodIsFoundBeforeACodeIsSentAndEachMethodAlone(t *testing.T) {
	for name, inBody := range map[string]bool{"client_secret_basic": false, "client_secret_post": true} {
		t.Run(name, func(t *testing.T) {
			h, server := newHarness(t), newPicky(t)
			server.inBody = inBody
			h.at(server.URL, api.ClientSpec{})
			h.authorize("mail")
			if n := server.sent("code", "the-code"); n != 1 {
				t.Fatalf("the code was sent %d times", n)
			}
			found := must(h.Client(h.ctx, "app")).FoundAuthMethod
			if found == nil || found.Method != name || !found.FoundAt.Equal(h.clock.Now()) {
				t.Fatalf("found %+v", found)
			}
			before := len(server.forms)
			h.clock.advance(2 * time.Hour)
			h.token("mail")
			if n := server.sent("refresh_token", "rt"); n != 1 || len(server.forms) != before+1 {
				t.Fatalf("the refresh token was sent %d times, in %d requests", n, len(server.forms)-before)
			}
		})
	}
}

func TestAWrongSecretIsToldBeforeTheCodeIsSpent(t *testing.T) {
	h, server := newHarness(t), newPicky(t)
	wrong := api.Secret("wrong")
	h.at(server.URL, api.ClientSpec{ClientSecret: &wrong})
	_, sent := h.begin("mail")
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
	wantCode(t, err, api.CodeNeedsConfiguration)
	if n := server.sent("code", "the-code"); n != 0 {
		t.Fatalf("the code was sent %d times", n)
	}
	if c := must(h.Client(h.ctx, "app")); c.Cause == nil || c.Cause.Code != "invalid_client" || c.FoundAuthMethod != nil {
		t.Fatalf("%+v", c)
	}
}

func TestAServerThatTellsNothingGetsTheRFCsMethodAndTheCodeOnce(t *testing.T) {
	h, server := newHarness(t), newPicky(t)
	server.always = `{"error":"invalid_request"}`
	h.at(server.URL, api.ClientSpec{})
	_, sent := h.begin("mail")
	_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
	if err == nil || server.sent("code", "the-code") != 1 || server.sent("client_secret", "s3cret") != 1 {
		t.Fatalf("%v, requests %v", err, server.forms)
	}
}

func TestClientCredentialsTryTheOtherMethodAndRememberIt(t *testing.T) {
	h, server := newHarness(t), newPicky(t)
	server.inBody = true
	h.at(server.URL, api.ClientSpec{})
	h.wantToken("robot", "at")
	if len(server.forms) != 2 {
		t.Fatalf("%d requests", len(server.forms))
	}
	h.clock.advance(2 * time.Hour)
	h.wantToken("robot", "at")
	if len(server.forms) != 3 {
		t.Fatalf("%d requests", len(server.forms))
	}
}

func TestTheNextSecretIsTriedAfterInvalidClientAndRemembered(t *testing.T) {
	h, server := newHarness(t), newPicky(t)
	next := []api.Secret{"next"}
	h.at(server.URL, api.ClientSpec{ClientSecrets: &next, TokenEndpointAuthMethod: "client_secret_basic"})
	h.authorize("mail")
	if used := must(h.Client(h.ctx, "app")).ClientSecretInUse; used == nil || used.Position != 1 {
		t.Fatalf("%+v", used)
	}
	server.mu.Lock()
	server.secret = "next" // the provider ended the first
	server.mu.Unlock()
	for _, refreshes := range []int{2, 3} {
		h.clock.advance(2 * time.Hour)
		h.wantToken("mail", "at")
		if n := server.sent("refresh_token", "rt"); n != refreshes {
			t.Fatalf("%d requests to renew, want %d", n, refreshes)
		}
	}
	c := must(h.Client(h.ctx, "app"))
	if used := c.ClientSecretInUse; used == nil || used.Position != 2 || c.Cause != nil || len(c.ClientSecrets) != 1 {
		t.Fatalf("%+v", c)
	}
	// An unchanged write keeps what was learned; a changed one forgets it.
	h.at(server.URL, api.ClientSpec{TokenEndpointAuthMethod: "client_secret_basic"})
	if must(h.Client(h.ctx, "app")).ClientSecretInUse == nil {
		t.Fatal("forgotten though nothing changed")
	}
	fresh, none := api.Secret("next"), []api.Secret{}
	h.at(server.URL, api.ClientSpec{ClientSecret: &fresh, ClientSecrets: &none, TokenEndpointAuthMethod: "client_secret_basic"})
	if c := must(h.Client(h.ctx, "app")); c.ClientSecretInUse != nil || len(c.ClientSecrets) != 0 {
		t.Fatalf("%+v", c)
	}
	h.clock.advance(2 * time.Hour)
	h.wantToken("mail", "at")
}

func TestNothingIsSentAgainAfterAnAnswerThatMayHaveUsedItUp(t *testing.T) {
	for _, status := range []int{400, 401, 500, 503} {
		h := newHarness(t)
		next := []api.Secret{"next"}
		var tokens int
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tokens++
			w.WriteHeader(status)
			_, _ = w.Write([]byte("a gateway speaks"))
		}))
		t.Cleanup(server.Close)
		h.at(server.URL, api.ClientSpec{ClientSecrets: &next, TokenEndpointAuthMethod: "client_secret_basic"})
		_, sent := h.begin("mail")
		_, err := h.Complete(h.ctx, url.Values{"state": sent["state"], "code": {"the-code"}}, h.cookie)
		if err == nil || tokens != 1 {
			t.Errorf("status %d: %v after %d requests", status, err, tokens)
		}
	}
}

func TestASecretVariableOfTheClientIsSealedMaskedAndUsed(t *testing.T) {
	h := newHarness(t)
	var p api.Provider
	p.TokenEndpoint = h.server.URL + "/token"
	p.TokenEndpointAuthMethod = "client_secret_post"
	p.Variables = map[string]api.Variable{
		"developer_token": {Secret: true, VariableSource: api.VariableSource{From: api.FromClient}},
		"region":          {},
	}
	p.TokenRequest = &oauth.RequestRules{Params: map[string]string{"developer_token": "{developer_token}/{region}"}}
	_, err := h.PutProvider(h.ctx, "ads", p)
	h.must(err)
	write := func(value string) {
		t.Helper()
		text := api.Secret("s3cret")
		_, err := h.PutClient(h.ctx, "ads", api.ClientSpec{Provider: "ads", ClientID: "id", ClientSecret: &text, Variables: map[string]string{"developer_token": value, "region": "eu"}})
		h.must(err)
	}
	write("hush-hush")
	_, err = h.PutConnection(h.ctx, "ads", api.ConnectionSpec{Client: "ads", Grant: "client_credentials"})
	h.must(err)
	for range 2 {
		h.token("ads")
		if got := h.server.last().Get("developer_token"); got != "hush-hush/eu" {
			t.Fatalf("sent %q", got)
		}
		if shown := must(h.Client(h.ctx, "ads")).Variables; shown["developer_token"] != api.Mask || shown["region"] != "eu" {
			t.Fatalf("shown %v", shown)
		}
		if kept := must(h.store.Client(h.ctx, "ads")).Variables; len(kept) != 1 {
			t.Fatalf("kept in clear: %v", kept)
		}
		write(api.Mask) // what reads back may be written back
		h.clock.advance(2 * time.Hour)
	}
	_, err = h.PutClient(h.ctx, "fresh", api.ClientSpec{Provider: "ads", ClientID: "id", Variables: map[string]string{"developer_token": api.Mask}})
	if found := wantCode(t, err, api.CodeInvalid); !strings.Contains(found.Message, "developer_token") {
		t.Fatal(found.Message)
	}
}
