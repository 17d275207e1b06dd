package web

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
)

const password = "correct horse battery"

// post sends a form as a browser does from our own page.
func (g *rig) post(b browser, target string, form url.Values) *httptest.ResponseRecorder {
	g.t.Helper()
	return g.sendWith(b, http.MethodPost, target, form.Encode(), "same-origin")
}

func (g *rig) sendWith(b browser, method, target, body, site string) *httptest.ResponseRecorder {
	g.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	for _, cookie := range b {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	for _, cookie := range w.Result().Cookies() {
		if cookie.MaxAge < 0 {
			delete(b, cookie.Name)
			continue
		}
		b[cookie.Name] = cookie
	}
	return w
}

// operator is a browser that is signed in.
func (g *rig) operator() browser {
	g.t.Helper()
	code, _, err := g.operators.NewCode(g.t.Context())
	g.must(err)
	b := browser{}
	redirects(g.t, g.post(b, "/first-run", url.Values{"code": {code}, "name": {"maria"}, "password": {password}, "again": {password}}), "/overview?done=first_run")
	return b
}

var tokenField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// form is the token that the forms of a page show, with more fields.
func (g *rig) form(b browser, fields ...string) url.Values {
	g.t.Helper()
	found := tokenField.FindStringSubmatch(g.get(b, "/account").Body.String())
	if found == nil {
		g.t.Fatal("no form shows a token")
	}
	v := url.Values{"csrf": {found[1]}}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	return v
}

func TestTheFirstRunMakesAnOperatorWhoIsSignedIn(t *testing.T) {
	g := newRig(t, public)
	code, _, err := g.operators.NewCode(t.Context())
	g.must(err)
	b := browser{}
	shows(t, g.get(b, "/sign-in"), 200, "Nobody has set a password", "valetkey operator reset")
	shows(t, g.get(b, "/first-run?code="+code), 200, "Set your password", `value="`+code+`"`)
	form := func(name, first, second string) url.Values {
		return url.Values{"code": {code}, "name": {name}, "password": {first}, "again": {second}}
	}
	shows(t, g.post(b, "/first-run", form("maria", password, "other")), 400, `id="again-fault"`, `aria-describedby="again-fault"`)
	shows(t, g.post(b, "/first-run", form("Not A Name", password, password)), 400, `id="name-fault"`)
	shows(t, g.post(b, "/first-run", form("maria", "short", "short")), 400, `id="password-fault"`, "12 characters")
	redirects(t, g.post(b, "/first-run", form("maria", password, password)), "/overview?done=first_run")
	shows(t, g.get(b, "/overview?done=first_run"), 200, "Welcome", "maria", "Sign out")
	shows(t, g.post(browser{}, "/first-run", form("eve", password, password)), 403, "used before")
	cookie := b["__Host-valetkey_session"]
	if cookie == nil || !cookie.Secure || !cookie.HttpOnly || cookie.Path != "/" || cookie.SameSite != http.SameSiteLaxMode || cookie.Domain != "" {
		t.Errorf("%+v", cookie)
	}
	redirects(t, g.get(b, "/"), "/overview")
}

func TestWhoeverIsNotSignedInIsAskedToAndComesBack(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	for _, path := range []string{"/connections", "/connections/mail", "/connections/mail/status", "/connections/mail/export", "/clients", "/providers", "/providers/fake", "/keys", "/calendar", "/account"} {
		redirects(t, g.get(browser{}, path), "/sign-in?next="+url.QueryEscape(path))
	}
	redirects(t, g.get(browser{}, "/overview"), "/sign-in")
	for _, path := range []string{"/connections/mail/delete", "/connections/mail/revoke", "/connections/mail/refresh", "/connections/mail/call", "/keys", "/sign-out"} {
		redirects(t, g.post(browser{}, path, nil), "/sign-in")
	}
	redirects(t, g.post(b, "/sign-out", g.form(b)), "/sign-in?done=signed_out")
	redirects(t, g.get(b, "/overview"), "/sign-in")
	shows(t, g.post(b, "/sign-in", url.Values{"name": {"maria"}, "password": {"wrong"}}), 401, "not right", `value="maria"`)
	redirects(t, g.post(b, "/sign-in", url.Values{"name": {"maria"}, "password": {password}, "next": {"/connections?q=a"}}), "/connections?q=a")
	for _, elsewhere := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", "evil", "/a\nb", ""} {
		redirects(t, g.post(browser{}, "/sign-in", url.Values{"name": {"maria"}, "password": {password}, "next": {elsewhere}}), "/overview")
	}
}

func TestAFormFromElsewhereOrWithoutItsTokenChangesNothing(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	form := g.form(b)
	shows(t, g.sendWith(b, "POST", "/connections/mail/delete", form.Encode(), "cross-site"), 403, "did not come from a page of this server")
	shows(t, g.sendWith(b, "POST", "/sign-in", url.Values{"name": {"maria"}, "password": {password}}.Encode(), "cross-site"), 403, "did not come from")
	for _, forged := range []url.Values{nil, {"csrf": {""}}, {"csrf": {"x"}}, {"csrf": {b["__Host-valetkey_session"].Value}}} {
		shows(t, g.post(b, "/connections/mail/delete", forged), 403, "did not come from a page of this server")
	}
	other := browser{}
	redirects(t, g.post(other, "/sign-in", url.Values{"name": {"maria"}, "password": {password}}), "/overview")
	shows(t, g.post(other, "/connections/mail/delete", form), 403, "did not come from")
	if _, err := g.broker.Connection(t.Context(), "mail"); err != nil {
		t.Fatal(err)
	}
	redirects(t, g.post(b, "/connections/mail/delete", form), "/connections?done=deleted")
	if _, err := g.broker.Connection(t.Context(), "mail"); err == nil {
		t.Error("the connection is there still")
	}
}

func TestWrongPasswordsMakeTheNextAttemptWait(t *testing.T) {
	g := newRig(t, public)
	g.operator()
	wrong := url.Values{"name": {"maria"}, "password": {"wrong"}}
	for range 5 {
		shows(t, g.post(browser{}, "/sign-in", wrong), 401, "not right")
	}
	right := url.Values{"name": {"maria"}, "password": {password}}
	shows(t, g.post(browser{}, "/sign-in", right), 429, "Too many wrong passwords", "Wait 1 seconds")
	g.now = g.now.Add(2 * time.Second)
	redirects(t, g.post(browser{}, "/sign-in", right), "/overview")
}

func TestANewPasswordAndSigningOutEverywhereEndSessions(t *testing.T) {
	g := newRig(t, public)
	b, other := g.operator(), browser{}
	redirects(t, g.post(other, "/sign-in", url.Values{"name": {"maria"}, "password": {password}}), "/overview")
	shows(t, g.post(b, "/account/password", g.form(b, "old", "wrong", "password", "a much newer one", "again", "a much newer one")), 403, `id="old-fault"`)
	shows(t, g.post(b, "/account/password", g.form(b, "old", password, "password", "short", "again", "short")), 400, `id="password-fault"`)
	shows(t, g.post(b, "/account/password", g.form(b, "old", password, "password", "a much newer one", "again", "x")), 400, `id="again-fault"`)
	redirects(t, g.post(b, "/account/password", g.form(b, "old", password, "password", "a much newer one", "again", "a much newer one")), "/sign-in?done=password_changed")
	redirects(t, g.get(other, "/overview"), "/sign-in")
	for _, who := range []browser{b, other} {
		redirects(t, g.post(who, "/sign-in", url.Values{"name": {"maria"}, "password": {"a much newer one"}}), "/overview")
	}
	redirects(t, g.post(b, "/account/sign-out-everywhere", g.form(b)), "/sign-in?done=signed_out_everywhere")
	redirects(t, g.get(other, "/overview"), "/sign-in")
}

func TestASessionOverPlainHTTPHasAPlainCookie(t *testing.T) {
	g := newRig(t, "http://127.0.0.1:8539")
	if cookie := g.operator()["valetkey_session"]; cookie == nil || cookie.Secure || !cookie.HttpOnly {
		t.Errorf("%+v", cookie)
	}
}

func TestAConnectionsPageShowsWhatIsKnownAndNoSecret(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/connections/mail"), 200, "Nobody has authorized it yet", "Authorize</button>")
	flow := g.begin(api.AuthorizeRequest{}).Flow
	redirects(t, g.get(b, g.start(b, flow)), "/oauth/done/"+flow)
	w := g.get(b, "/connections/mail")
	shows(t, w, 200, "Active", "••••••••", "Authorize again", "<svg class=\"timeline\"", "<svg class=\"plot\"", "Authorized", "0 calls, 0 failed")
	if strings.Contains(w.Body.String(), "CANARY") {
		t.Error("a secret is on the page")
	}
	if w.Body.Len() > 60<<10 {
		t.Errorf("%d bytes", w.Body.Len())
	}
	if status := g.get(b, "/connections/mail/status"); status.Code != 200 || !strings.Contains(status.Body.String(), `"state":"active"`) {
		t.Errorf("%d %s", status.Code, status.Body)
	}
	export := g.get(b, "/connections/mail/export")
	if export.Code != 200 || !strings.Contains(export.Body.String(), "connections:") || strings.Contains(export.Body.String(), "CANARY") || !strings.Contains(export.Header().Get("Content-Disposition"), "mail.yaml") {
		t.Errorf("%v\n%s", export.Header(), export.Body)
	}
	shows(t, g.get(b, "/connections/nobody"), 404, "no connection named")
	shows(t, g.get(b, "/connections/mail/nothing"), 404)
}

func TestAConnectionIsAuthorizedRenewedAndGivenUpFromItsPage(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	to := g.post(b, "/connections/mail/authorize", g.form(b)).Header().Get("Location")
	shows(t, g.get(b, to), 200, "Go to the provider")
	callback := g.start(b, strings.TrimPrefix(to, "/oauth/done/"))
	redirects(t, g.get(b, callback), public+"/connections/mail")
	redirects(t, g.post(b, "/connections/mail/refresh", g.form(b)), "/connections/mail?done=refreshed")
	if c, _ := g.broker.Connection(t.Context(), "mail"); c.Generation != 2 {
		t.Errorf("generation %d", c.Generation)
	}
	shows(t, g.get(b, "/connections/mail/revoke"), 200, "Give up mail?", "Keep it")
	redirects(t, g.post(b, "/connections/mail/revoke", g.form(b)), "/connections/mail?done=revoked")
	shows(t, g.get(b, "/connections/mail?done=revoked"), 200, "Revoked", "The grant was given up.")
	shows(t, g.get(b, "/connections/mail/delete"), 200, "Delete mail?")
}

func TestTheConsoleShowsTheAnswerAndTheSameCallElsewhere(t *testing.T) {
	g := newRig(t, public)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"path":%q,"x":"<script>alert(1)</script>","sent":%q}`, r.URL.Path, r.Header.Get("X-Test"))
	}))
	t.Cleanup(upstream.Close)
	c, err := g.broker.Connection(t.Context(), "mail")
	g.must(err)
	c.API = &api.CallSettings{BaseURL: upstream.URL, Test: &api.TestRequest{Path: "/ping"}}
	_, err = g.broker.PutConnection(t.Context(), "mail", c.ConnectionSpec)
	g.must(err)
	b := g.operator()
	flow := g.begin(api.AuthorizeRequest{}).Flow
	g.get(b, g.start(b, flow))

	follow := func(w *httptest.ResponseRecorder) string {
		t.Helper()
		to, _, _ := strings.Cut(w.Header().Get("Location"), "#")
		if w.Code != 303 || !strings.HasPrefix(to, "/connections/mail?") {
			t.Fatalf("%d to %q", w.Code, to)
		}
		return to
	}
	follow(g.post(b, "/connections/mail/debug", g.form(b, "minutes", "5")))
	to := follow(g.post(b, "/connections/mail/call", g.form(b, "method", "POST", "path", "/it's", "headers", "X-Test: a'b", "body", `{"a":1}`)))
	w := g.get(b, to)
	shows(t, w, 200, "200 OK", "&#34;/it&#39;s&#34;")
	text := html.UnescapeString(w.Body.String())
	for _, want := range []string{`valetkey call mail POST '/it'\''s' -H 'X-Test: a'\''b' -d '{"a":1}'`, "$VALETKEY_KEY", `vk.HTTPClient("mail")`, public + "/proxy/mail/"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not shown", want)
		}
	}
	if strings.Contains(w.Body.String(), "<script>alert") || strings.Contains(text, "CANARY") {
		t.Error("the answer is not escaped, or a token is shown")
	}
	other := browser{}
	redirects(t, g.post(other, "/sign-in", url.Values{"name": {"maria"}, "password": {password}}), "/overview")
	if strings.Contains(g.get(other, to).Body.String(), "200 OK") {
		t.Error("another session sees the answer")
	}
	shows(t, g.get(b, "/connections/mail"), 200, "1 calls, 0 failed", "POST /it&#39;s", "X-Test", "••••")
	shows(t, g.get(b, follow(g.post(b, "/connections/mail/test", g.form(b)))), 200, "Token: works", "Request: works", "GET /ping was answered 200 OK")
	shows(t, g.get(b, follow(g.post(b, "/connections/mail/call", g.form(b, "method", "GET", "path", "/", "headers", "nonsense")))), 200, "not written as Name: value")
	follow(g.post(b, "/connections/mail/debug", g.form(b, "minutes", "0")))
	if strings.Contains(g.get(b, "/connections/mail").Body.String(), "POST /it") {
		t.Error("what was kept is there still")
	}
}

func TestAnOperationIsRunFromItsPage(t *testing.T) {
	g := newRig(t, public)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/files" {
			_, _ = fmt.Fprint(w, strings.Repeat(" ", 3), "[", strings.Repeat(`{"n":1},`, 80), `{"n":2}]`)
			return
		}
		_, _ = fmt.Fprintf(w, `[{"path":%q,"top":%q}]`, r.URL.Path, r.URL.Query().Get("top"))
	}))
	t.Cleanup(upstream.Close)
	c, err := g.broker.Connection(t.Context(), "mail")
	g.must(err)
	c.API = &api.CallSettings{BaseURL: upstream.URL}
	c.Operations = map[string]api.Operation{
		"folder": {Title: "Read a folder", Path: "/folders/{folder}", Parameters: map[string]api.OperationParameter{
			"folder": {Description: "which one"}, "top": {Type: api.TypeInteger, Default: 7},
		}},
		"files": {Path: "/files", Destructive: true},
	}
	_, err = g.broker.PutConnection(t.Context(), "mail", c.ConnectionSpec)
	g.must(err)
	b := g.operator()
	flow := g.begin(api.AuthorizeRequest{}).Flow
	g.get(b, g.start(b, flow))
	shows(t, g.get(b, "/connections/mail"), 200, `href="/connections/mail/operations/folder"`, "Read a folder")
	shows(t, g.get(b, "/connections/mail/operations/folder"), 200, "which one", `name="p.top" value="7"`, `name="p.folder"`)
	shows(t, g.get(b, "/connections/mail/operations/files"), 200, "cannot be taken back")
	shows(t, g.get(b, "/connections/mail/operations/nothing"), 404)
	run := func(operation string, fields ...string) *httptest.ResponseRecorder {
		t.Helper()
		w := g.post(b, "/connections/mail/operations/"+operation, g.form(b, fields...))
		to, _, _ := strings.Cut(w.Header().Get("Location"), "#")
		if w.Code != 303 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return g.get(b, to)
	}
	shows(t, run("folder", "p.folder", "in/box", "p.top", "3"), 200, "1 items.", "/folders/in/box", `value="in/box"`, "valetkey run mail folder")
	shows(t, run("folder", "p.folder", "a", "p.top", "many"), 200, `role="alert"`, "top")
	shows(t, run("files"), 200, "50 items.", "There are more")
}

func TestListsAreSearchedPagedAndActedUpon(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	c, err := g.broker.Connection(t.Context(), "mail")
	g.must(err)
	for i := range 120 {
		spec := c.ConnectionSpec
		spec.Tags = map[string]string{"team": fmt.Sprint(i % 3)}
		_, err := g.broker.PutConnection(t.Context(), fmt.Sprintf("c%03d", i), spec)
		g.must(err)
	}
	next := regexp.MustCompile(`rel="next" href="([^"]+)"`)
	seen, to := 0, "/connections?tag=team%3D1"
	for to != "" {
		w := g.get(b, to)
		shows(t, w, 200, "c0", "team=1")
		if w.Body.Len() > 60<<10 {
			t.Errorf("%d bytes", w.Body.Len())
		}
		seen += strings.Count(w.Body.String(), "data-row")
		to = ""
		if found := next.FindStringSubmatch(w.Body.String()); found != nil {
			to = html.UnescapeString(found[1])
		}
		if seen > 200 {
			t.Fatal("the pages go round")
		}
	}
	if seen != 40 {
		t.Errorf("%d connections on all pages, want 40", seen)
	}
	for query, want := range map[string]int{"": 50, "q=c11": 10, "q=%25": 0, "state=active": 0, "state=new&provider=fake": 50, "client=nobody": 0, "sort=last_used": 50, "sort=refresh_expires": 0} {
		if got := strings.Count(g.get(b, "/connections?"+query).Body.String(), "data-row"); got != want {
			t.Errorf("%q: %d rows, want %d", query, got, want)
		}
	}
	shows(t, g.get(b, "/connections?q=zzz"), 200, "Nothing found")
	shows(t, g.get(b, "/connections?tag=team"), 400, "key=value")
	shows(t, g.get(b, "/connections?state=odd"), 400)
	w := g.post(b, "/connections/bulk", g.form(b, "action", "links", "name", "c001", "name", "c002", "name", "gone", "q", "c00"))
	to = w.Header().Get("Location")
	if w.Code != 303 || !strings.HasPrefix(to, "/connections?q=c00&shown=") {
		t.Fatalf("%d to %s", w.Code, to)
	}
	shows(t, g.get(b, to), 200, "Done for 2", public+"/oauth/start/", "Not done for 1", "gone")
	shows(t, g.get(b, "/overview"), 200, "121", "Nobody has authorized it yet")
}

func TestAWholeListIsActedUponBehindItsPage(t *testing.T) {
	g := newRig(t, public)
	g.withLinks(public)
	b := g.operator()
	c, err := g.broker.Connection(t.Context(), "mail")
	g.must(err)
	for i := range 120 {
		_, err := g.broker.PutConnection(t.Context(), fmt.Sprintf("c%03d", i), c.ConnectionSpec)
		g.must(err)
	}
	shows(t, g.get(b, "/connections?q=c1"), 200, "c119")
	if strings.Contains(g.get(b, "/connections?q=c1").Body.String(), `name="all"`) {
		t.Error("a list of one page offers all its pages")
	}
	shows(t, g.get(b, "/connections?q=c"), 200, `name="all"`)
	ends := func(action, says string) string {
		to := g.post(b, "/connections/bulk", g.form(b, "action", action, "all", "1", "q", "c", "name", "c001")).Header().Get("Location")
		if !strings.HasPrefix(to, "/bulk/") {
			t.Fatalf("the work is at %q", to)
		}
		for !strings.Contains(g.get(b, to+"/status").Body.String(), "120.true") {
			runtime.Gosched()
		}
		w := g.get(b, to)
		shows(t, w, 200, "120 of 120 connections", says)
		if w.Body.Len() > 60<<10 {
			t.Errorf("%d bytes", w.Body.Len())
		}
		return to
	}
	table := g.get(b, ends("ask", "Save the links")+"/links.csv")
	if lines := strings.Split(strings.TrimSpace(table.Body.String()), "\n"); len(lines) != 121 || !strings.HasPrefix(lines[1], "c000,"+public+"/connect/") || table.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%d lines, the second %q", len(lines), lines[1])
	}
	ends("links", "The others are in the table")
	to := ends("refresh", "120 could not be done") // nobody has authorized them
	shows(t, g.post(b, "/connections/bulk", g.form(b, "action", "dance", "all", "1")), 400)
	shows(t, g.get(b, "/bulk/nothing"), 404)
	shows(t, g.get(g.operator(), to), 404, "not known any more") // another session
}

func TestAKeyIsMadeShownOnceAndRevoked(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/keys"), 200, "No keys yet")
	shows(t, g.post(b, "/keys", g.form(b, "name", "Not A Name", "role", "caller")), 400, `id="name-fault"`, `aria-describedby="name-fault"`)
	shows(t, g.post(b, "/keys", g.form(b, "name", "a", "role", "caller", "days", "x")), 400, `id="days-fault"`)
	shows(t, g.post(b, "/keys", g.form(b, "name", "a", "role", "operator", "connections", "mail")), 400, `id="connections-fault"`)
	w := g.post(b, "/keys", g.form(b, "name", "reports", "role", "proxy", "connections", "mail, files", "days", "3"))
	to := w.Header().Get("Location")
	if w.Code != 303 || strings.Contains(to, "vk_") {
		t.Fatalf("%d to %s", w.Code, to)
	}
	made := regexp.MustCompile(`vk_[A-Za-z0-9_-]{43}`)
	if !made.MatchString(g.get(b, to).Body.String()) || made.MatchString(g.get(b, to).Body.String()) {
		t.Error("the key is not shown, or shown twice")
	}
	shows(t, g.get(b, "/keys"), 200, "reports", "files mail")
	shows(t, g.get(b, "/calendar"), 200, "reports")
	shows(t, g.get(b, "/overview"), 200, "Ends within two weeks", "reports")
	redirects(t, g.post(b, "/keys/reports/revoke", g.form(b)), "/keys?done=key_revoked")
	shows(t, g.get(b, "/keys?done=key_revoked"), 200, "The key was revoked", "No keys yet")
}

func TestClientsAndProvidersAreListed(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	w := g.get(b, "/clients")
	shows(t, w, 200, "fake", "••••")
	if strings.Contains(w.Body.String(), "CANARY") {
		t.Error("a secret is on the page")
	}
	shows(t, g.get(b, "/providers?q=microsoft"), 200, "microsoft")
	shows(t, g.get(b, "/providers?q=zzzzqq"), 200, "Nothing found")
	shows(t, g.get(b, "/providers/fake"), 200, "your own", "token_endpoint")
	shows(t, g.get(b, "/providers/nobody"), 404)
	for after, pages := "", 0; ; pages++ {
		w := g.get(b, "/providers?after="+after)
		if w.Body.Len() > 60<<10 {
			t.Errorf("%d bytes", w.Body.Len())
		}
		found := regexp.MustCompile(`rel="next" href="[^"]*after=([^"&]+)"`).FindStringSubmatch(w.Body.String())
		if found == nil {
			break
		}
		if after = found[1]; pages > 100 {
			t.Fatal("the pages go round")
		}
	}
}

func TestASessionEndsByItself(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	g.now = g.now.Add(access.SessionIdle)
	redirects(t, g.get(b, "/overview"), "/sign-in")
}
