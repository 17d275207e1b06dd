package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAuthorizationAnswersWithCodeStateAndIssuer(t *testing.T) {
	r := newRig(t, "")
	login := r.get("/authorize?" + authParams().Encode())
	if login.StatusCode != http.StatusOK || !strings.Contains(login.body, `name="password"`) {
		t.Fatalf("status %d, want the login page:\n%s", login.StatusCode, login.body)
	}
	consent := r.signIn(login)
	for _, words := range []string{"Read your mail", "Keep this access when you are not here", `value="allow"`, `value="deny"`, "127.0.0.1:8539"} {
		if !strings.Contains(consent.body, words) {
			t.Errorf("the consent page lacks %q", words)
		}
	}
	if strings.Contains(consent.body, "Send mail as you") {
		t.Error("the consent page lists a scope that was not asked for")
	}
	answer := answerOf(t, r.submit(consent, "action", "allow"))
	if answer.Get("code") == "" || answer.Get("state") != "st-1" || answer.Get("iss") != r.url {
		t.Errorf("answer = %v", answer)
	}
}

func TestDenyingSendsAccessDeniedWithStateAndIssuer(t *testing.T) {
	r := newRig(t, "")
	consent := r.signIn(r.get("/authorize?" + authParams().Encode()))
	answer := answerOf(t, r.submit(consent, "action", "deny"))
	if answer.Get("error") != "access_denied" || answer.Get("state") != "st-1" || answer.Get("iss") != r.url || answer.Has("code") {
		t.Errorf("answer = %v", answer)
	}
	again := r.get("/authorize?" + authParams().Encode())
	if !strings.Contains(again.body, `value="allow"`) {
		t.Error("a denied consent must be asked for again")
	}
}

func TestAnUntrustworthyRequestIsRefusedOnAPageAndNeverRedirected(t *testing.T) {
	r := newRig(t, "")
	cases := map[string][]string{
		"unknown client":        {"client_id", "stranger"},
		"no client":             {"client_id", ""},
		"no redirect URI":       {"redirect_uri", ""},
		"foreign redirect URI":  {"redirect_uri", "https://attacker.example/cb"},
		"loopback as a label":   {"redirect_uri", "http://127.0.0.1.attacker.example/cb"},
		"loopback as userinfo":  {"redirect_uri", "http://127.0.0.1@attacker.example/cb"},
		"userinfo on loopback":  {"redirect_uri", "http://user@127.0.0.1/cb"},
		"fragment":              {"redirect_uri", "http://127.0.0.1/cb#x"},
		"another scheme":        {"redirect_uri", "javascript://127.0.0.1/%0aalert(1)"},
		"protocol-relative":     {"redirect_uri", "//127.0.0.1/cb"},
		"backslash in the host": {"redirect_uri", `http://attacker.example\@127.0.0.1/cb`},
	}
	for name, pairs := range cases {
		t.Run(name, func(t *testing.T) {
			page := r.get("/authorize?" + authParams(pairs...).Encode())
			if page.StatusCode != http.StatusBadRequest || page.Header.Get("Location") != "" {
				t.Errorf("status %d, Location %q, want a 400 page", page.StatusCode, page.Header.Get("Location"))
			}
			if !strings.Contains(page.body, "<h1>") {
				t.Error("the refusal is not a page")
			}
		})
	}
}

func TestLoopbackAndConfiguredRedirectURIsAreAccepted(t *testing.T) {
	r := newRig(t, "", func(c *Config) {
		c.RedirectURIs = []string{"https://broker.example/oauth/callback", "com.example.app:/cb"}
	})
	for _, uri := range []string{
		"http://127.0.0.1/cb", "http://127.0.0.1:1/", "http://[::1]:9/x", "http://localhost:65535/a/b?c=d",
		"https://broker.example/oauth/callback", "com.example.app:/cb",
	} {
		page := r.get("/authorize?" + authParams("redirect_uri", uri).Encode())
		if page.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", uri, page.StatusCode)
		}
	}
	page := r.get("/authorize?" + authParams("redirect_uri", "https://broker.example/oauth/callback/").Encode())
	if page.StatusCode != http.StatusBadRequest {
		t.Error("a configured redirect URI must be compared exactly")
	}
}

func TestMistakesInTheRequestAreReportedToTheRedirectURI(t *testing.T) {
	r := newRig(t, "")
	cases := map[string]struct {
		pairs []string
		want  string
	}{
		"no response_type":           {[]string{"response_type", ""}, "invalid_request"},
		"token response":             {[]string{"response_type", "token"}, "unsupported_response_type"},
		"form_post":                  {[]string{"response_mode", "form_post"}, "invalid_request"},
		"no scope":                   {[]string{"scope", ""}, "invalid_scope"},
		"unknown scope":              {[]string{"scope", "User.Read mail.read"}, "invalid_scope"},
		"unknown challenge method":   {[]string{"code_challenge_method", "S512"}, "invalid_request"},
		"short challenge":            {[]string{"code_challenge", "abc"}, "invalid_request"},
		"method without challenge":   {[]string{"code_challenge", ""}, "invalid_request"},
		"unknown prompt":             {[]string{"prompt", "nicely"}, "invalid_request"},
		"none with login":            {[]string{"prompt", "none login"}, "invalid_request"},
		"none without a session":     {[]string{"prompt", "none"}, "login_required"},
		"bad max_age":                {[]string{"max_age", "soon"}, "invalid_request"},
		"request object":             {[]string{"request", "eyJ"}, "request_not_supported"},
		"public client without PKCE": {[]string{"client_id", "practice-public", "code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			answer := answerOf(t, r.get("/authorize?"+authParams(c.pairs...).Encode()))
			if answer.Get("error") != c.want || answer.Get("state") != "st-1" || answer.Get("iss") != r.url {
				t.Errorf("answer = %v, want %s", answer, c.want)
			}
		})
	}
}

func TestAParameterGivenTwiceIsRefused(t *testing.T) {
	r := newRig(t, "")
	answer := answerOf(t, r.get("/authorize?"+authParams().Encode()+"&scope=openid"))
	if answer.Get("error") != "invalid_request" {
		t.Errorf("answer = %v", answer)
	}
	page := r.get("/authorize?" + authParams().Encode() + "&redirect_uri=" + url.QueryEscape(callback))
	if page.StatusCode != http.StatusBadRequest {
		t.Errorf("a second redirect_uri: status %d, want a 400 page", page.StatusCode)
	}
}

func TestTheRedirectURIKeepsItsOwnQuery(t *testing.T) {
	r := newRig(t, "")
	answer := r.authorize("redirect_uri", callback+"?tenant=a%20b")
	if answer.Get("tenant") != "a b" || answer.Get("code") == "" {
		t.Errorf("answer = %v", answer)
	}
}

func TestASignedInUserIsAskedForWhatWasNotConsentedTo(t *testing.T) {
	r := newRig(t, "")
	r.authorize("scope", "User.Read")
	if answer := r.authorize("scope", "User.Read", "prompt", "none"); answer.Get("code") == "" {
		t.Errorf("prompt=none after consent: %v", answer)
	}
	page := r.get("/authorize?" + authParams("scope", "User.Read").Encode())
	if answerOf(t, page).Get("code") == "" {
		t.Error("consent that was given must not be asked for again")
	}
	if answer := answerOf(t, r.get("/authorize?"+authParams("scope", "Mail.Send", "prompt", "none").Encode())); answer.Get("error") != "consent_required" {
		t.Errorf("a new scope with prompt=none: %v", answer)
	}
	for name, pairs := range map[string][]string{
		"new scope":      {"scope", "User.Read Mail.Send"},
		"prompt=consent": {"scope", "User.Read", "prompt", "consent"},
	} {
		if page := r.get("/authorize?" + authParams(pairs...).Encode()); !strings.Contains(page.body, `value="allow"`) {
			t.Errorf("%s: want the consent page", name)
		}
	}
}

func TestPromptLoginAsksAgainAndThenDoesNotLoop(t *testing.T) {
	r := newRig(t, "")
	r.authorize("scope", "User.Read")
	for _, prompt := range []string{"login", "select_account"} {
		page := r.get("/authorize?" + authParams("scope", "User.Read", "prompt", prompt).Encode())
		if !strings.Contains(page.body, `name="password"`) {
			t.Fatalf("prompt=%s: want the login page", prompt)
		}
		if answerOf(t, r.signIn(page)).Get("code") == "" {
			t.Errorf("prompt=%s: signing in must complete the request", prompt)
		}
	}
}

func TestMaxAgeAsksForTheLoginAgain(t *testing.T) {
	r := newRig(t, "")
	r.authorize("scope", "User.Read")
	r.clock.advance(time.Minute)
	if page := r.get("/authorize?" + authParams("scope", "User.Read", "max_age", "60").Encode()); page.StatusCode != http.StatusSeeOther {
		t.Errorf("a login as old as max_age: status %d, want a redirect", page.StatusCode)
	}
	if page := r.get("/authorize?" + authParams("scope", "User.Read", "max_age", "59").Encode()); !strings.Contains(page.body, `name="password"`) {
		t.Error("a login older than max_age must be repeated")
	}
}

func TestASessionEnds(t *testing.T) {
	r := newRig(t, "")
	r.authorize("scope", "User.Read")
	r.clock.advance(sessionLifetime)
	if page := r.get("/authorize?" + authParams("scope", "User.Read").Encode()); !strings.Contains(page.body, `name="password"`) {
		t.Error("want the login page after the session's end")
	}
}

func TestLoginHintIsFilledInAndEscaped(t *testing.T) {
	r := newRig(t, "")
	page := r.get("/authorize?" + authParams("login_hint", `ma"><script>`).Encode())
	if !strings.Contains(page.body, `value="ma&#34;&gt;&lt;script&gt;"`) {
		t.Errorf("login_hint is not in the field, escaped:\n%s", page.body)
	}
}

func TestAWrongPasswordShowsTheLoginPageAgain(t *testing.T) {
	r := newRig(t, "")
	page := r.submit(r.get("/authorize?"+authParams().Encode()), "username", "maria", "password", "wrong")
	if page.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page.body, `role="alert"`) || strings.Contains(page.body, "wrong\"") {
		t.Errorf("status %d:\n%s", page.StatusCode, page.body)
	}
	if consent := r.signIn(page); !strings.Contains(consent.body, `value="allow"`) {
		t.Error("the page shown again must work")
	}
}

func TestAFormFromAnotherBrowserIsRefused(t *testing.T) {
	r := newRig(t, "")
	consent := r.signIn(r.get("/authorize?" + authParams().Encode()))
	stolen := csrfRE.FindStringSubmatch(consent.body)[1]
	target := "/authorize?" + authParams().Encode()
	allow := url.Values{"step": {"consent"}, "action": {"allow"}, "csrf": {stolen}}

	mine := r.browser
	r.browser = r.newBrowser()
	if page := r.post(target, allow); page.StatusCode != http.StatusForbidden {
		t.Errorf("without the cookie: status %d, want 403", page.StatusCode)
	}
	r.browser = mine
	allow.Set("csrf", "guess")
	if page := r.post(target, allow); page.StatusCode != http.StatusForbidden {
		t.Errorf("with a guessed token: status %d, want 403", page.StatusCode)
	}
	allow.Set("csrf", stolen)
	if page := r.post(target, allow); page.StatusCode != http.StatusSeeOther {
		t.Errorf("with cookie and token: status %d, want a redirect", page.StatusCode)
	}
}

func TestConsentWithoutALoginLeadsToTheLogin(t *testing.T) {
	r := newRig(t, "")
	login := r.get("/authorize?" + authParams().Encode())
	page := r.submit(login, "step", "consent", "action", "allow")
	if page.StatusCode != http.StatusOK || !strings.Contains(page.body, `name="password"`) {
		t.Errorf("status %d, want the login page", page.StatusCode)
	}
}

func TestSigningInChangesTheSessionID(t *testing.T) {
	r := newRig(t, "")
	login := r.get("/authorize?" + authParams().Encode())
	consent := r.signIn(login)
	before, after := login.Cookies(), consent.Cookies()
	if len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Fatalf("cookies %v then %v", before, after)
	}
	if c := after[0]; !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie = %v", c)
	}
	if _, alive := r.srv.store.findSession(before[0].Value, r.clock.Now()); alive {
		t.Error("the session from before the login still lives")
	}
}

func TestAnAuthorizationRequestMayComeByPost(t *testing.T) {
	r := newRig(t, "")
	consent := r.signIn(r.post("/authorize", authParams()))
	if answerOf(t, r.submit(consent, "action", "allow")).Get("code") == "" {
		t.Error("no code")
	}
}

func TestAuthorizationFaults(t *testing.T) {
	cases := map[string]struct {
		faults string
		wrong  func(url.Values, string) bool
	}{
		"iss of another server":  {"iss_wrong", func(a url.Values, issuer string) bool { return a.Has("iss") && a.Get("iss") != issuer }},
		"no iss":                 {"iss_missing", func(a url.Values, _ string) bool { return !a.Has("iss") }},
		"no state":               {"state_missing", func(a url.Values, _ string) bool { return !a.Has("state") }},
		"code and error at once": {"code_and_error", func(a url.Values, _ string) bool { return a.Has("code") && a.Has("error") }},
		"two codes":              {"code_twice", func(a url.Values, _ string) bool { return len(a["code"]) == 2 && a["code"][0] != a["code"][1] }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.faults+"=1")
			if answer := r.authorize(); !c.wrong(answer, r.url) {
				t.Errorf("%s: answer = %v", c.faults, answer)
			}
			if answer := r.authorize(); c.wrong(answer, r.url) {
				t.Errorf("%s=1 happened twice: %v", c.faults, answer)
			}
		})
	}
}

func TestNarrowedScopeIsReportedInTheTokenResponse(t *testing.T) {
	r := newRig(t, "scope_narrowed")
	got := r.connect("scope", "User.Read offline_access Mail.Read")
	if want := []string{"User.Read", "offline_access"}; !slices.Equal(strings.Fields(got.Scope), want) {
		t.Errorf("scope = %q, want %v", got.Scope, want)
	}
}
