package web

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
	"github.com/valetkey/valetkey/internal/traffic"
	"github.com/valetkey/valetkey/internal/web/console"
)

const (
	public       = "https://valetkey.example"
	accessToken  = "CANARY-access-token"
	clientSecret = "CANARY-client-secret"
	code         = "CANARY-code"
)

// rig is the pages over a real broker with a store in memory and a token
// endpoint. Its browsers keep cookies as a jar for https does.
type rig struct {
	t         *testing.T
	broker    *broker.Broker
	operators *access.Operators
	pages     http.Handler
	now       time.Time
	log       strings.Builder
	refuse    bool       // the token endpoint refuses the code
	asked     url.Values // the last token request
}

// config is the pages over the rig's broker.
func (g *rig) config(publicURL string) Config {
	calls := traffic.Over(call.New(g.broker, http.DefaultTransport, call.Options{}), func() time.Time { return g.now })
	keys, err := access.New(g.t.Context(), access.Config{Store: memory.New()})
	g.must(err)
	g.operators = access.NewOperators(access.OperatorsConfig{Store: memory.NewOperators(), Now: func() time.Time { return g.now }})
	return Config{
		Flows:  g.broker,
		Domain: console.Domain{Connections: g.broker, Grants: g.broker, Catalogue: g.broker, Keys: keys, Calls: calls},
		Writer: g.broker, Network: discovery.New(http.DefaultClient, time.Now),
		Operators: g.operators, PublicURL: publicURL, Now: func() time.Time { return g.now },
		Log: slog.New(slog.NewTextHandler(&g.log, nil)),
	}
}

func newRig(t *testing.T, publicURL string, returnTo ...string) *rig {
	t.Helper()
	g := &rig{t: t, now: time.Now()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = r.ParseForm()
		g.asked = r.PostForm
		if g.refuse {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":"invalid_grant","error_description":"the <b>code</b> is old"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"refresh_token":"CANARY-refresh","token_type":"Bearer","expires_in":3600}`, accessToken)
	}))
	t.Cleanup(server.Close)
	keyring, err := secret.CreateKeyring(filepath.Join(t.TempDir(), "keyring.json"))
	g.must(err)
	providers, err := catalog.BuiltIn()
	g.must(err)
	g.broker, err = broker.New(t.Context(), broker.Config{
		Store: memory.New(), Keyring: keyring, HTTP: http.DefaultClient, Catalog: providers,
		PublicURL: publicURL, ReturnOrigins: returnTo, AllowGrants: []string{"password"},
		ClientAccess: broker.ClientAccess{Outside: clientauth.Outside{ReadFile: os.ReadFile}}, Now: func() time.Time { return g.now },
	})
	g.must(err)
	t.Cleanup(func() { _ = g.broker.Close(context.Background()) })
	var p api.Provider
	p.AuthorizationEndpoint, p.TokenEndpoint = server.URL+"/authorize", server.URL+"/token"
	p.TokenEndpointAuthMethod = "client_secret_basic"
	_, err = g.broker.PutProvider(t.Context(), "fake", p)
	g.must(err)
	hidden := api.Secret(clientSecret)
	_, err = g.broker.PutClient(t.Context(), "app", api.ClientSpec{Provider: "fake", ClientID: "id", ClientSecret: &hidden})
	g.must(err)
	_, err = g.broker.PutConnection(t.Context(), "mail", api.ConnectionSpec{Client: "app"})
	g.must(err)
	g.pages = New(g.config(publicURL))
	return g
}

func (g *rig) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *rig) begin(req api.AuthorizeRequest) api.Authorization {
	g.t.Helper()
	begun, err := g.broker.Begin(g.t.Context(), "mail", req)
	g.must(err)
	return begun
}

// browser keeps the cookies that it is given.
type browser map[string]*http.Cookie

func (g *rig) send(b browser, method, target, body string) *httptest.ResponseRecorder {
	g.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "evil.example"
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, cookie := range b {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if b != nil {
			b[cookie.Name] = cookie
		}
	}
	return w
}

func (g *rig) get(b browser, target string) *httptest.ResponseRecorder {
	g.t.Helper()
	return g.send(b, "GET", target, "")
}

// leaves opens the authorization URL in b, goes on when asked and returns where
// that leads at the provider.
func (g *rig) leaves(b browser, flow string) *url.URL {
	g.t.Helper()
	w := g.get(b, "/oauth/start/"+flow)
	if w.Code == http.StatusOK {
		shows(g.t, g.send(b, "POST", "/oauth/start/"+flow, ""), 200, "/oauth/start/"+flow)
		w = g.get(b, "/oauth/start/"+flow)
	}
	location, err := url.Parse(w.Header().Get("Location"))
	if w.Code != http.StatusSeeOther || err != nil || location.Path != "/authorize" {
		g.t.Fatalf("start: %d to %s", w.Code, location)
	}
	return location
}

// start leaves for the provider and returns the address of the callback that a
// consent leads to.
func (g *rig) start(b browser, flow string) (callback string) {
	g.t.Helper()
	return "/oauth/callback?" + url.Values{"state": {g.leaves(b, flow).Query().Get("state")}, "code": {code}}.Encode()
}

// page checks that an answer is a page with the status and texts.
func shows(t *testing.T, w *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if w.Code != status || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("%d %s, want a page with %d:\n%s", w.Code, w.Header().Get("Content-Type"), status, w.Body)
	}
	for _, text := range texts {
		if !strings.Contains(w.Body.String(), text) {
			t.Errorf("the page lacks %q:\n%s", text, w.Body)
		}
	}
}

func redirects(t *testing.T, w *httptest.ResponseRecorder, to string) {
	t.Helper()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != to || w.Body.Len() != 0 {
		t.Fatalf("%d to %q with %d bytes, want 303 to %q without a body", w.Code, w.Header().Get("Location"), w.Body.Len(), to)
	}
}

func TestRFC6749_3_1_2_5_a_AnAuthorizationLeadsToTheProviderAndBackToACleanPage(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback := g.start(b, flow)
	shows(t, g.get(b, "/oauth/done/"+flow), 200, "mail is not authorized yet", "/oauth/start/"+flow)
	redirects(t, g.get(b, callback), "/oauth/done/"+flow)
	shows(t, g.get(b, "/oauth/done/"+flow), 200, "mail is connected", "You can close this window", "valetkey call mail")
	if c, err := g.broker.Connection(t.Context(), "mail"); err != nil || c.State != api.StateActive {
		t.Errorf("connection %+v, %v", c, err)
	}
}

func TestRFC6750_5_3_b_TheCookieThatBindsAFlowIsNarrow(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	g.start(b, flow)
	cookie := b["valetkey_flow_"+flow[:8]]
	if cookie == nil || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/oauth/" || cookie.Domain != "" {
		t.Fatalf("cookie %+v", cookie)
	}
	if cookie.MaxAge < 540 || cookie.MaxAge > 600 {
		t.Errorf("it lives %d seconds, the flow ten minutes", cookie.MaxAge)
	}
	plain := newRig(t, "http://127.0.0.1:8539")
	b, flow = browser{}, plain.begin(api.AuthorizeRequest{}).Flow
	plain.start(b, flow)
	if b["valetkey_flow_"+flow[:8]].Secure {
		t.Error("a Secure cookie would not come back over http")
	}
}

func TestTwoFlowsInOneBrowserDoNotDisturbEachOther(t *testing.T) {
	g := newRig(t, public)
	one, two := g.begin(api.AuthorizeRequest{}).Flow, g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	first, second := g.start(b, one), g.start(b, two)
	redirects(t, g.get(b, first), "/oauth/done/"+one)
	redirects(t, g.get(b, second), "/oauth/done/"+two)
}

func TestA01_ACallbackThatComesAgainEndsOnTheSamePage(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback := g.start(b, flow)
	for range 2 {
		redirects(t, g.get(b, callback), "/oauth/done/"+flow)
	}
	shows(t, g.get(browser{}, callback), 403, "begun in another browser")
	if c, _ := g.broker.Connection(t.Context(), "mail"); c.Generation != 1 {
		t.Errorf("the code was redeemed again: generation %d", c.Generation)
	}
}

func TestAFlowOfAnotherBrowserIsRefusedAndStaysOpen(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback := g.start(b, flow)
	shows(t, g.get(browser{}, callback), 403, "Nothing was changed", "another browser", "finish there")
	redirects(t, g.get(b, callback), "/oauth/done/"+flow)
}

func TestAPostedAnswerComesRoundAsAGet(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	_, params, _ := strings.Cut(g.start(b, flow), "?")
	// A cross-site POST brings no cookies.
	w := g.send(nil, "POST", "/oauth/callback?state=forged", params)
	location := w.Header().Get("Location")
	if w.Code != 303 || !strings.HasPrefix(location, "/oauth/callback?") || strings.Contains(location, "forged") {
		t.Fatalf("%d to %q", w.Code, location)
	}
	redirects(t, g.get(b, location), "/oauth/done/"+flow)
	shows(t, g.send(nil, "POST", "/oauth/callback", "x="+strings.Repeat("a", maxForm)), 400, "not well-formed")
}

func TestAFlowReturnsWhereItWasToldTo(t *testing.T) {
	g := newRig(t, public, "https://app.example")
	flow := g.begin(api.AuthorizeRequest{ReturnTo: "https://app.example/back?x=1"}).Flow
	b := browser{}
	redirects(t, g.get(b, g.start(b, flow)), "https://app.example/back?x=1")
}

// ended opens a callback that fails and follows it to the flow's own page: no
// state and no code stay in the address.
func (g *rig) ended(b browser, callback, flow string) *httptest.ResponseRecorder {
	g.t.Helper()
	redirects(g.t, g.get(b, callback), "/oauth/done/"+flow)
	return g.get(b, "/oauth/done/"+flow)
}

func TestAPersonWhoDeclinesIsToldWhatTheProviderSaid(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback, err := url.Parse(g.start(b, flow))
	g.must(err)
	params := url.Values{"state": {callback.Query().Get("state")}, "error": {"access_denied"}, "error_description": {"<script>alert(1)</script>"}}
	w := g.ended(b, "/oauth/callback?"+params.Encode(), flow)
	shows(t, w, 409, "mail", "What to do")
	if strings.Contains(w.Body.String(), "<script>") {
		t.Error("the provider's words were not escaped")
	}
	again := g.ended(b, "/oauth/callback?"+params.Encode(), flow)
	shows(t, again, 409, "The authorization of mail failed", "valetkey connect mail")
	shows(t, g.get(b, "/oauth/done/"+flow), 409, "The authorization of mail failed")
	shows(t, g.get(b, "/oauth/start/"+flow), 409, "The authorization of mail failed")
}

func TestACodeThatIsRefusedIsExplained(t *testing.T) {
	g := newRig(t, public)
	g.refuse = true
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	w := g.ended(b, g.start(b, flow), flow)
	shows(t, w, 409, "Not connected", "did not accept the authorization code")
	if strings.Contains(w.Body.String(), "<b>") {
		t.Error("the provider's words were not escaped")
	}
}

func TestAFlowThatNobodyFinishedIsGone(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback := g.start(b, flow)
	g.now = g.now.Add(11 * time.Minute)
	shows(t, g.ended(b, callback, flow), http.StatusGone, "The authorization of mail expired", "valetkey connect mail")
	for _, target := range []string{"/oauth/start/" + flow, "/oauth/done/" + flow} {
		shows(t, g.get(b, target), http.StatusGone, "The authorization of mail expired", "valetkey connect mail")
	}
}

func TestAnAnswerThatBelongsToNothingIsRefusedWithAdvice(t *testing.T) {
	g := newRig(t, public)
	for _, target := range []string{
		"/oauth/callback?code=x",
		"/oauth/callback?state=forged&code=x",
		"/oauth/callback?state=a&state=b&code=x",
		"/oauth/callback?state=%zz",
		"/oauth/callback?a;b",
		"/oauth/start/unknown",
		"/oauth/start/x",
		"/oauth/done/unknown",
		"/oauth/done/%3Cscript%3E",
	} {
		w := g.get(browser{}, target)
		shows(t, w, 400, "What to do", "valetkey connect NAME")
		if strings.Contains(w.Body.String(), "forged") || strings.Contains(html.UnescapeString(w.Body.String()), "<script>") {
			t.Errorf("%s: the page repeats what was asked", target)
		}
	}
	shows(t, g.get(nil, "/nothing"), 404, "There is no page here")
	shows(t, g.get(nil, "/static/app.000000000000.css"), 404, "There is no page here")
}

func TestEveryPageNeedsNoScriptAndCannotBeFramedOrKept(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	for _, target := range []string{"/", "/oauth/start/" + flow, "/oauth/done/" + flow, "/oauth/callback?state=x", "/nothing"} {
		w := g.get(browser{}, target)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "no-store",
			"X-Content-Type-Options":  "nosniff",
		} {
			if !strings.HasPrefix(w.Header().Get(name), want) {
				t.Errorf("%s: %s is %q", target, name, w.Header().Get(name))
			}
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", target, csp)
		}
		body := w.Body.String()
		if regexp.MustCompile(`<script[^>]*>[^<]|<script src="[^/"]|\son\w+=`).MatchString(body) || strings.Contains(body, " style=") || strings.Contains(body, "evil.example") {
			t.Errorf("%s: an inline script, a style or the Host header is on the page:\n%s", target, body)
		}
		if regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).MatchString(body) {
			t.Errorf("%s: something is loaded from elsewhere", target)
		}
	}
}

func TestTheStyleSheetMayBeKeptForEver(t *testing.T) {
	g := newRig(t, public)
	match := regexp.MustCompile(`href="(/static/app\.[0-9a-f]{12}\.css)"`).FindStringSubmatch(g.get(nil, "/").Body.String())
	if match == nil {
		t.Fatal("the page names no style sheet")
	}
	w := g.get(nil, match[1])
	if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestBrowsersFindTheIconThatTheyAskForByThemselves(t *testing.T) {
	w := newRig(t, public).get(nil, "/favicon.ico")
	if w.Code != 200 || w.Header().Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(w.Body.String(), "<svg ") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestUnderAPathEveryAddressBeginsWithIt(t *testing.T) {
	g := newRig(t, public+"/keys/")
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback := g.start(b, flow)
	if path := b["valetkey_flow_"+flow[:8]].Path; path != "/keys/oauth/" {
		t.Errorf("the cookie's path is %q", path)
	}
	redirects(t, g.get(b, callback), "/keys/oauth/done/"+flow)
	for _, target := range []string{"/", "/oauth/done/" + flow} {
		for _, match := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(g.get(b, target).Body.String(), -1) {
			if !strings.HasPrefix(match[1], "/keys/") {
				t.Errorf("%s links to %s", target, match[1])
			}
		}
	}
}

// broken is a broker whose store is gone.
type broken struct{ Flows }

func (broken) Start(context.Context, string) (authorize.Start, error) {
	return authorize.Start{}, errors.New("sql: CANARY-detail")
}

func TestADefectShowsItsRequestAndNothingElse(t *testing.T) {
	var log strings.Builder
	pages := New(Config{
		Flows: broken{}, PublicURL: public, Log: slog.New(slog.NewTextHandler(&log, nil)),
		Operators: access.NewOperators(access.OperatorsConfig{Store: memory.NewOperators()}),
	})
	w := httptest.NewRecorder()
	w.Header().Set("Valetkey-Request-Id", "REQ7")
	pages.ServeHTTP(w, httptest.NewRequest("GET", "/oauth/start/abcdefgh", nil))
	shows(t, w, 500, "REQ7", "An error of this server")
	if strings.Contains(w.Body.String(), "CANARY") || !strings.Contains(log.String(), "CANARY-detail") || !strings.Contains(log.String(), "REQ7") {
		t.Errorf("page:\n%s\nlog:\n%s", w.Body, log.String())
	}
}

func TestNoSecretIsOnAnyPageOrInTheLog(t *testing.T) {
	g := newRig(t, public)
	flow := g.begin(api.AuthorizeRequest{}).Flow
	b := browser{}
	callback := g.start(b, flow)
	state := regexp.MustCompile(`state=([^&]+)`).FindStringSubmatch(callback)[1]
	var shown strings.Builder
	for _, target := range []string{callback + "&iss=x", callback, "/oauth/done/" + flow, "/oauth/start/" + flow} {
		for _, visitor := range []browser{{}, b} {
			shown.WriteString(g.get(visitor, target).Body.String())
		}
	}
	for _, secret := range []string{accessToken, clientSecret, code, state, "CANARY-refresh", b["valetkey_flow_"+flow[:8]].Value} {
		if strings.Contains(shown.String()+g.log.String(), secret) {
			t.Errorf("%s is on a page or in the log", secret)
		}
	}
}
