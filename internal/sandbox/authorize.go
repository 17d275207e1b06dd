package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
)

const (
	sessionCookie = "practice_session"
	maxForm       = 64 << 10 // bytes of a form that will be read
)

// authorize is the authorization endpoint for a browser that arrives by link.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.refusePage(w, "The query of the request cannot be read.")
		return
	}
	s.begin(w, r, params)
}

// authorizeForm takes the forms of the pages, which carry a step, and an
// authorization request sent by POST (OpenID Connect Core section 3.1.2.1).
func (s *Server) authorizeForm(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.refusePage(w, "The form cannot be read.")
		return
	}
	step := r.PostForm.Get("step")
	if step == "" {
		s.begin(w, r, r.PostForm)
		return
	}
	req, ok := s.admit(w, r, r.URL.Query())
	if !ok {
		return
	}
	sess, ok := s.session(r)
	if !ok || subtle.ConstantTimeCompare([]byte(sess.csrf), []byte(r.PostForm.Get("csrf"))) != 1 {
		s.errorPage(w, http.StatusForbidden, "This page is out of date", "The form does not belong to this browser's session. Go back to the application and start again; cookies must be allowed for this site.")
		return
	}
	if step == "login" {
		s.login(w, r, req)
		return
	}
	s.decide(w, r, req, sess)
}

// admit judges the request. When it returns false it has answered.
func (s *Server) admit(w http.ResponseWriter, r *http.Request, params url.Values) (authRequest, bool) {
	req, complaint := s.findRedirect(params)
	if complaint != "" {
		s.refusePage(w, complaint)
		return req, false
	}
	if err := req.judge(); err != nil {
		s.redirectError(w, r, req, err)
		return req, false
	}
	return req, true
}

// begin decides which page a new request starts at, or that none is needed.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, params url.Values) {
	req, ok := s.admit(w, r, params)
	if !ok {
		return
	}
	s.stats.add(func(st *Stats) { st.Authorizations++ })
	sess, _ := s.session(r)
	signedIn := sess.username != ""
	if req.maxAge >= 0 && s.now().Sub(sess.authTime) > req.maxAge {
		signedIn = false
	}
	consented := signedIn && s.store.consented(sess.username, req.client.id, req.scopes)
	switch {
	case req.prompts("none") && !signedIn:
		s.redirectError(w, r, req, badRequest("login_required", "nobody is signed in"))
	case req.prompts("none") && !consented:
		s.redirectError(w, r, req, badRequest("consent_required", "the user has not consented to this scope"))
	case !signedIn || req.prompts("login") || req.prompts("select_account"):
		s.showLogin(w, req, http.StatusOK, loginView{Username: req.loginHint})
	case !consented || req.prompts("consent"):
		s.showConsent(w, req, sess)
	default:
		s.answerCode(w, r, req, sess)
	}
}

// login checks the test user's password and starts a signed-in session under
// a new id, so that an id planted beforehand is worth nothing.
func (s *Server) login(w http.ResponseWriter, r *http.Request, req authRequest) {
	username, password := strings.TrimSpace(r.PostForm.Get("username")), r.PostForm.Get("password")
	if username != testUser || password != testPassword {
		s.showLogin(w, req, http.StatusUnprocessableEntity, loginView{
			Username: username,
			Problem:  "That is not the test user. Sign in as " + testUser + " with the password " + testPassword + ".",
		})
		return
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.store.dropSession(cookie.Value)
	}
	sess := s.startSession(w, username)
	if req.prompts("consent") || !s.store.consented(username, req.client.id, req.scopes) {
		s.showConsent(w, req, sess)
		return
	}
	s.answerCode(w, r, req, sess)
}

// decide takes the answer of the consent page.
func (s *Server) decide(w http.ResponseWriter, r *http.Request, req authRequest, sess session) {
	if sess.username == "" {
		s.showLogin(w, req, http.StatusOK, loginView{Username: req.loginHint})
		return
	}
	switch r.PostForm.Get("action") {
	case "allow":
		s.store.remember(sess.username, req.client.id, req.scopes)
		s.answerCode(w, r, req, sess)
	case "deny":
		s.redirectError(w, r, req, badRequest("access_denied", "the user denied the request"))
	default:
		s.showConsent(w, req, sess)
	}
}

// startSession sets the cookie of a new session; username may be empty.
func (s *Server) startSession(w http.ResponseWriter, username string) session {
	sess := session{csrf: s.random(18), username: username, authTime: s.now(), expires: s.now().Add(sessionLifetime)}
	id := s.random(24)
	s.store.putSession(id, sess)
	http.SetCookie(w, &http.Cookie{
		Name:     sessionCookie,
		Value:    id,
		Path:     "/authorize",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
		Secure:   strings.HasPrefix(s.cfg.Issuer, "https:"),
	})
	return sess
}

func (s *Server) session(r *http.Request) (session, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}, false
	}
	return s.store.findSession(cookie.Value, s.now())
}

// answerCode issues a code and sends the browser back with it.
func (s *Server) answerCode(w http.ResponseWriter, r *http.Request, req authRequest, sess session) {
	scopes := req.scopes
	if len(scopes) > 1 && s.faults.fire("scope_narrowed") {
		scopes = scopes[:len(scopes)-1]
	}
	key := s.random(24)
	s.store.putCode(key, code{
		grant:       &grant{clientID: req.client.id, username: sess.username, scopes: scopes, nonce: req.nonce, authTime: sess.authTime},
		redirectURI: req.redirectURI,
		challenge:   req.challenge,
		method:      req.method,
		expires:     s.now().Add(codeLifetime),
	})
	s.stats.add(func(st *Stats) { st.CodesIssued++ })
	answer := url.Values{"code": {key}}
	if s.faults.fire("code_twice") {
		answer.Add("code", s.random(24))
	}
	if s.faults.fire("code_and_error") {
		answer.Set("error", "server_error")
	}
	s.redirect(w, r, req, answer)
}

func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, req authRequest, err *oauthError) {
	s.redirect(w, r, req, url.Values{"error": {err.code}, "error_description": {err.description}})
}

// redirect sends an authorization response with state and iss (RFC 6749
// section 4.1.2, RFC 9207 section 2), keeping the redirect URI's own query.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, req authRequest, answer url.Values) {
	if req.state != "" && !s.faults.fire("state_missing") {
		answer.Set("state", req.state)
	}
	if !s.faults.fire("iss_missing") {
		issuer := s.cfg.Issuer
		if s.faults.fire("iss_wrong") {
			issuer = "https://attacker.example"
		}
		answer.Set("iss", issuer)
	}
	separator := "?"
	if strings.Contains(req.redirectURI, "?") {
		separator = "&"
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, req.redirectURI+separator+answer.Encode(), http.StatusSeeOther)
}
