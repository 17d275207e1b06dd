package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// tokenAnswer is a token response before it becomes bytes.
type tokenAnswer struct {
	access       string
	refresh      string
	emptyRefresh bool // write refresh_token as ""
	idToken      string
	scopes       []string
	lifetime     time.Duration
}

// exchange turns a grant into tokens.
func (s *Server) exchange(r *http.Request, c client, grantType string) (tokenAnswer, *oauthError) {
	switch grantType {
	case "authorization_code":
		return s.exchangeCode(r.PostForm, c)
	case "refresh_token":
		return s.exchangeRefresh(r.PostForm, c)
	case "client_credentials":
		return s.exchangeClient(r.PostForm, c)
	case grantTypeDevice:
		return s.exchangeDevice(r.PostForm, c)
	case "":
		return tokenAnswer{}, badRequest("invalid_request", "grant_type is missing")
	default:
		return tokenAnswer{}, badRequest("unsupported_grant_type", "supported are authorization_code, refresh_token, client_credentials and "+grantTypeDevice)
	}
}

// exchangeCode redeems an authorization code (RFC 6749 section 4.1.3). A
// refresh token comes only with the scope offline_access: forgetting it is the
// classic mistake with Microsoft, and here it can be practised.
func (s *Server) exchangeCode(form url.Values, c client) (tokenAnswer, *oauthError) {
	if form.Get("code") == "" {
		return tokenAnswer{}, badRequest("invalid_request", "code is missing")
	}
	g, reused, err := s.store.redeem(form.Get("code"), func(k code) *oauthError {
		return k.matches(form, c, s.now())
	})
	if reused {
		s.stats.add(func(st *Stats) { st.CodeReuse++ })
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.issueForUser(g)
}

// issueForUser gives what a person's consent stands for.
func (s *Server) issueForUser(g *grant) (answer tokenAnswer, err *oauthError) {
	answer = s.issueAccess(g, g.scopes)
	if slices.Contains(g.scopes, scopeOffline) {
		answer.refresh = s.issueRefresh(g)
	}
	if slices.Contains(g.scopes, scopeOpenID) {
		answer.idToken, err = s.signIDToken(g)
	}
	return answer, err
}

// matches checks everything a code is bound to.
func (k code) matches(form url.Values, c client, now time.Time) *oauthError {
	if k.grant.clientID != c.id {
		return badRequest("invalid_grant", "the authorization code was issued to another client")
	}
	if !now.Before(k.expires) {
		return badRequest("invalid_grant", "the authorization code has expired")
	}
	if form.Get("redirect_uri") != k.redirectURI {
		return badRequest("invalid_grant", "redirect_uri is not the one of the authorization request")
	}
	return k.matchesVerifier(form.Get("code_verifier"))
}

// matchesVerifier is RFC 7636 section 4.6, and refuses a verifier nobody asked
// for, which shows a challenge stripped on the way (RFC 9700 section 2.1.1).
func (k code) matchesVerifier(verifier string) *oauthError {
	switch {
	case k.challenge == "" && verifier == "":
		return nil
	case k.challenge == "":
		return badRequest("invalid_grant", "code_verifier without a code_challenge in the authorization request")
	case verifier == "":
		return badRequest("invalid_grant", "code_verifier is missing")
	case !pkceText.MatchString(verifier):
		return badRequest("invalid_grant", "code_verifier must be 43 to 128 unreserved characters")
	}
	computed := verifier
	if k.method == "S256" {
		sum := sha256.Sum256([]byte(verifier))
		computed = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if subtle.ConstantTimeCompare([]byte(computed), []byte(k.challenge)) != 1 {
		return badRequest("invalid_grant", "code_verifier does not match the code_challenge")
	}
	return nil
}

// exchangeRefresh refreshes (RFC 6749 section 6) and rotates.
func (s *Server) exchangeRefresh(form url.Values, c client) (tokenAnswer, *oauthError) {
	old := form.Get("refresh_token")
	if old == "" {
		return tokenAnswer{}, badRequest("invalid_request", "refresh_token is missing")
	}
	asked := splitScope(form.Get("scope"))
	hidden := s.faults.fire("no_refresh_token")
	empty := !hidden && s.faults.fire("empty_refresh_token")
	same := !hidden && !empty && s.faults.fire("no_rotation")
	rotate := !hidden && !empty && !same
	g, reused, err := s.store.useRefresh(old, refreshUse{
		now:      s.now(),
		clientID: c.id,
		scopes:   asked,
		rotate:   rotate,
		tolerant: s.faults.fire("rotate_reuse"),
	})
	if reused {
		s.stats.add(func(st *Stats) { st.RefreshReuse++ })
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	if len(asked) == 0 {
		asked = g.scopes
	}
	answer := s.issueAccess(g, asked)
	answer.emptyRefresh = empty
	if rotate {
		answer.refresh = s.issueRefresh(g)
	}
	if same {
		answer.refresh = old
	}
	return answer, nil
}

// exchangeClient issues a token to the client itself (RFC 6749 section 4.4).
func (s *Server) exchangeClient(form url.Values, c client) (tokenAnswer, *oauthError) {
	if c.public() {
		return tokenAnswer{}, badRequest("unauthorized_client", "client_credentials needs a client with a secret: use "+confidentialID)
	}
	scopes, err := applicationScopes(splitScope(form.Get("scope")))
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.issueAccess(&grant{clientID: c.id, scopes: scopes, authTime: s.now()}, scopes), nil
}

func (s *Server) issueAccess(g *grant, scopes []string) tokenAnswer {
	now := s.now()
	key := "at_" + s.random(32)
	s.store.putAccess(key, accessToken{grant: g, scopes: scopes, issued: now, expires: now.Add(s.cfg.TokenLifetime)})
	return tokenAnswer{access: key, scopes: scopes, lifetime: s.cfg.TokenLifetime}
}

func (s *Server) issueRefresh(g *grant) string {
	now := s.now()
	t := refreshToken{grant: g, issued: now}
	if s.cfg.RefreshLifetime > 0 {
		t.expires = now.Add(s.cfg.RefreshLifetime)
	}
	key := "rt_" + s.random(32)
	s.store.putRefresh(key, t)
	return key
}
