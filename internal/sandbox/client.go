package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
)

const (
	confidentialID = "practice"
	publicID       = "practice-public"
	testUser       = "maria"
	testPassword   = "practice"
)

// client is a registration. A client without a secret is public: it
// authenticates with nothing and must use PKCE.
type client struct {
	id     string
	name   string
	secret string
}

func (c client) public() bool { return c.secret == "" }

// findClient looks a registration up by client id.
func (s *Server) findClient(id string) (client, bool) {
	switch id {
	case confidentialID:
		return client{id: id, name: "Practice client", secret: s.cfg.ClientSecret}, true
	case publicID:
		return client{id: id, name: "Practice client without a secret"}, true
	}
	return client{}, false
}

// redirectAllowed reports whether the server may send a browser to raw: any
// loopback URI (RFC 8252 section 7.3) or one that was configured.
func (s *Server) redirectAllowed(raw string) bool {
	if slices.Contains(s.cfg.RedirectURIs, raw) {
		return true
	}
	u, err := url.Parse(raw)
	if err != nil || u.Fragment != "" || u.User != nil {
		return false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	return slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
}

// authenticate finds out which client speaks: HTTP Basic, the form, or a
// public client by its id alone (RFC 6749 section 2.3.1).
func (s *Server) authenticate(r *http.Request) (client, *oauthError) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	basicID, basicSecret, isBasic := r.BasicAuth()
	if r.Header.Get("Authorization") != "" && !isBasic {
		return client{}, badClient("the Authorization header is not HTTP Basic")
	}
	if isBasic {
		if secret != "" {
			return client{}, badRequest("invalid_request", "the client authenticates twice: by the Authorization header and by client_secret")
		}
		decodedID, errID := url.QueryUnescape(basicID)
		decodedSecret, errSecret := url.QueryUnescape(basicSecret)
		if errID != nil || errSecret != nil {
			return client{}, badClient("client id and secret in HTTP Basic must be form-encoded")
		}
		if id != "" && id != decodedID {
			return client{}, badRequest("invalid_request", "client_id and the Authorization header name different clients")
		}
		id, secret = decodedID, decodedSecret
	}
	return s.checkSecret(id, secret)
}

func (s *Server) checkSecret(id, secret string) (client, *oauthError) {
	c, ok := s.findClient(id)
	if !ok {
		return client{}, badClient("the client id is unknown")
	}
	if subtle.ConstantTimeCompare([]byte(c.secret), []byte(secret)) == 1 {
		return c, nil
	}
	if secret == "" {
		return client{}, badClient("the client has a secret and did not send it")
	}
	return client{}, badClient("the client secret is wrong")
}
