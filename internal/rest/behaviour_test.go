package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
)

func newRequest(method, path, body string) *http.Request {
	return httptest.NewRequest(method, path, strings.NewReader(body))
}

func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func serve(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	return record(h, newRequest(method, path, body))
}

func TestAnAuthorizationGoesFromBegunToATokenToRevoked(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	s.send(operator, "GET", "/v1/connections/mail/token", "").problem(t, 409, api.CodeNeedsAuthorization)
	var begun api.Authorization
	s.send(operator, "POST", "/v1/connections/mail/authorize", `{"prompt":"consent"}`).into(t, 200, &begun)
	if begun.AuthorizationURL != "https://valetkey.example/oauth/start/"+begun.Flow {
		t.Errorf("the Host header or nothing built %q", begun.AuthorizationURL)
	}
	s.authorize("mail")
	var token api.AccessToken
	s.send(operator, "GET", "/v1/connections/mail/token?min_ttl=5m", "").into(t, 200, &token)
	if token.AccessToken != accessToken || token.Generation != 1 || token.ExpiresAt == nil {
		t.Errorf("token %v generation %d", token.AccessToken == accessToken, token.Generation)
	}
	var c api.Connection
	s.send(operator, "POST", "/v1/connections/mail/refresh", "").into(t, 200, &c)
	if c.Generation != 2 || c.State != api.StateActive {
		t.Errorf("after refresh %+v", c.ConnectionStatus)
	}
	s.send(operator, "POST", "/v1/connections/mail/revoke", "").into(t, 200, &c)
	if c.State != api.StateRevoked {
		t.Errorf("after revoke %s", c.State)
	}
	s.send(operator, "GET", "/v1/connections/mail/token", "").problem(t, 409, api.CodeRevoked)
	for _, wrong := range []string{"soon", "-5m", "5"} {
		s.send(operator, "GET", "/v1/connections/robot/token?min_ttl="+wrong, "").problem(t, 400, api.CodeInvalid)
	}
}

func TestACallComesBackWhateverItsStatus(t *testing.T) {
	s := newTestServer(t)
	caller := s.key(api.RoleProxy)
	var answer api.CallResponse
	body := `{"method":"POST","path":"/items?a=1","query":{"b":["2","3"]},"header":{"x-trace":["t"]},"text":"hello"}`
	s.send(caller, "POST", "/v1/connections/robot/call", body).into(t, 200, &answer)
	if answer.Status != 200 || answer.Text != `{"method":"POST","uri":"/api/items?a=1&b=2&b=3","body":"hello"}` {
		t.Errorf("answer %+v", answer)
	}
	if got := <-s.seen; got.Header.Get("X-Trace") != "t" {
		t.Errorf("headers %v", got.Header)
	}
	answer = api.CallResponse{}
	s.send(caller, "POST", "/v1/connections/robot/call", `{"path":"/teapot"}`).into(t, 200, &answer)
	if answer.Status != http.StatusTeapot {
		t.Errorf("status %d", answer.Status)
	}
	answer = api.CallResponse{}
	s.send(caller, "POST", "/v1/connections/robot/call", `{"path":"/binary"}`).into(t, 200, &answer)
	if string(answer.Body) != "\xff\xfe\x00" || answer.Text != "" {
		t.Errorf("binary came back as %q %q", answer.Body, answer.Text)
	}
	s.send(caller, "POST", "/v1/connections/robot/call", `{"method":"POST","path":"/f","form":{"a":["1","2"]}}`).into(t, 200, &answer)
	if !strings.Contains(answer.Text, `"body":"a=1\u0026a=2"`) && !strings.Contains(answer.Text, `"body":"a=1&a=2"`) {
		t.Errorf("a form came as %s", answer.Text)
	}
	s.send(caller, "POST", "/v1/connections/robot/call", `{"path":"../../other"}`).problem(t, 400, api.CodeInvalid)
}

func TestAnAnswerTooLargeForJSONPointsToTheProxy(t *testing.T) {
	s := newTestServer(t)
	p := s.send(s.key(api.RoleCaller), "POST", "/v1/connections/robot/call", `{"path":"/huge"}`).problem(t, 502, api.CodeUpstream)
	if !strings.Contains(p.Detail, "32 MiB") || !strings.Contains(p.Hint, "/proxy/robot/") {
		t.Errorf("%q %q", p.Detail, p.Hint)
	}
}

func TestATestSaysHowFarItCame(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	var result api.TestResult
	s.send(operator, "POST", "/v1/connections/robot/test", "").into(t, 200, &result)
	if !result.OK || len(result.Legs) != 4 || !strings.Contains(result.Legs[1].Detail, "GET /me was answered 200 OK") || result.Status != 200 {
		t.Errorf("result %+v", result)
	}
	result = api.TestResult{}
	s.send(operator, "POST", "/v1/connections/robot/test?refresh=false", "").into(t, 200, &result)
	if !result.OK || len(result.Legs) != 2 {
		t.Errorf("without a renewal: %+v", result)
	}
	result = api.TestResult{}
	s.send(s.key(api.RoleCaller), "POST", "/v1/connections/robot/test", "").into(t, 200, &result)
	if !result.OK || len(result.Legs) != 2 {
		t.Errorf("a key that may not change the connection had its token renewed: %+v", result)
	}
	s.send(operator, "PATCH", "/v1/connections/robot", `{"api":{"test":{"path":"/teapot"}}}`).into(t, 200, nil)
	result = api.TestResult{}
	s.send(operator, "POST", "/v1/connections/robot/test", "").into(t, 200, &result)
	if result.OK || !result.Legs[0].OK || result.Legs[1].OK || result.Status != 418 {
		t.Errorf("result %+v", result)
	}
	s.send(operator, "POST", "/v1/connections/mail/test", "").problem(t, 409, api.CodeNeedsAuthorization)
}

func TestAPathWithoutARouteIsAProblemAndAWrongMethodNamesTheRightOnes(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for _, path := range []string{"/v1/nothing", "/v1/", "/v1/connections/mail/nothing", "/nothing"} {
		s.send(operator, "GET", path, "").problem(t, 404, api.CodeNotFound)
	}
	wrong := s.send(operator, "POST", "/v1/connections/mail", "")
	p := wrong.problem(t, http.StatusMethodNotAllowed, api.CodeInvalid)
	if wrong.Header.Get("Allow") != "GET, PUT, PATCH, DELETE" || !strings.Contains(p.Hint, "GET, PUT, PATCH, DELETE") {
		t.Errorf("Allow %q, hint %q", wrong.Header.Get("Allow"), p.Hint)
	}
}

func TestHealthIsAskedWithoutAKeyAndReadinessFollowsTheDatabase(t *testing.T) {
	s := newTestServer(t)
	s.send("", "GET", "/healthz", "").into(t, 200, nil)
	s.send("", "GET", "/readyz", "").into(t, 200, nil)
	s.config.Ready = func(context.Context) error { return errors.New("dial tcp 10.0.0.7: refused") }
	s.start()
	s.send("", "GET", "/healthz", "").into(t, 200, nil)
	reply := s.send("", "GET", "/readyz", "")
	p := reply.problem(t, 503, api.CodeUnavailable)
	if strings.Contains(reply.body, "10.0.0.7") || !strings.Contains(s.log.String(), "10.0.0.7") || !strings.Contains(s.log.String(), p.RequestID) {
		t.Errorf("answer %s\nlog %s", reply.body, s.log)
	}
}

func TestADefectIsLoggedUnderItsRequestAndNotShown(t *testing.T) {
	s := newTestServer(t)
	faulty := map[string]http.HandlerFunc{
		"panic":  func(http.ResponseWriter, *http.Request) { panic("with " + clientSecret) },
		"defect": func(_ http.ResponseWriter, r *http.Request) { r.URL = nil; _ = r.URL.Path },
	}
	for name, handler := range faulty {
		s.config.Web = handler
		s.start()
		reply := s.send("", "GET", "/anything", "")
		p := reply.problem(t, 500, api.CodeInternal)
		if !strings.Contains(s.log.String(), p.RequestID) || !strings.Contains(s.log.String(), "behaviour_test.go") {
			t.Errorf("%s: the log lacks the request or the place: %s", name, s.log)
		}
		if strings.Contains(reply.body+s.log.String(), clientSecret) {
			t.Errorf("%s: what was thrown is shown or logged", name)
		}
	}
}

func TestAnAbortedAnswerStaysAborted(t *testing.T) {
	s := newTestServer(t)
	s.config.Proxy = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		panic(http.ErrAbortHandler)
	})
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	serve(AsOperator(New(s.config)), "GET", "/proxy/robot/x", "")
	t.Error("the answer looks whole")
}

func TestAnErrorOfOursIsToldFromOneOfTheAPI(t *testing.T) {
	s := newTestServer(t)
	caller := s.key(api.RoleCaller)
	ours := s.send(caller, "GET", "/proxy/mail/x", "")
	if ours.problem(t, 409, api.CodeNeedsAuthorization); ours.Header.Get("Valetkey-Error") != "needs_authorization" {
		t.Errorf("headers %v", ours.Header)
	}
	theirs := s.send(caller, "GET", "/proxy/robot/teapot", "")
	if theirs.StatusCode != 418 || theirs.Header.Get("Valetkey-Error") != "" {
		t.Errorf("%d %v", theirs.StatusCode, theirs.Header)
	}
}

func TestAnAnswerIsNotStoredNorGuessedAt(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	for _, path := range []string{"/v1/connections", "/v1/connections/robot/token", "/v1/nothing", "/healthz"} {
		header := s.send(operator, "GET", path, "").Header
		for name, want := range map[string]string{
			"Cache-Control":           "no-store",
			"X-Content-Type-Options":  "nosniff",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy":         "no-referrer",
		} {
			if header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, header.Get(name))
			}
		}
	}
}

func TestWriteErrorShowsNothingOfAnErrorThatIsNotAFault(t *testing.T) {
	w := httptest.NewRecorder()
	WriteError(w, newRequest("GET", "/", ""), errors.New("sql: password "+clientSecret))
	if w.Code != 500 || strings.Contains(w.Body.String(), clientSecret) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	WriteError(w, newRequest("GET", "/", ""), fault.Wrap(errors.New(clientSecret), api.CodeBlocked, "blocked here").WithHint("ask <b>"))
	var p api.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Detail != "blocked here" || p.Hint != "ask <b>" || w.Code != 409 {
		t.Errorf("%v %d %+v", err, w.Code, p)
	}
}

// TestNoSecretIsInAnyAnswerOrLog walks every route, with good and bad input,
// at a server that holds known secrets.
func TestNoSecretIsInAnyAnswerOrLog(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	s.authorize("mail")
	bodies := []string{"", `{}`, `{"client_secret":"` + clientSecret, `{"path":"/x"}`, `{"client_secret":{"` + clientSecret + `":1}}`}
	for _, route := range newServer(s.config).routes {
		if strings.HasSuffix(route.path(), "/token") || route.method() == "DELETE" {
			continue
		}
		for _, name := range []string{"mail", "robot", "app", "fake", "missing"} {
			for _, body := range bodies {
				path := strings.NewReplacer("{name}", name, "{id}", "x").Replace(route.path())
				reply := s.send(operator, route.method(), path, body)
				for _, secret := range []string{accessToken, refreshToken, operator} {
					if strings.Contains(reply.body, secret) {
						t.Errorf("%s %s shows %s", route.method(), path, secret)
					}
				}
				if strings.Contains(reply.body, clientSecret) && !strings.Contains(body, `{"`+clientSecret) {
					t.Errorf("%s %s shows the client secret: %s", route.method(), path, reply.body)
				}
			}
		}
	}
	for _, secret := range []string{accessToken, refreshToken, clientSecret, operator} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}
