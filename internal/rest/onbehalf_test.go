package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/onbehalf"
)

// asUser sends a request that shows a user's token.
func (s *server) asUser(method, path, user string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set(onbehalf.Header, user)
	w := httptest.NewRecorder()
	AsOperator(New(s.config)).ServeHTTP(w, r)
	return w
}

func TestACallIsMadeForTheUserItShows(t *testing.T) {
	s := newTestServer(t)
	robot, err := s.broker.Connection(t.Context(), "robot")
	s.must(err)
	_, err = s.broker.PutConnection(t.Context(), "user", api.ConnectionSpec{Client: robot.Client, Grant: "token_exchange"})
	s.must(err)
	for _, path := range []string{"/proxy/user/me", "/v1/connections/user/token", "/authz/user"} {
		if w := s.asUser(http.MethodGet, path, "CANARY-user-token"); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "CANARY-user") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	got := <-s.seen
	if got.Header.Get("Authorization") != "Bearer "+accessToken || got.Header.Get(onbehalf.Header) != "" {
		t.Errorf("the API got %v", got.Header)
	}
	if w := s.asUser(http.MethodGet, "/proxy/robot/me", "CANARY-user-token"); w.Code != http.StatusBadRequest {
		t.Errorf("a connection of its own: %d", w.Code)
	}
	if strings.Contains(s.log.String(), "CANARY") {
		t.Error("the log holds a token")
	}
}

func TestAUsersChallengeIsPassedOn(t *testing.T) {
	for claims, want := range map[string]string{
		"":        `error="invalid_token"`,
		`{"a":1}`: `error="insufficient_claims", claims="eyJhIjoxfQ=="`,
	} {
		w := httptest.NewRecorder()
		WriteError(w, httptest.NewRequest(http.MethodGet, "/v1/version", nil), &onbehalf.Challenge{Fault: fault.New(api.CodeNeedsAuthorization, "sign in again"), Claims: claims})
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Header().Get("WWW-Authenticate"), want) {
			t.Errorf("%s: %d %q", claims, w.Code, w.Header().Get("WWW-Authenticate"))
		}
	}
}
