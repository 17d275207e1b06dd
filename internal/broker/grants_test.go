package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/tokendir"
)

const saml = `<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1"/>`

// grantHarness allows everything, and has a connection "it" with a grant.
func grantHarness(t *testing.T, grant string, settings api.GrantSettings, changes ...func(*broker.Config)) *harness {
	t.Helper()
	h := newHarness(t)
	for _, change := range changes {
		change(&h.config)
	}
	h.Broker = h.open()
	_, err := h.PutConnection(h.ctx, "it", api.ConnectionSpec{Client: "app", Grant: grant, Scopes: []string{"mail.read"}, GrantSettings: settings})
	h.must(err)
	return h
}

func allowing(grants ...string) func(*broker.Config) {
	return func(c *broker.Config) { c.AllowGrants = grants }
}

// reading is a machine whose files are these.
func reading(files map[string]string) func(*broker.Config) {
	return func(c *broker.Config) {
		c.Outside.ReadFile = func(path string) ([]byte, error) {
			text, ok := files[path]
			if !ok {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}
		c.Outside.Run = func(_ context.Context, argv []string) ([]byte, error) {
			return []byte(strings.Join(argv, "+") + "\n"), nil
		}
	}
}

func plain(form url.Values, n int) (int, string) {
	return 200, fmt.Sprintf(`{"access_token":"at-%d","token_type":"Bearer","expires_in":3600}`, n)
}

func (h *harness) tokenFor(ctx context.Context, connection string) string {
	h.t.Helper()
	token, err := h.Token(ctx, connection, 0)
	h.must(err)
	return string(token.AccessToken)
}

func TestRFC7522_2_1_AnAssertionThatWasBroughtIsSentOnceAndNotKept(t *testing.T) {
	h := grantHarness(t, "saml2_bearer", api.GrantSettings{})
	h.server.says(plain)
	begun, err := h.Begin(h.ctx, "it", api.AuthorizeRequest{GrantInput: api.GrantInput{Assertion: saml}})
	h.must(err)
	if flow, err := h.Flow(h.ctx, begun.Flow); err != nil || flow.Status != api.FlowDone || begun.AuthorizationURL != "" {
		t.Fatalf("%+v, %v", flow, err)
	}
	sent := h.server.last()
	if sent.Get("grant_type") != "urn:ietf:params:oauth:grant-type:saml2-bearer" || sent.Get("assertion") == "" || sent.Get("scope") != "mail.read" {
		t.Fatalf("%v", sent)
	}
	if got := h.tokenFor(h.ctx, "it"); got != "at-1" {
		t.Fatal(got)
	}
	h.clock.advance(2 * time.Hour)
	if _, err := h.Token(h.ctx, "it", 0); fault.As(err).Code != api.CodeNeedsAuthorization {
		t.Fatalf("an assertion is used again: %v", err)
	}
	if h.server.count("urn:ietf:params:oauth:grant-type:saml2-bearer") != 1 {
		t.Error("it was sent again")
	}
}

func TestAnAssertionOfAFileOrCommandIsReadAtEachUse(t *testing.T) {
	files := map[string]string{"/run/saml": saml, "/etc/passwd": "root:x:0:0"}
	for name, test := range map[string]struct {
		source api.TokenSource
		code   api.Code
	}{
		"a file":            {api.TokenSource{File: "/run/saml"}, ""},
		"a command":         {api.TokenSource{Command: []string{"PHNhbWw"}}, ""},
		"no token":          {api.TokenSource{File: "/etc/passwd"}, api.CodeNeedsConfiguration},
		"no file":           {api.TokenSource{File: "/run/none"}, api.CodeNeedsConfiguration},
		"its own file type": {api.TokenSource{Connection: "robot"}, api.CodeNeedsConfiguration}, // its token is no SAML
	} {
		t.Run(name, func(t *testing.T) {
			h := grantHarness(t, "saml2_bearer", api.GrantSettings{Assertion: &test.source}, reading(files))
			h.server.says(plain)
			_, err := h.Token(h.ctx, "it", 0)
			if got := code(err); got != test.code {
				t.Fatalf("%v", err)
			}
			if test.code != "" {
				return
			}
			h.clock.advance(2 * time.Hour)
			if got := h.tokenFor(h.ctx, "it"); got != "at-2" {
				t.Fatalf("renewed by itself: %s", got)
			}
		})
	}
}

func code(err error) api.Code {
	if err == nil {
		return ""
	}
	return fault.As(err).Code
}

func TestRFC8693_2_1_a_ATokenOfAnotherConnectionIsExchanged(t *testing.T) {
	h := grantHarness(t, "token_exchange", api.GrantSettings{
		Subject:            &api.TokenSource{Connection: "robot"},
		Actor:              &api.TokenSource{Command: []string{"e30.e30.c2ln"}, Type: "jwt"},
		RequestedTokenType: "id_token",
		Audience:           api.StringList{"https://one.example", "two"},
	}, reading(nil))
	h.server.says(func(form url.Values, n int) (int, string) {
		if form.Get("grant_type") == "client_credentials" {
			return 200, `{"access_token":"robot-token","token_type":"Bearer","expires_in":3600}`
		}
		return 200, `{"access_token":"exchanged","token_type":"N_A","issued_token_type":"urn:ietf:params:oauth:token-type:id_token","expires_in":60}`
	})
	if got := h.tokenFor(h.ctx, "it"); got != "exchanged" {
		t.Fatal(got)
	}
	sent := h.server.last()
	for name, want := range map[string]string{
		"grant_type":           "urn:ietf:params:oauth:grant-type:token-exchange",
		"subject_token":        "robot-token",
		"subject_token_type":   "urn:ietf:params:oauth:token-type:access_token",
		"actor_token":          "e30.e30.c2ln",
		"actor_token_type":     "urn:ietf:params:oauth:token-type:jwt",
		"requested_token_type": "urn:ietf:params:oauth:token-type:id_token",
		"scope":                "mail.read",
	} {
		if sent.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, sent.Get(name), want)
		}
	}
	if got := strings.Join(sent["audience"], " "); got != "https://one.example two" {
		t.Errorf("audience: %q", got)
	}
}

func TestConnectionsThatWaitForEachOtherAreRefused(t *testing.T) {
	h := grantHarness(t, "token_exchange", api.GrantSettings{Subject: &api.TokenSource{Connection: "robot"}})
	of := func(other string) api.ConnectionSpec {
		return api.ConnectionSpec{Client: "app", Grant: "token_exchange", GrantSettings: api.GrantSettings{Subject: &api.TokenSource{Connection: other}}}
	}
	_, err := h.PutConnection(h.ctx, "second", of("it"))
	h.must(err)
	for name, other := range map[string]string{"it": "second", "third": "third"} {
		if _, err := h.PutConnection(h.ctx, name, of(other)); code(err) != api.CodeInvalid {
			t.Errorf("%s takes its token from %s: %v", name, other, err)
		}
	}
	_, err = h.PutConnection(h.ctx, "early", of("later"))
	h.must(err) // a manifest makes connections by name
	if _, err := h.Token(h.ctx, "early", 0); code(err) != api.CodeNotFound || !strings.Contains(err.Error(), "later") {
		t.Errorf("what is missing is told at each use: %v", err)
	}
	if _, err := h.PutConnection(h.ctx, "later", of("early")); code(err) != api.CodeInvalid {
		t.Errorf("the circle is closed: %v", err)
	}
}

func TestEachUserHasATokenOfTheirOwn(t *testing.T) {
	for _, grant := range []string{"on_behalf_of", "token_exchange"} {
		t.Run(grant, func(t *testing.T) {
			h := grantHarness(t, grant, api.GrantSettings{})
			h.server.says(func(form url.Values, n int) (int, string) {
				return 200, fmt.Sprintf(`{"access_token":"for-%s-%d","token_type":"Bearer","expires_in":3600}`, form.Get("assertion")+form.Get("subject_token"), n)
			})
			maria := onbehalf.With(h.ctx, secret.NewText("e30.maria.c2ln"))
			paul := onbehalf.With(h.ctx, secret.NewText("e30.paul.c2ln"))
			for range 3 {
				if a, b := h.tokenFor(maria, "it"), h.tokenFor(paul, "it"); a != "for-e30.maria.c2ln-1" || b != "for-e30.paul.c2ln-2" {
					t.Fatalf("%s, %s", a, b)
				}
			}
			if sent := h.server.last(); grant == "on_behalf_of" && (sent.Get("requested_token_use") != "on_behalf_of" || sent.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer") {
				t.Errorf("%v", sent)
			}
			used, err := h.Credential(maria, "it")
			h.must(err)
			if renewed, err := h.Renew(maria, "it", used.Generation); err != nil || renewed.Generation <= used.Generation {
				t.Fatalf("after the API refused it: %v", err)
			}
			h.clock.advance(2 * time.Hour)
			if got := h.tokenFor(paul, "it"); got != "for-e30.paul.c2ln-4" {
				t.Errorf("after it expired: %s", got)
			}
			if sets, err := h.store.TokenSet(h.ctx, "it"); err == nil {
				t.Errorf("a user's token was written: %v", sets.Generation)
			}
			if _, err := h.Token(h.ctx, "it", 0); code(err) != api.CodeNeedsAuthorization || !strings.Contains(fault.As(err).Hint, onbehalf.Header) {
				t.Errorf("without a user: %v", err)
			}
			if _, err := h.Token(maria, "robot", 0); code(err) != api.CodeInvalid {
				t.Errorf("a connection of its own acts for a user: %v", err)
			}
		})
	}
}

func TestAUserWhoMustSignInAgainIsChallengedAndNobodyElseIs(t *testing.T) {
	h := grantHarness(t, "on_behalf_of", api.GrantSettings{})
	h.server.says(func(form url.Values, n int) (int, string) {
		if strings.Contains(form.Get("assertion"), "maria") {
			return 400, `{"error":"interaction_required","suberror":"basic_action","claims":"{\"access_token\":{\"polids\":{\"essential\":true}}}"}`
		}
		return plain(form, n)
	})
	_, err := h.Token(onbehalf.With(h.ctx, secret.NewText("e30.maria.c2ln")), "it", 0)
	var challenge *onbehalf.Challenge
	if !errors.As(err, &challenge) || !strings.Contains(challenge.Claims, "polids") {
		t.Fatalf("%T %v", err, err)
	}
	if got := h.tokenFor(onbehalf.With(h.ctx, secret.NewText("e30.paul.c2ln")), "it"); got == "" {
		t.Error("paul waits for maria")
	}
	if c, err := h.Connection(h.ctx, "it"); err != nil || c.State != api.StateNew {
		t.Errorf("%s, %v", c.State, err)
	}
}

func TestAUsersTokenThatIsRefusedIsTheCallersMistake(t *testing.T) {
	h := grantHarness(t, "on_behalf_of", api.GrantSettings{})
	h.server.says(func(url.Values, int) (int, string) { return 400, `{"error":"invalid_grant"}` })
	_, err := h.Token(onbehalf.With(h.ctx, secret.NewText("e30.old.c2ln")), "it", 0)
	if code(err) != api.CodeInvalid || strings.Contains(err.Error(), "e30.old") {
		t.Fatalf("%v", err)
	}
}

func TestAPasswordNeedsTheOperatorsLeave(t *testing.T) {
	h := newHarness(t)
	spec := api.ConnectionSpec{Client: "app", Grant: "password"}
	if _, err := h.PutConnection(h.ctx, "it", spec); code(err) != api.CodeForbidden || !strings.Contains(fault.As(err).Hint, "--allow-grants password") {
		t.Fatalf("%v", err)
	}
	byHash := api.ConnectionSpec{Client: "app", Grant: "implicit"} // RFC 9700 section 2.1.2
	if _, err := h.PutConnection(h.ctx, "it", byHash); code(err) != api.CodeForbidden || !strings.Contains(fault.As(err).Hint, "--allow-grants implicit") {
		t.Fatalf("%v", err)
	}
	h.config.AllowGrants = []string{"password"}
	allowed := h.open()
	_, err := allowed.PutConnection(h.ctx, "it", spec)
	h.must(err)
	login := api.AuthorizeRequest{GrantInput: api.GrantInput{Username: "maria", Password: "hunter2"}}
	if _, err := h.Begin(h.ctx, "it", login); code(err) != api.CodeForbidden {
		t.Errorf("after the leave was taken back: %v", err)
	}
}

func TestRFC6749_4_3_1_APasswordIsForgottenOnceARefreshTokenIsHeld(t *testing.T) {
	login := api.AuthorizeRequest{GrantInput: api.GrantInput{Username: "maria", Password: "hunter2"}}
	h := grantHarness(t, "password", api.GrantSettings{}, allowing("password"))
	h.server.says(plain)
	_, err := h.Begin(h.ctx, "it", login)
	h.must(err)
	h.clock.advance(2 * time.Hour)
	if got := h.tokenFor(h.ctx, "it"); got != "at-2" || h.server.last().Get("password") != "hunter2" {
		t.Fatalf("without a refresh token nothing else renews it: %s", got)
	}
	h.server.says(rotating)
	h.clock.advance(2 * time.Hour)
	h.tokenFor(h.ctx, "it")
	h.clock.advance(2 * time.Hour)
	if h.tokenFor(h.ctx, "it"); h.server.last().Get("grant_type") != "refresh_token" || h.server.last().Has("password") {
		t.Fatalf("%v", h.server.last())
	}
	older, err := h.store.PreviousTokenSets(h.ctx, "it")
	h.must(err)
	for _, set := range older {
		if set.Generation < 3 {
			t.Errorf("generation %d still holds the password", set.Generation)
		}
	}
}

func TestAPasswordIsNeverRevokedAsARefreshToken(t *testing.T) {
	h := grantHarness(t, "password", api.GrantSettings{}, allowing("password"))
	h.server.says(plain)
	_, err := h.Begin(h.ctx, "it", api.AuthorizeRequest{GrantInput: api.GrantInput{Username: "maria", Password: "hunter2"}})
	h.must(err)
	_, err = h.Revoke(h.ctx, "it")
	h.must(err)
	for _, form := range h.server.revoked {
		if strings.Contains(form.Encode(), "hunter2") || form.Get("token_type_hint") == "refresh_token" {
			t.Errorf("%v", form)
		}
	}
}

func TestWhatIsBroughtMustBeWhatTheGrantTakes(t *testing.T) {
	for grant, wrong := range map[string]api.GrantInput{
		"saml2_bearer":       {SubjectToken: "x"},
		"on_behalf_of":       {},
		"password":           {Username: "maria"},
		"authorization_code": {Assertion: "x"},
	} {
		h := grantHarness(t, grant, api.GrantSettings{}, allowing("password"))
		if _, err := h.Begin(h.ctx, "it", api.AuthorizeRequest{GrantInput: wrong}); code(err) != api.CodeInvalid {
			t.Errorf("%s: %v", grant, err)
		}
		if len(h.server.requests) > 0 {
			t.Errorf("%s: the provider was asked", grant)
		}
	}
}

func TestRFC6749_4_2_2_ATokenBehindTheHashIsTakenWithTheOperatorsLeave(t *testing.T) {
	h := grantHarness(t, "implicit", api.GrantSettings{}, allowing("implicit"))
	flow, sent := h.begin("it")
	if sent.Get("response_type") != "token" || sent.Has("code_challenge") {
		t.Fatalf("%v", sent)
	}
	answer := url.Values{"state": sent["state"], "access_token": {"at"}, "token_type": {"bearer"}, "expires_in": {"3600"}}
	if _, err := h.Complete(h.ctx, answer, func(string) string { return "another browser" }); code(err) != api.CodeForbidden {
		t.Fatalf("RFC6749-10.12: %v", err)
	}
	forged := url.Values{"state": {"forged"}, "access_token": {"at"}, "token_type": {"bearer"}}
	if _, err := h.Complete(h.ctx, forged, h.cookie); code(err) != api.CodeNotFound {
		t.Fatalf("a state that nobody began with: %v", err)
	}
	_, err := h.Complete(h.ctx, answer, h.cookie)
	h.must(err)
	if ended, err := h.Flow(h.ctx, flow); err != nil || ended.Status != api.FlowDone || len(h.server.requests) != 0 {
		t.Fatalf("%+v, %d token requests, %v", ended, len(h.server.requests), err)
	}
	if got := h.tokenFor(h.ctx, "it"); got != "at" {
		t.Fatal(got)
	}
	if c := h.state("it"); c.Renewable || len(c.Warnings) == 0 || !strings.Contains(c.Warnings[0], "RFC 9700") {
		t.Errorf("%v", c.Warnings)
	}
	// Of any other grant no token in an address is taken (RFC 9700 section 2.1.2).
	_, sent = h.begin("mail")
	answer.Set("state", sent.Get("state"))
	if _, err := h.Complete(h.ctx, answer, h.cookie); err == nil {
		t.Error("a token was planted in a code flow")
	}
}

func TestAGrantOfAProvidersOwnIsData(t *testing.T) {
	h := newHarness(t)
	provider, err := h.Provider(h.ctx, "fake")
	h.must(err)
	provider.Name, provider.Grant = "", "custom"
	h.must(json.Unmarshal([]byte(`{"token_request":{"grant_type":"account_credentials","params":{"kind":"server"}}}`), &provider))
	_, err = h.PutProvider(h.ctx, "fake", provider)
	h.must(err)
	_, err = h.PutConnection(h.ctx, "it", api.ConnectionSpec{Client: "app", GrantSettings: api.GrantSettings{GrantParams: map[string]string{"account_id": "42"}}})
	h.must(err)
	h.tokenFor(h.ctx, "it")
	h.clock.advance(2 * time.Hour)
	h.tokenFor(h.ctx, "it")
	if sent := h.server.last(); sent.Get("grant_type") != "account_credentials" || sent.Get("kind") != "server" || sent.Get("account_id") != "42" {
		t.Fatalf("%v", sent)
	}
	if h.server.count("account_credentials") != 2 {
		t.Errorf("the same grant renews it: %d", h.server.count("account_credentials"))
	}
	h.must(json.Unmarshal([]byte(`{"refresh":{"strategy":"refresh_token"}}`), &provider))
	provider.Name = ""
	_, err = h.PutProvider(h.ctx, "fake", provider)
	h.must(err)
	h.clock.advance(2 * time.Hour)
	if h.tokenFor(h.ctx, "it"); h.server.count("refresh_token") != 1 {
		t.Errorf("unless the description says otherwise: %v", h.server.last())
	}
	spec := api.ConnectionSpec{Client: "app", GrantSettings: api.GrantSettings{GrantParams: map[string]string{"client_secret": "x"}}}
	if _, err := h.PutConnection(h.ctx, "it", spec); code(err) != api.CodeInvalid {
		t.Errorf("a parameter takes the place of the client's secret: %v", err)
	}
}

func TestATokenFileIsKeptInStep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "robot.json")
	h := grantHarness(t, "client_credentials", api.GrantSettings{TokenFile: path}, func(c *broker.Config) { c.TokenFiles = tokendir.Dirs{Allowed: []string{dir}} })
	h.server.says(plain)
	for n := range 2 {
		h.tokenFor(h.ctx, "it")
		var file struct {
			AccessToken string    `json:"access_token"`
			ExpiresIn   int       `json:"expires_in"`
			ExpiresAt   time.Time `json:"expires_at"`
		}
		text, err := os.ReadFile(path)
		h.must(err)
		h.must(json.Unmarshal(text, &file))
		if file.AccessToken != fmt.Sprintf("at-%d", n+1) || file.ExpiresIn != 3600 || !file.ExpiresAt.Equal(h.clock.Now().Add(time.Hour)) {
			t.Fatalf("%s", text)
		}
		h.clock.advance(2 * time.Hour)
	}
	spec := api.ConnectionSpec{Client: "app", Grant: "client_credentials", GrantSettings: api.GrantSettings{TokenFile: "/etc/cron.d/x"}}
	if _, err := h.PutConnection(h.ctx, "it", spec); code(err) != api.CodeForbidden {
		t.Errorf("elsewhere: %v", err)
	}
	h.must(os.RemoveAll(dir))
	if got := h.tokenFor(h.ctx, "it"); got != "at-3" {
		t.Fatalf("a token is given though its file cannot be written: %s", got)
	}
	events, err := h.Events(h.ctx, "it", 0, 1)
	if err != nil || len(events) != 1 || events[0].Kind != "token_file_failed" {
		t.Errorf("%v, %v", events, err)
	}
}

func TestRFC7662_2_1_ALifetimeIsAskedForWhereTheDescriptionSaysSo(t *testing.T) {
	h := newHarness(t)
	asked := 0
	h.server.Config.Handler.(*http.ServeMux).HandleFunc("POST /introspect", func(w http.ResponseWriter, r *http.Request) {
		asked++
		_, _ = fmt.Fprintf(w, `{"active":true,"exp":%d}`, h.clock.Now().Add(10*time.Minute).Unix())
		_, _, authenticated := r.BasicAuth()
		if r.FormValue("token") != "at" || !authenticated {
			t.Errorf("%v", r.Form)
		}
	})
	provider, err := h.Provider(h.ctx, "fake")
	h.must(err)
	provider.Name, provider.IntrospectionEndpoint = "", h.server.URL+"/introspect"
	provider.TokenEndpointAuthMethod = "client_secret_basic"
	h.must(json.Unmarshal([]byte(`{"token_response":{"expires":"introspect"}}`), &provider))
	_, err = h.PutProvider(h.ctx, "fake", provider)
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) { return 200, `{"access_token":"at","token_type":"Bearer"}` })
	token, err := h.Token(h.ctx, "robot", 0)
	if err != nil || token.ExpiresAt == nil || asked != 1 {
		t.Fatalf("%v %d, %v", token.ExpiresAt, asked, err)
	}
}

func TestRFC8414_2_TheIntrospectionEndpointIsDiscoveredThoughTheOthersAreDescribed(t *testing.T) {
	h := newHarness(t)
	mux := h.server.Config.Handler.(*http.ServeMux)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"token_endpoint":%q,"introspection_endpoint":%q}`, h.server.URL, h.server.URL+"/other", h.server.URL+"/told")
	})
	mux.HandleFunc("POST /told", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"active":true,"scope":"a b","exp":%d}`, h.clock.Now().Add(10*time.Minute).Unix())
	})
	if found, err := h.Introspect(h.ctx, "robot"); err != nil || found.Active { // nothing to ask about yet
		t.Fatal(err)
	}
	h.wantToken("robot", "at-1")
	if _, err := h.Introspect(h.ctx, "robot"); !errors.Is(err, arrangement.ErrNoIntrospection) {
		t.Fatalf("a server that is not known to introspect was asked: %v", err)
	}
	provider, err := h.Provider(h.ctx, "fake")
	h.must(err)
	provider.Name, provider.Issuer = "", h.server.URL
	h.must(json.Unmarshal([]byte(`{"token_response":{"expires":"introspect"}}`), &provider))
	_, err = h.PutProvider(h.ctx, "fake", provider)
	h.must(err)
	h.server.says(func(url.Values, int) (int, string) { return 200, `{"access_token":"at","token_type":"Bearer"}` })
	_, err = h.Refresh(h.ctx, "robot")
	h.must(err)
	found, err := h.Introspect(h.ctx, "robot")
	if err != nil || !found.Active || len(found.Scope) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	if c := h.state("robot"); c.ExpiresAt == nil || !c.ExpiresAt.Equal(found.ExpiresAt) || len(c.GrantedScopes) != 2 {
		t.Errorf("%+v", c)
	}
}
