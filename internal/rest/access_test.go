package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/tunnel"
)

// withoutID is a body but for what differs from request to request.
func withoutID(r reply) string {
	return strings.ReplaceAll(r.body, r.Header.Get("Valetkey-Request-Id"), "ID")
}

func TestP29_AConnectionOutOfReachIsAnsweredLikeOneThatDoesNotExist(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	routes := []struct{ method, path, body string }{
		{"GET", "/v1/connections/NAME", ""},
		{"DELETE", "/v1/connections/NAME", ""},
		{"PATCH", "/v1/connections/NAME", `{"description":"x"}`},
		{"POST", "/v1/connections/NAME/authorize", ""},
		{"GET", "/v1/connections/NAME/token", ""},
		{"POST", "/v1/connections/NAME/refresh", ""},
		{"POST", "/v1/connections/NAME/revoke", ""},
		{"POST", "/v1/connections/NAME/test", ""},
		{"POST", "/v1/connections/NAME/call", `{"path":"/me"}`},
		{"GET", "/v1/connections/NAME/events", ""},
		{"GET", "/proxy/NAME/me", ""},
	}
	for _, role := range []api.Role{api.RoleCaller, api.RoleProxy, api.RoleViewer} {
		limited := s.key(role, "mail", "gone")
		for _, route := range routes {
			t.Run(string(role)+" "+route.method+" "+route.path, func(t *testing.T) {
				at := func(key, name string) reply {
					return s.send(key, route.method, strings.Replace(route.path, "NAME", name, 1), route.body)
				}
				hidden := at(limited, "robot")
				hidden.problem(t, http.StatusNotFound, api.CodeNotFound)
				for what, missing := range map[string]reply{
					"to the same key": at(limited, "nobot"),
					"to an operator":  at(operator, "nobot"),
				} {
					same := strings.ReplaceAll(withoutID(missing), "nobot", "robot")
					if withoutID(hidden) != same || missing.StatusCode != hidden.StatusCode {
						t.Errorf("%s a missing one is\n%s\nand the hidden one\n%s", what, same, withoutID(hidden))
					}
				}
			})
		}
	}
}

func TestAFlowOutOfReachIsAnsweredLikeOneThatDoesNotExist(t *testing.T) {
	s := newTestServer(t)
	var begun api.Authorization
	s.send(s.key(api.RoleOperator), "POST", "/v1/connections/mail/authorize", "").into(t, 200, &begun)
	limited, reaching := s.key(api.RoleCaller, "robot"), s.key(api.RoleCaller, "mail")
	hidden, missing := s.send(limited, "GET", "/v1/flows/"+begun.Flow, ""), s.send(limited, "GET", "/v1/flows/unknown", "")
	hidden.problem(t, 404, api.CodeNotFound)
	if withoutID(hidden) != withoutID(missing) {
		t.Errorf("hidden %s, missing %s", withoutID(hidden), withoutID(missing))
	}
	var flow api.Flow
	s.send(reaching, "GET", "/v1/flows/"+begun.Flow, "").into(t, 200, &flow)
	if flow.Status != api.FlowPending || flow.Connection != "mail" {
		t.Errorf("flow %+v", flow)
	}
}

func TestARoleReachesTheRoutesThatAreItsOwn(t *testing.T) {
	s := newTestServer(t)
	const no, ok = http.StatusForbidden, http.StatusOK
	tests := []struct {
		method, path, body              string
		operator, caller, proxy, viewer int
	}{
		{"GET", "/v1/providers", "", ok, no, no, ok},
		{"GET", "/v1/providers/fake", "", ok, no, no, ok},
		{"GET", "/v1/clients/app", "", ok, no, no, ok},
		{"GET", "/v1/keys", "", ok, no, no, ok},
		{"POST", "/v1/keys", `{"name":"Wrong"}`, 400, no, no, no},
		{"PUT", "/v1/clients/app", `{"x":1}`, 400, no, no, no},
		{"GET", "/v1/connections", "", ok, ok, ok, ok},
		{"GET", "/v1/connections/robot", "", ok, ok, ok, ok},
		{"GET", "/v1/connections/robot/events", "", ok, ok, ok, ok},
		{"PATCH", "/v1/connections/robot", `{"description":"x"}`, ok, no, no, no},
		{"GET", "/v1/connections/robot/token", "", ok, ok, no, no},
		{"POST", "/v1/connections/robot/proof", `{"method":"GET","url":"https://api.contoso.example/"}`, http.StatusConflict, http.StatusConflict, no, no},
		{"POST", "/v1/clients/new/registration", `{"provider":"nowhere"}`, http.StatusNotFound, no, no, no},
		{"DELETE", "/v1/clients/new/registration", "", http.StatusNotFound, no, no, no},
		{"POST", "/v1/connections/robot/call", `{"path":"/x"}`, ok, ok, ok, no},
		{"POST", "/v1/connections/robot/test", "", ok, ok, ok, no},
		{"GET", "/proxy/robot/x", "", ok, ok, ok, no},
		{"POST", "/v1/connections/robot/refresh", "", ok, no, no, no},
		{"POST", "/v1/connections/mail/authorize", "", ok, no, no, no},
		{"GET", "/v1/version", "", ok, ok, ok, ok},
	}
	for _, tt := range tests {
		for role, want := range map[api.Role]int{
			api.RoleOperator: tt.operator, api.RoleCaller: tt.caller, api.RoleProxy: tt.proxy, api.RoleViewer: tt.viewer,
		} {
			reply := s.send(s.key(role), tt.method, tt.path, tt.body)
			if reply.StatusCode != want {
				t.Errorf("%s %s %s: %d, want %d: %s", role, tt.method, tt.path, reply.StatusCode, want, reply.body)
			}
		}
	}
}

func TestEveryRouteButThePublicOnesAsksForAKey(t *testing.T) {
	s := newTestServer(t)
	public := map[string]bool{"/healthz": true, "/readyz": true, "/openapi.json": true, "/docs": true}
	for _, route := range newServer(s.config).routes {
		path := strings.NewReplacer("{name}", "mail", "{id}", "x").Replace(route.path())
		if path == tunnel.Path {
			continue // it asks for an agent's token: agents_test.go
		}
		reply := s.send("", route.method(), path, "")
		if public[path] {
			reply.into(t, 200, nil)
			continue
		}
		if strings.HasPrefix(path, "/oauth/client/") { // for providers; there is no such document
			reply.problem(t, http.StatusNotFound, api.CodeNotFound)
			continue
		}
		reply.problem(t, http.StatusUnauthorized, api.CodeUnauthenticated)
		if reply.Header.Get("WWW-Authenticate") != `Bearer realm="valetkey"` {
			t.Errorf("%s: WWW-Authenticate %q", route.pattern, reply.Header.Get("WWW-Authenticate"))
		}
	}
	s.send("", "GET", "/proxy/mail/x", "").problem(t, 401, api.CodeUnauthenticated)
	s.send("vk_wrong", "GET", "/v1/version", "").problem(t, 401, api.CodeUnauthenticated)
}

func TestAKeyMayComeInEitherHeader(t *testing.T) {
	s := newTestServer(t)
	key := s.key(api.RoleProxy)
	tests := map[string]struct {
		header http.Header
		want   int
	}{
		"its own header":              {http.Header{"X-Valetkey-Key": {key}}, 200},
		"bearer in small letters":     {http.Header{"Authorization": {"bearer " + key}}, 200},
		"its own beside the API's":    {http.Header{"X-Valetkey-Key": {key}, "Authorization": {"Basic YTpi"}}, 200},
		"basic":                       {http.Header{"Authorization": {"Basic " + key}}, 401},
		"no scheme":                   {http.Header{"Authorization": {key}}, 401},
		"two keys":                    {http.Header{"X-Valetkey-Key": {key, key}}, 401},
		"two authorizations":          {http.Header{"Authorization": {"Bearer " + key, "Bearer x"}}, 401},
		"a wrong one of its own wins": {http.Header{"X-Valetkey-Key": {"x"}, "Authorization": {"Bearer " + key}}, 401},
	}
	for name, tt := range tests {
		for _, path := range []string{"/v1/version", "/proxy/robot/x"} {
			request, err := http.NewRequestWithContext(t.Context(), "GET", s.http.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header = tt.header.Clone()
			if reply := s.do(request); reply.StatusCode != tt.want {
				t.Errorf("%s at %s: %d, want %d: %s", name, path, reply.StatusCode, tt.want, reply.body)
			}
		}
	}
}

func TestAKeyNeverReachesTheAPI(t *testing.T) {
	s := newTestServer(t)
	key := s.key(api.RoleProxy)
	request, err := http.NewRequestWithContext(t.Context(), "GET", s.http.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.URL.Opaque = "/proxy/robot/a%2Fb/c?x=1" // goes out as it stands
	request.Header.Set("X-Valetkey-Key", key)
	request.Header.Set("Authorization", "Bearer "+key)
	s.do(request).into(t, 200, nil)
	got := <-s.seen
	if got.Header.Get("Authorization") != "Bearer "+accessToken {
		t.Errorf("the API was shown %q", got.Header.Get("Authorization"))
	}
	for name, values := range got.Header {
		if strings.Contains(strings.Join(values, " "), key) {
			t.Errorf("the header %s carried the key on", name)
		}
	}
	if got.URL.EscapedPath() != "/api/a%2Fb/c" {
		t.Errorf("the path arrived as %s", got.URL.EscapedPath())
	}
}

func TestANameHiddenInEscapesReachesNothing(t *testing.T) {
	s := newTestServer(t)
	limited := s.key(api.RoleProxy, "mail")
	for _, target := range []string{
		"/proxy/%72obot/x", "/proxy/mail%2F..%2Frobot/x", "/proxy/mail%3F/x", "/proxy//robot/x", "/proxy/", "/proxy/..%2Frobot/x",
	} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", s.http.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Opaque = target
		request.Header.Set("X-Valetkey-Key", limited)
		s.do(request).problem(t, 404, api.CodeNotFound)
	}
	select {
	case r := <-s.seen:
		t.Errorf("%s reached the API", r.URL)
	default:
	}
}

func TestTheSocketsCallerIsTheOperatorAndNobodyElseIs(t *testing.T) {
	s := newTestServer(t)
	handler := New(s.config)
	for name, tt := range map[string]struct {
		handler http.Handler
		want    int
	}{"socket": {AsOperator(handler), 200}, "network": {handler, 401}} {
		answer := serve(tt.handler, "GET", "/v1/keys", "")
		if answer.Code != tt.want {
			t.Errorf("%s: %d, want %d", name, answer.Code, tt.want)
		}
	}
	if answer := serve(AsOperator(handler), "GET", "/proxy/robot/x", ""); answer.Code != 200 {
		t.Errorf("proxy: %d %s", answer.Code, answer.Body)
	}
}

func TestAPageOfAnotherSiteCannotWrite(t *testing.T) {
	s := newTestServer(t)
	handler := AsOperator(New(s.config))
	request := newRequest("POST", "/v1/keys", `{"name":"evil"}`)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	answer := record(handler, request)
	if answer.Code != 403 || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if len(s.allKeys()) != 0 {
		t.Error("a key was made")
	}
}
