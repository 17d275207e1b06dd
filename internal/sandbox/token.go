package sandbox

import (
	"encoding/json"
	"net/http"
)

// oauthError is an error answer of the authorization server (RFC 6749 sections
// 4.1.2.1 and 5.2).
type oauthError struct {
	status      int
	code        string
	description string
}

func badRequest(code, description string) *oauthError {
	return &oauthError{status: http.StatusBadRequest, code: code, description: description}
}

func badClient(description string) *oauthError {
	return &oauthError{status: http.StatusUnauthorized, code: "invalid_client", description: description}
}

// token is the token endpoint.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	if err := readForm(w, r); err != nil {
		s.writeOAuthError(w, err)
		return
	}
	grantType := r.PostForm.Get("grant_type")
	s.countGrant(grantType)
	if s.failBeforeWork(w, r, grantType) {
		return
	}
	c, err := s.authenticate(r)
	if err != nil {
		s.writeOAuthError(w, err)
		return
	}
	answer, err := s.exchange(r, c, grantType)
	if err != nil {
		s.writeOAuthError(w, err)
		return
	}
	s.stats.add(func(st *Stats) { st.TokensIssued++ })
	if grantType == "refresh_token" && s.faults.fire("drop_after_rotate") {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
	s.writeToken(w, r, answer)
}

// readForm reads a form body and refuses parameters that are given twice
// (RFC 6749 section 3.2).
func readForm(w http.ResponseWriter, r *http.Request) *oauthError {
	if !isForm(r) {
		return badRequest("invalid_request", "the body must be application/x-www-form-urlencoded")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return badRequest("invalid_request", "the body cannot be read")
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return badRequest("invalid_request", "the parameter "+printable(name)+" is given more than once")
		}
	}
	return nil
}

func (s *Server) countGrant(grantType string) {
	switch grantType {
	case "authorization_code", "refresh_token", "client_credentials":
	default:
		grantType = "other"
	}
	s.stats.add(func(st *Stats) { st.TokenRequests[grantType]++ })
}

// failBeforeWork fires the faults that spend nothing. When it returns true it
// has answered.
func (s *Server) failBeforeWork(w http.ResponseWriter, r *http.Request, grantType string) bool {
	switch {
	case s.faults.fire("token_503"):
		w.Header().Set("Retry-After", "1")
		writeHTML(w, http.StatusServiceUnavailable, "<!doctype html><title>503</title><h1>Service Unavailable</h1>")
	case s.faults.fire("token_500"):
		writeHTML(w, http.StatusInternalServerError, "<!doctype html><title>500</title><h1>Internal Server Error</h1>")
	case s.faults.fire("token_redirect"):
		w.Header().Set("Location", s.cfg.Issuer+"/token/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case s.faults.fire("token_html"):
		writeHTML(w, http.StatusOK, "<!doctype html><title>Welcome</title><h1>Accept the terms to use this network</h1>")
	case s.faults.fire("token_hang"):
		<-r.Context().Done()
	case s.faults.fire("invalid_client"):
		s.writeOAuthError(w, badClient("the client secret has expired"))
	case grantType != "client_credentials" && s.faults.fire("invalid_grant"):
		s.writeOAuthError(w, badRequest("invalid_grant", "the grant has expired or was revoked"))
	case grantType == "refresh_token" && s.faults.fire("error_in_200"):
		writeJSON(w, http.StatusOK, oauthBody("temporarily_unavailable", "try again later"))
	default:
		return false
	}
	return true
}

// tokenElsewhere is where token_redirect points: whoever posts here has sent
// its secrets to an address nobody configured.
func (s *Server) tokenElsewhere(w http.ResponseWriter, _ *http.Request) {
	s.stats.add(func(st *Stats) { st.RedirectsFollowed++ })
	s.writeOAuthError(w, badRequest("invalid_request", "a redirect of the token endpoint was followed; it must not be"))
}

// writeOAuthError answers an error of RFC 6749 section 5.2.
func (s *Server) writeOAuthError(w http.ResponseWriter, e *oauthError) {
	if e.code == "invalid_client" {
		s.stats.add(func(st *Stats) { st.ClientRefused++ })
	}
	status := e.status
	if s.faults.fire("errors_as_200") {
		status = http.StatusOK
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="practice", charset="UTF-8"`)
	}
	writeJSON(w, status, oauthBody(e.code, e.description))
}

func oauthBody(code, description string) map[string]string {
	return map[string]string{"error": code, "error_description": description}
}

// writeJSON answers v as JSON that nobody may keep.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may be gone: nothing to do about it
}

// writeHTML answers a bare page of the kind a broken server sends.
func writeHTML(w http.ResponseWriter, status int, page string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page)) // the client may be gone: nothing to do about it
}
