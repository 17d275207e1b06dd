package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// tokenForm reads and authenticates a request that names a token. When it
// returns false it has answered.
func (s *Server) tokenForm(w http.ResponseWriter, r *http.Request) (client, string, bool) {
	err := readForm(w, r)
	if err != nil {
		s.writeOAuthError(w, err)
		return client{}, "", false
	}
	c, err := s.authenticate(r)
	if err == nil && r.PostForm.Get("token") == "" {
		err = badRequest("invalid_request", "token is missing")
	}
	if err != nil {
		s.writeOAuthError(w, err)
		return client{}, "", false
	}
	return c, r.PostForm.Get("token"), true
}

// revoke is the revocation endpoint. An unknown token is answered like a known
// one (RFC 7009 section 2.2).
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	c, token, ok := s.tokenForm(w, r)
	if !ok {
		return
	}
	if s.store.revokeToken(token, c.id) {
		s.stats.add(func(st *Stats) { st.Revocations++ })
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// introspect is the introspection endpoint (RFC 7662). A client learns of its
// own tokens only.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	c, token, ok := s.tokenForm(w, r)
	if !ok {
		return
	}
	if t, live := s.store.findAccess(token, s.now()); live && t.grant.clientID == c.id {
		writeJSON(w, http.StatusOK, s.introspection(t.grant, t.scopes, t.issued, t.expires, "Bearer"))
		return
	}
	if t, live := s.store.findRefresh(token, s.now()); live && t.grant.clientID == c.id {
		writeJSON(w, http.StatusOK, s.introspection(t.grant, t.grant.scopes, t.issued, t.expires, ""))
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"active": false})
}

func (s *Server) introspection(g *grant, scopes []string, issued, expires time.Time, kind string) map[string]any {
	out := map[string]any{
		"active":    true,
		"client_id": g.clientID,
		"scope":     strings.Join(scopes, " "),
		"iss":       s.cfg.Issuer,
		"iat":       issued.Unix(),
		"sub":       g.subject(),
	}
	if !expires.IsZero() {
		out["exp"] = expires.Unix()
	}
	if g.username != "" {
		out["username"] = g.username
	}
	if kind != "" {
		out["token_type"] = kind
	}
	return out
}

// subject is the user, or the client when no user is present.
func (g *grant) subject() string {
	if g.username != "" {
		return userID
	}
	return g.clientID
}

// userinfo answers the claims the scopes allow (OpenID Connect Core section 5.3).
func (s *Server) userinfo(w http.ResponseWriter, _ *http.Request, t accessToken) {
	writeJSON(w, http.StatusOK, userClaims(t.scopes))
}
