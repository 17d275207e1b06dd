package rest

import (
	"net/http"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/oauth/dpop"
)

// authzPrefix begins the paths at which a web server in front of an API asks
// for the header to place: nginx's auth_request, Envoy's ext_authz, and the
// forward_auth of Traefik and Caddy.
const authzPrefix = "/authz/"

// authz answers with the header that the connection's API wants, as a field of
// its own answer, for the web server to copy into the request.
func (s *Server) authz(w http.ResponseWriter, r *http.Request) error {
	minTTL, err := minTTLOf(r)
	if err != nil {
		return err
	}
	token, err := s.config.Broker.TokenFor(r.Context(), r.PathValue("name"), r.URL.Query().Get("resource"), minTTL)
	if err != nil {
		return err
	}
	if token.Header == "" {
		return fault.New(api.CodeNeedsConfiguration, "the connection %q sends its token in no header, so there is none to place", r.PathValue("name")).
			WithHint("call its API through /proxy/%s/, or add header to api.token.in", r.PathValue("name"))
	}
	if token.Scheme == dpop.TokenType {
		return fault.New(api.CodeNeedsConfiguration, "the token of connection %q is bound to a key: each request needs a proof of its own, and this answer is for any", r.PathValue("name")).
			WithHint("call its API through /proxy/%s/, which makes the proofs", r.PathValue("name"))
	}
	noStore(w.Header())
	w.Header().Set(token.Header, strings.TrimSpace(token.Scheme+" "+string(token.AccessToken)))
	w.WriteHeader(http.StatusOK)
	return nil
}

// anyAuthz serves servers that ask with the method, path and query of the
// request that they hold back, as Envoy does. None of it matters here.
func (s *Server) anyAuthz(w http.ResponseWriter, r *http.Request) {
	err := s.admit(holds, r)
	if err == nil && !namePattern.MatchString(r.PathValue("name")) {
		err = badName(r.PathValue("name"))
	}
	if err == nil {
		r.URL.RawQuery = ""
		err = s.authz(w, r)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}
