package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// graphError is an error of the API.
type graphError struct {
	Error struct{ Code, Message string }
}

func wantGraph(t *testing.T, rep reply, status int, code string) {
	t.Helper()
	if got := decode[graphError](t, rep).Error; rep.StatusCode != status || got.Code != code || got.Message == "" {
		t.Errorf("got %d %+v, want %d %s", rep.StatusCode, got, status, code)
	}
}

func TestTheAPIRefusesABadToken(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Access
	if rep := r.api("GET", "/v1.0/me", token, ""); rep.StatusCode != 200 || !strings.Contains(rep.body, userMail) {
		t.Fatalf("a good token: %d %s", rep.StatusCode, rep.body)
	}
	none := r.api("GET", "/v1.0/me", "", "")
	wantGraph(t, none, 401, "InvalidAuthenticationToken")
	if h := none.Header.Get("WWW-Authenticate"); h != `Bearer realm="practice"` {
		t.Errorf("without a token: %q, want no error code", h)
	}
	r.clock.advance(defaultTokenLifetime)
	for name, bad := range map[string]string{"unknown": "guess", "expired": token} {
		rep := r.api("GET", "/v1.0/me", bad, "")
		wantGraph(t, rep, 401, "InvalidAuthenticationToken")
		if h := rep.Header.Get("WWW-Authenticate"); !strings.Contains(h, `error="invalid_token"`) {
			t.Errorf("%s: WWW-Authenticate = %q", name, h)
		}
	}
	if stats := r.srv.Requests(); stats.APICalls != 4 || stats.APIUnauthorized != 3 {
		t.Errorf("stats = %+v", stats)
	}
}

func TestTheAPIChecksScopes(t *testing.T) {
	r := newRig(t, "")
	token := r.connect("scope", "offline_access").Access
	for target, scope := range map[string]string{
		"GET /v1.0/me": "User.Read", "GET /v1.0/me/messages": "Mail.Read", "GET /v1.0/me/messages/x": "Mail.Read",
		"POST /v1.0/me/sendMail": "Mail.Send", "GET /v1.0/users": "User.Read.All", "GET /userinfo": "openid",
	} {
		method, path, _ := strings.Cut(target, " ")
		rep := r.api(method, path, token, "")
		wantGraph(t, rep, 403, "ErrorAccessDenied")
		if h := rep.Header.Get("WWW-Authenticate"); !strings.Contains(h, `error="insufficient_scope"`) || !strings.Contains(h, `scope="`+scope+`"`) {
			t.Errorf("%s: WWW-Authenticate = %q", target, h)
		}
	}
}

func TestAnApplicationTokenReadsUsersAndHasNoMe(t *testing.T) {
	r := newRig(t, "")
	token := decode[tokens](t, r.post("/token", r.tokenForm("client_credentials"))).Access
	if rep := r.api("GET", "/v1.0/users", token, ""); rep.StatusCode != 200 || !strings.Contains(rep.body, userName) {
		t.Errorf("users: %d %s", rep.StatusCode, rep.body)
	}
	if rep := r.api("GET", "/v1.0/me", token, ""); rep.StatusCode != 403 {
		t.Errorf("me: %d %s", rep.StatusCode, rep.body)
	}
}

// mailPage is a page of messages.
type mailPage struct {
	Value []message
	Next  string `json:"@odata.nextLink"`
}

func TestMessagesPageToTheEndWithoutGapsOrRepeats(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Access
	for query, wantPages := range map[string]int{"": 4, "?$top=7": 5, "?$top=1000": 1, "?$top=10&$skip=30": 1, "?$skip=99": 1} {
		var ids []string
		pages := 0
		for next := "/v1.0/me/messages" + query; next != ""; pages++ {
			page := decode[mailPage](t, r.api("GET", next, token, ""))
			for _, m := range page.Value {
				ids = append(ids, m.ID)
			}
			next = page.Next
		}
		want := mailCount
		if strings.Contains(query, "$skip=") {
			_, skip, _ := strings.Cut(query, "$skip=")
			want = map[string]int{"30": 5, "99": 0}[skip]
		}
		if pages != wantPages || len(ids) != want || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != want {
			t.Errorf("%q: %d pages, %d messages, want %d and %d", query, pages, len(ids), wantPages, want)
		}
	}
	for _, query := range []string{"?$top=0", "?$top=x", "?$skip=-1", "?$top=1001"} {
		wantGraph(t, r.api("GET", "/v1.0/me/messages"+query, token, ""), 400, "BadRequest")
	}
}

func TestAnEmptyPageIsAListAndNotNull(t *testing.T) {
	r := newRig(t, "")
	if rep := r.api("GET", "/v1.0/me/messages?$skip=99", r.connect().Access, ""); !strings.Contains(rep.body, `"value":[]`) {
		t.Errorf("body = %s", rep.body)
	}
}

func TestOneMessageAndNoSuchMessage(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Access
	if m := decode[message](t, r.api("GET", "/v1.0/me/messages/AAMkPractice0003", token, "")); m.Subject != "Invoice 2398" || !m.HasAttachments {
		t.Errorf("message = %+v", m)
	}
	wantGraph(t, r.api("GET", "/v1.0/me/messages/none", token, ""), 404, "ErrorItemNotFound")
	wantGraph(t, r.api("GET", "/v1.0/planner", token, ""), 404, "ResourceNotFound")
}

func TestSendMail(t *testing.T) {
	r := newRig(t, "")
	token := r.connect("scope", "Mail.Send").Access
	good := `{"message":{"subject":"Hi","toRecipients":[{"emailAddress":{"address":"jonas@practice.example"}}]}}`
	if rep := r.api("POST", "/v1.0/me/sendMail", token, good); rep.StatusCode != 202 || rep.body != "" {
		t.Errorf("status %d, body %q", rep.StatusCode, rep.body)
	}
	wantGraph(t, r.api("POST", "/v1.0/me/sendMail", token, `{"message":{}}`), 400, "ErrorInvalidRecipients")
	wantGraph(t, r.api("POST", "/v1.0/me/sendMail", token, "hello"), 400, "BadRequest")
	if n := r.srv.Requests().MailsSent; n != 1 {
		t.Errorf("MailsSent = %d, want 1", n)
	}
}

func TestEchoDescribesTheRequestAndHidesTheToken(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Access
	sum := sha256.Sum256([]byte(token))
	print := "sha256:" + hex.EncodeToString(sum[:])
	req := r.request("PATCH", "/v1.0/echo?a=1&b=%2F&copy="+token, "hello")
	req.Header.Set("Authorization", "bearer "+token)
	req.Header.Set("X-Copy", "again "+token)
	rep := r.do(req)
	got := decode[echoAnswer](t, rep)
	if strings.Contains(rep.body, token) {
		t.Error("the token is in the answer")
	}
	if got.Method != "PATCH" || got.Path != "/v1.0/echo" || got.Query != "a=1&b=%2F&copy="+print || got.BodyLength != 5 {
		t.Errorf("echo = %+v", got)
	}
	if got.Authorization == nil || got.Authorization.Scheme != "bearer" || got.Authorization.Fingerprint != print {
		t.Errorf("authorization = %+v", got.Authorization)
	}
	if got.Headers["X-Copy"][0] != "again "+print {
		t.Errorf("headers = %v", got.Headers)
	}
	if hello := sha256.Sum256([]byte("hello")); got.BodySHA256 != hex.EncodeToString(hello[:]) {
		t.Errorf("body_sha256 = %s", got.BodySHA256)
	}
}

func TestTheTokenIsTakenFromQueryOrFormOnlyWhenAllowed(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Access
	inQuery := func() reply { return r.get("/v1.0/echo?access_token=" + token) }
	inBody := func() reply { return r.post("/v1.0/echo", url.Values{"access_token": {token}}) }
	if a, b := inQuery(), inBody(); a.StatusCode != 401 || b.StatusCode != 401 {
		t.Errorf("by default: %d and %d, want 401", a.StatusCode, b.StatusCode)
	}
	r.setFaults("token_in_query")
	if a, b := inQuery(), inBody(); a.StatusCode != 200 || strings.Contains(a.body, token) || b.StatusCode != 401 {
		t.Errorf("token_in_query: %d and %d", a.StatusCode, b.StatusCode)
	}
	wantGraph(t, r.api("GET", "/v1.0/echo?access_token="+token, token, ""), 400, "InvalidRequest")
	r.setFaults("token_in_body")
	if a, b := inQuery(), inBody(); a.StatusCode != 401 || b.StatusCode != 200 || strings.Contains(b.body, token) {
		t.Errorf("token_in_body: %d and %d", a.StatusCode, b.StatusCode)
	}
}

func TestAPIFaults(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Access
	me := func(token string) reply { return r.api("GET", "/v1.0/me", token, "") }

	r.setFaults("api_401_once")
	wantGraph(t, me(token), 401, "InvalidAuthenticationToken")
	if rep := me(token); rep.StatusCode != 200 {
		t.Errorf("api_401_once, the second time: %d", rep.StatusCode)
	}
	r.setFaults("api_429=2")
	for range 2 {
		rep := me(token)
		wantGraph(t, rep, 429, "TooManyRequests")
		if rep.Header.Get("Retry-After") != "1" {
			t.Error("429 without Retry-After")
		}
	}
	if rep := me(token); rep.StatusCode != 200 {
		t.Errorf("api_429=2, the third time: %d", rep.StatusCode)
	}
	r.setFaults("api_503=1")
	wantGraph(t, me(token), 503, "serviceNotAvailable")

	r.setFaults("api_401_as_200")
	wantGraph(t, me("expired"), 200, "InvalidAuthenticationToken")
	r.setFaults("api_401_as_403")
	wantGraph(t, me("expired"), 403, "InvalidAuthenticationToken")
	r.setFaults("api_html_login")
	if rep := me("expired"); rep.StatusCode != 200 || !strings.HasPrefix(rep.Header.Get("Content-Type"), "text/html") {
		t.Errorf("api_html_login: %d %v", rep.StatusCode, rep.Header)
	}
	if rep := me(token); rep.StatusCode != 200 || !strings.Contains(rep.body, userMail) {
		t.Errorf("a good token under api_html_login: %d %s", rep.StatusCode, rep.body)
	}
}

func TestExpireAccessTokensLeavesRefreshTokensGood(t *testing.T) {
	r := newRig(t, "")
	got := r.connect()
	r.srv.ExpireAccessTokens()
	wantGraph(t, r.api("GET", "/v1.0/me", got.Access, ""), 401, "InvalidAuthenticationToken")
	fresh := decode[tokens](t, r.refresh(got.Refresh))
	if rep := r.api("GET", "/v1.0/me", fresh.Access, ""); rep.StatusCode != 200 {
		t.Errorf("after the refresh: %d", rep.StatusCode)
	}
}

func TestRevokeAllEndsTokensCodesAndConsent(t *testing.T) {
	r := newRig(t, "")
	got, code := r.connect(), r.authorize().Get("code")
	r.srv.RevokeAll()
	wantGraph(t, r.api("GET", "/v1.0/me", got.Access, ""), 401, "InvalidAuthenticationToken")
	wantError(t, r.refresh(got.Refresh), 400, "invalid_grant")
	wantError(t, r.redeem(code), 400, "invalid_grant")
	if page := r.get("/authorize?" + authParams().Encode()); !strings.Contains(page.body, `value="allow"`) {
		t.Error("consent must be asked for again")
	}
}

func TestTheTokenLifetimeIsTheConfiguredOne(t *testing.T) {
	r := newRig(t, "", func(c *Config) { c.TokenLifetime = 5 * time.Second })
	got := r.connect()
	if got.ExpiresIn != 5.0 {
		t.Errorf("expires_in = %v", got.ExpiresIn)
	}
	r.clock.advance(5*time.Second - time.Nanosecond)
	if rep := r.api("GET", "/v1.0/me", got.Access, ""); rep.StatusCode != http.StatusOK {
		t.Errorf("just before the end: %d", rep.StatusCode)
	}
	r.clock.advance(time.Nanosecond)
	if rep := r.api("GET", "/v1.0/me", got.Access, ""); rep.StatusCode != http.StatusUnauthorized {
		t.Errorf("at the end: %d", rep.StatusCode)
	}
}
