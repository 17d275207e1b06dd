package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
)

// apiHandler answers an API call whose token is good.
type apiHandler func(http.ResponseWriter, *http.Request, accessToken)

// protected guards an API route: a live token with the scope, or the answers of
// RFC 6750 section 3.1 with a body shaped like Microsoft Graph's. An empty
// scope asks for any live token.
func (s *Server) protected(scope string, next apiHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.stats.add(func(st *Stats) { st.APICalls++ })
		if s.failAPI(w) {
			return
		}
		raw, problem := s.bearer(r)
		if problem != "" {
			s.refuseCall(w, http.StatusBadRequest, "invalid_request", "InvalidRequest", problem)
			return
		}
		t, live := s.store.findAccess(raw, s.now())
		if !live || s.faults.fire("api_401_once") {
			s.refuseToken(w, raw)
			return
		}
		if scope != "" && !slices.Contains(t.scopes, scope) {
			s.refuseScope(w, scope)
			return
		}
		next(w, r, t)
	}
}

// failAPI fires the faults that have nothing to do with the token.
func (s *Server) failAPI(w http.ResponseWriter) bool {
	switch {
	case s.faults.fire("api_429"):
		w.Header().Set("Retry-After", "1")
		s.writeGraphError(w, http.StatusTooManyRequests, "TooManyRequests", "Please retry again later.")
	case s.faults.fire("api_503"):
		s.writeGraphError(w, http.StatusServiceUnavailable, "serviceNotAvailable", "The service is not available for now.")
	default:
		return false
	}
	return true
}

// bearer finds the token: in the header, and in the query or a form only where
// a fault allows it (RFC 6750 section 2).
func (s *Server) bearer(r *http.Request) (token, problem string) {
	var found []string
	if h := r.Header.Values("Authorization"); len(h) > 1 {
		return "", "More than one Authorization header."
	}
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		found = append(found, strings.TrimSpace(rest))
	}
	if t := r.URL.Query().Get("access_token"); t != "" && s.faults.fire("token_in_query") {
		found = append(found, t)
	}
	if isForm(r) && s.faults.fire("token_in_body") {
		r.Body = http.MaxBytesReader(nil, r.Body, maxForm)
		if t := r.PostFormValue("access_token"); t != "" {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return "", ""
	case 1:
		return found[0], ""
	}
	return "", "The token is sent in more than one way."
}

func isForm(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// refuseToken says that the token is no good, in the way the faults want.
func (s *Server) refuseToken(w http.ResponseWriter, raw string) {
	s.stats.add(func(st *Stats) { st.APIUnauthorized++ })
	const code = "InvalidAuthenticationToken"
	message := "Lifetime validation failed, the token is expired or was revoked."
	switch {
	case s.faults.fire("api_html_login"):
		writeHTML(w, http.StatusOK, "<!doctype html><title>Sign in</title><h1>Sign in to continue</h1>")
		return
	case s.faults.fire("api_401_as_200"):
		s.writeGraphError(w, http.StatusOK, code, message)
		return
	case s.faults.fire("api_401_as_403"):
		s.writeGraphError(w, http.StatusForbidden, code, message)
		return
	}
	if raw == "" { // without a token there is no error code (RFC 6750 section 3.1)
		w.Header().Set("WWW-Authenticate", `Bearer realm="practice"`)
		s.writeGraphError(w, http.StatusUnauthorized, code, "Access token is empty.")
		return
	}
	s.refuseCall(w, http.StatusUnauthorized, "invalid_token", code, message)
}

func (s *Server) refuseScope(w http.ResponseWriter, scope string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="practice", error="insufficient_scope", scope="`+scope+`"`)
	s.writeGraphError(w, http.StatusForbidden, "ErrorAccessDenied", "Access is denied. The token lacks the scope "+scope+".")
}

func (s *Server) refuseCall(w http.ResponseWriter, status int, bearerError, code, message string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="practice", error="`+bearerError+`", error_description="`+message+`"`)
	s.writeGraphError(w, status, code, message)
}

// writeGraphError answers an error in the shape of Microsoft Graph.
func (s *Server) writeGraphError(w http.ResponseWriter, status int, code, message string) {
	id := s.random(12)
	w.Header().Set("Request-Id", id)
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"code":    code,
		"message": message,
		"innerError": map[string]string{
			"date":       s.now().UTC().Format(time.RFC3339),
			"request-id": id,
		},
	}})
}

// fingerprint lets two sightings of a secret be compared without showing it.
func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return "sha256:" + hex.EncodeToString(sum[:])
}
