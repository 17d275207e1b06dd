package rest

import (
	"net/http"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestAServerInFrontGetsTheHeaderToPlace(t *testing.T) {
	s := newTestServer(t)
	key := s.key(api.RoleCaller, "robot")
	for _, route := range []struct{ method, path string }{
		{"GET", "/authz/robot"}, {"GET", "/authz/robot?min_ttl=1m"},
		{"POST", "/authz/robot"}, {"GET", "/authz/robot/v1/items?a=1&a=2"}, {"DELETE", "/authz/robot/v1/items"},
	} {
		got := s.send(key, route.method, route.path, "")
		if got.StatusCode != 200 || got.Header.Get("Authorization") != "Bearer "+accessToken || got.body != "" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %v %q", route.method, route.path, got.StatusCode, got.Header, got.body)
		}
	}
}

func TestTheHeaderToPlaceIsTheOneTheAPIWants(t *testing.T) {
	s := newTestServer(t)
	operator := s.key(api.RoleOperator)
	s.send(operator, "PATCH", "/v1/connections/robot", `{"api":{"token":{"name":"X-Token","scheme":""}}}`)
	if got := s.send(operator, "GET", "/authz/robot", ""); got.StatusCode != 200 || got.Header.Get("X-Token") != accessToken || got.Header.Get("Authorization") != "" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	s.send(operator, "PATCH", "/v1/connections/robot", `{"api":{"token":{"in":"query","name":"t"}}}`)
	s.send(operator, "GET", "/authz/robot", "").problem(t, http.StatusConflict, api.CodeNeedsConfiguration)
}

func TestOnlyWhoMayHoldTheTokenGetsTheHeader(t *testing.T) {
	s := newTestServer(t)
	for name, test := range map[string]struct {
		key, path string
		status    int
		code      api.Code
	}{
		"no key":             {"", "/authz/robot", 401, api.CodeUnauthenticated},
		"a proxy's key":      {s.key(api.RoleProxy, "robot"), "/authz/robot", 403, api.CodeForbidden},
		"out of reach":       {s.key(api.RoleCaller, "mail"), "/authz/robot", 404, api.CodeNotFound},
		"out of reach, path": {s.key(api.RoleCaller, "mail"), "/authz/robot/x", 404, api.CodeNotFound},
		"not authorized yet": {s.key(api.RoleCaller, "mail"), "/authz/mail", 409, api.CodeNeedsAuthorization},
		"no name":            {s.key(api.RoleOperator), "/authz/a%20b/x", 400, api.CodeInvalid},
		"odd min_ttl":        {s.key(api.RoleOperator), "/authz/robot?min_ttl=soon", 400, api.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.send(test.key, "GET", test.path, "")
			got.problem(t, test.status, test.code)
			if got.Header.Get("Authorization") != "" {
				t.Error("the header was given all the same")
			}
		})
	}
}
