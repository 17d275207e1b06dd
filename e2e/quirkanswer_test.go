package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// response is the token endpoint's answer, as the switch has it.
func (s *quirkServer) response(r quirkRequest, g *quirkHeld) any {
	document := map[string]any{"access_token": g.at, "token_type": "Bearer", "expires_in": 3600, "refresh_token": g.rt}
	if s.ownGrant() != "" && s.variant != "password" {
		delete(document, "refresh_token")
	}
	switch s.on {
	case quirkResponseValue:
		document["data"] = map[string]any{"instance": s.URL + s.apiPlace()}
	case quirkCapture:
		document["links"] = map[string]any{"self": "/tenants/t9/users/1"}
	case quirkResponse:
		return s.reshaped(document)
	case quirkLifetime:
		s.lived(document)
	case quirkErrorIn200:
		document["ok"] = true
	case quirkRefresh:
		s.renewable(r, document)
	case quirkExchange:
		document["access_token"] = "short-" + g.at
	case quirkSecondToken:
		if r.form.Get("resource") == "urn:contoso:files" {
			document["access_token"] = "files-" + g.at
		}
	case quirkAPI:
		if s.variant == "id_token" {
			document["id_token"] = s.idToken(g)
		}
	}
	return document
}

// idToken is one that a client takes on the strength of TLS alone (OpenID
// Connect Core section 3.1.3.7 point 6).
func (s *quirkServer) idToken(g *quirkHeld) string {
	return s.unsigned(map[string]any{"iss": s.URL, "sub": "maria", "aud": g.client, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "jti": g.at})
}

func (s *quirkServer) reshaped(document map[string]any) any {
	switch s.variant {
	case "root":
		return map[string]any{"status": "fine", "data": map[string]any{"auth": document}}
	case "names":
		return map[string]any{"accessToken": document["access_token"], "renewal": map[string]any{"token": document["refresh_token"]}, "tokenType": "bearer", "expiresIn": "3600"}
	case "two sets":
		return map[string]any{"access_token": "bot", "user": document}
	}
	form := url.Values{}
	for name, value := range document {
		form.Set(name, fmt.Sprint(value))
	}
	return form.Encode()
}

// lived tells the lifetime, of an hour, in another way.
func (s *quirkServer) lived(document map[string]any) {
	delete(document, "expires_in")
	end := time.Now().Add(time.Hour)
	switch s.variant {
	case "ms":
		document["lifetime"] = 3_600_000
	case "minutes":
		document["expires_in"] = 60
	case "absolute":
		document["valid_until"] = end.UTC().Format(time.RFC3339)
	case "absolute ms":
		document["valid_until"] = end.UnixMilli()
	case "zero is never":
		document["expires_in"] = 0
	}
}

func (s *quirkServer) renewable(r quirkRequest, document map[string]any) {
	renewal := r.form.Get("grant_type") != "authorization_code"
	switch s.variant {
	case "not_rotated":
		if renewal {
			delete(document, "refresh_token")
		}
	case "keeps_access_token":
		if renewal {
			delete(document, "access_token")
		}
	case "access_token", "none":
		delete(document, "refresh_token")
	}
}

// apiPlace is the path that the API stands under.
func (s *quirkServer) apiPlace() string {
	switch {
	case s.is(quirkCallbackValue):
		return "/dc7/api"
	case s.is(quirkResponseValue):
		return fmt.Sprintf("/node-%d/api", min(s.seen["token"], 2))
	case s.is(quirkLookup):
		return "/sites/south/api"
	case s.is(quirkClaim):
		return "/orgs/o-77/api"
	case s.is(quirkCapture):
		return "/t9/api"
	case s.is(quirkOptionalVariable):
		return "/api"
	}
	return s.place() + "/api"
}

// call answers the API: its token has to stand where the switch says.
func (s *quirkServer) call(w http.ResponseWriter, r quirkRequest) {
	token := s.presented(r)
	for _, g := range s.grants {
		if token != s.valid(r, g) || g.at == "" {
			continue
		}
		if g.expired || g.over {
			break
		}
		s.wantOfCall(r)
		s.write(w, http.StatusOK, map[string]any{"ok": true, "client": g.client, "path": r.URL.Path})
		return
	}
	if s.expiredStatus() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	s.write(w, s.expiredStatus(), map[string]any{"error": "expired"})
}

// valid is the token that the API takes of a grant.
func (s *quirkServer) valid(r quirkRequest, g *quirkHeld) string {
	switch {
	case s.is(quirkExchange):
		return "long-" + g.at
	case s.is(quirkSecondToken) && strings.HasSuffix(r.URL.Path, "/files"):
		return "files-" + g.at
	case s.is(quirkAPI, "id_token"):
		if token := s.presented(r); strings.Count(token, ".") == 2 {
			return token
		}
	}
	return g.at
}

func (s *quirkServer) presented(r quirkRequest) string {
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case s.is(quirkAPI, "query"):
		bearer, ok = r.URL.Query().Get("api_token"), !ok
	case s.is(quirkAPI, "header"):
		bearer, ok = r.Header.Get("X-Contoso-Token"), !ok
	case s.is(quirkAPI, "scheme"):
		bearer, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Zoho-oauthtoken ")
	}
	if !ok {
		s.complain("call: the token does not stand where it should")
	}
	return bearer
}

func (s *quirkServer) wantOfCall(r quirkRequest) {
	if !strings.HasPrefix(r.URL.Path, s.apiPlace()) {
		s.complain("call: %s is not under %s", r.URL.Path, s.apiPlace())
	}
	switch {
	case s.is(quirkAPI, "header"):
		if r.Header.Get("X-Version") != "2026-01" || r.URL.Query().Get("format") != "json" {
			s.complain("call: %v %s", r.Header, r.URL.RawQuery)
		}
	case s.is(quirkClientFields):
		if r.Header.Get("Developer-Token") != "hush" {
			s.complain("call: Developer-Token is %q", r.Header.Get("Developer-Token"))
		}
	case s.is(quirkTestRequest) && strings.HasSuffix(r.URL.Path, "/ping"):
		s.seen["ping"]++
		if r.Method != http.MethodPost || r.body != `{"ping":1}` {
			s.complain("ping: %s %q", r.Method, r.body)
		}
	}
}

// more answers what only some switches have.
func (s *quirkServer) more(w http.ResponseWriter, r quirkRequest) {
	switch {
	case r.leg == "page":
		fmt.Fprint(w, "<p>A program that reads what stands behind the hash.</p>")
	case r.leg == "/sites" && s.is(quirkLookup):
		s.presented(r)
		s.write(w, http.StatusOK, map[string]any{"values": []any{map[string]any{"id": "north", "name": "North"}, map[string]any{"id": "south", "name": "South"}}})
	case r.leg == "/exchange" && s.is(quirkExchange):
		s.exchange(w, r)
	case r.leg == "/introspect" && (s.is(quirkLifetime, "introspect") || s.is(quirkEndpoints)):
		s.write(w, http.StatusOK, map[string]any{"active": true, "exp": time.Now().Add(time.Hour).Unix()})
	case s.is(quirkRegistration):
		s.register(w, r)
	default:
		s.complain("%s %s: nothing is there", r.Method, r.URL)
		http.NotFound(w, r.Request)
	}
}

func (s *quirkServer) exchange(w http.ResponseWriter, r quirkRequest) {
	token := r.URL.Query().Get("short")
	for _, g := range s.grants {
		if token == "short-"+g.at {
			s.write(w, http.StatusOK, map[string]any{"access_token": "long-" + g.at, "expires_in": 5_184_000})
			return
		}
	}
	s.complain("exchange: %q", token)
	s.write(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
}

// register answers metadata and dynamic registration (RFC 8414, RFC 7591).
func (s *quirkServer) register(w http.ResponseWriter, r quirkRequest) {
	switch {
	case r.URL.Path == "/.well-known/oauth-authorization-server":
		s.write(w, http.StatusOK, map[string]any{
			"issuer": s.URL, "authorization_endpoint": s.URL + "/authorize", "token_endpoint": s.URL + "/token", "revocation_endpoint": s.URL + "/revoke",
			"registration_endpoint": s.URL + "/register", "response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		})
	case r.URL.Path == "/register" && r.Method == http.MethodPost:
		if !strings.Contains(r.body, s.redirectURI) {
			s.complain("register: %s", r.body)
		}
		id := "made-" + rand.Text()
		s.clients[id] = rand.Text()
		s.write(w, http.StatusCreated, map[string]any{"client_id": id, "client_secret": s.clients[id], "client_secret_expires_at": 0, "token_endpoint_auth_method": "client_secret_post", "redirect_uris": []string{s.redirectURI}})
	case strings.HasPrefix(r.URL.Path, "/.well-known/"):
		http.NotFound(w, r.Request)
	default:
		s.complain("%s %s: nothing is there", r.Method, r.URL)
	}
}

// registered authenticates a client that registered itself.
func (s *quirkServer) registered(r quirkRequest) string {
	id := r.form.Get("client_id")
	if want := s.clients[id]; want == "" || r.form.Get("client_secret") != want || r.Header.Get("Authorization") != "" {
		s.complain("%s: client %q is not authenticated in the body", r.leg, id)
	}
	return id
}
