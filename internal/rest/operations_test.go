package rest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/call"
)

// apiFunc answers in place of an API.
type apiFunc func(w http.ResponseWriter, path string)

// Do implements [Engine].
func (f apiFunc) Do(_ context.Context, _ string, r call.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	f(rec, r.Path)
	return rec.Result(), nil
}

// withOperations is a server whose connection robot has the operation list
// and whose API is h.
func withOperations(t *testing.T, h apiFunc) *server {
	t.Helper()
	s := newTestServer(t)
	_, err := s.broker.PutConnection(t.Context(), "robot", api.ConnectionSpec{Client: "app", Grant: "client_credentials", Operations: map[string]api.Operation{
		"list": {Path: "/items", Items: "/value", Parameters: map[string]api.OperationParameter{"top": {Type: "integer"}}},
	}})
	s.must(err)
	s.config.Engine = h
	s.start()
	return s
}

// lineRequest runs the operation with its items as lines.
func (s *server) lineRequest(key, body string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.http.URL+"/v1/connections/robot/operations/list/run", strings.NewReader(body))
	s.must(err)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Accept", "application/x-ndjson")
	return r
}

// twoPages is an API of two pages; the second is what after writes.
func twoPages(after func(http.ResponseWriter)) apiFunc {
	return func(w http.ResponseWriter, path string) {
		w.Header().Set("Content-Type", "application/json")
		if !strings.Contains(path, "page=2") {
			_, _ = io.WriteString(w, `{"value":[{"b": 1, "a": 1.50}],"@odata.nextLink":"items?page=2"}`)
			return
		}
		after(w)
	}
}

func TestARunGivesAllPagesAsOneDocumentOrAsLines(t *testing.T) {
	s := withOperations(t, twoPages(func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"value":[2]}`) }))
	key := s.key(api.RoleProxy, "robot")
	got := s.send(key, "POST", "/v1/connections/robot/operations/list/run", `{"params":{"top":"5"}}`)
	if got.StatusCode != 200 || strings.TrimSpace(got.body) != `{"items":[{"b":1,"a":1.50},2],"pages":2,"more":false}` {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	got = s.do(s.lineRequest(key, `{"limit":1}`))
	if got.Header.Get("Content-Type") != mediaLines || got.body != "{\"b\":1,\"a\":1.50}\n" {
		t.Errorf("%q", got.body)
	}
}

func TestOperationsAreListedToWhoMayReadTheConnection(t *testing.T) {
	s := withOperations(t, nil)
	got := s.send(s.key(api.RoleViewer), "GET", "/v1/connections/robot/operations", "")
	var list api.OperationList
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || list.Operations["list"].Path != "/items" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if got := s.send(s.key(api.RoleProxy, "mail"), "GET", "/v1/connections/robot/operations", ""); got.StatusCode == 200 {
		t.Error("a key of another connection reads its operations")
	}
	if got := s.send(s.key(api.RoleViewer), "POST", "/v1/connections/robot/operations/list/run", ""); got.StatusCode != 403 {
		t.Errorf("a viewer ran an operation: %d", got.StatusCode)
	}
}

func TestAWrongRunIsAProblemBeforeAnythingIsSent(t *testing.T) {
	s := withOperations(t, func(http.ResponseWriter, string) { t.Error("a request was sent") })
	key := s.key(api.RoleCaller)
	for path, want := range map[string]struct {
		body   string
		status int
	}{"lst": {"", 404}, "list": {`{"params":{"tpo":1}}`, 400}} {
		got := s.send(key, "POST", "/v1/connections/robot/operations/"+path+"/run", want.body)
		if got.StatusCode != want.status || !strings.Contains(got.body, "did you mean") {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.body)
		}
	}
}

func TestAnErrorOnALaterPageIsTheLastLineOfAnAnswerThatBreaksOff(t *testing.T) {
	s := withOperations(t, twoPages(func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }))
	response, err := http.DefaultClient.Do(s.lineRequest(s.key(api.RoleCaller), ""))
	s.must(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	if err == nil || len(lines) != 2 || !strings.HasPrefix(lines[1], `{"valetkey_error":{`) || !strings.Contains(lines[1], "502") {
		t.Errorf("%q, %v", body, err)
	}
	got := s.send(s.key(api.RoleCaller), "POST", "/v1/connections/robot/operations/list/run", "")
	if got.Header.Get("Valetkey-Error") != string(api.CodeUpstream) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

func TestAnAnswerInXMLGoesThroughAsItIs(t *testing.T) {
	s := withOperations(t, func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, "<a>1</a>")
	})
	key := s.key(api.RoleCaller)
	for _, got := range []reply{s.send(key, "POST", "/v1/connections/robot/operations/list/run", ""), s.do(s.lineRequest(key, ""))} {
		if got.body != "<a>1</a>" || got.Header.Get("Content-Type") != "text/xml" || got.Header.Get("Content-Disposition") != "attachment" {
			t.Errorf("%v %q", got.Header, got.body)
		}
	}
}

func TestARunThatTheLimitsHoldBackSaysSo(t *testing.T) {
	s := withOperations(t, func(w http.ResponseWriter, _ string) {
		w.Header().Set("Valetkey-Error", "rate_limited")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	got := s.send(s.key(api.RoleCaller), "POST", "/v1/connections/robot/operations/list/run", "")
	if got.Header.Get("Valetkey-Error") != string(api.CodeRateLimited) {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}
