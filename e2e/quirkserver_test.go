package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	quirkSecret = "s3cret of:the+app%1" // what a form has to encode
	quirkWord   = "word-of-the-provider"
)

// quirkServer is an authorization server with its API, by the RFCs to the
// letter but for one switch. It shares nothing with the code under test, and
// refuses whatever its switch does not say.
type quirkServer struct {
	*httptest.Server
	on          quirk
	variant     string // of the switch, where the type has several shapes
	redirectURI string // as registered

	mu      sync.Mutex
	clients map[string]string // secrets by client id
	grants  map[string]*quirkHeld
	serial  int
	seen    map[string]int // requests by leg
	wrong   []string
}

// quirkHeld is what one client was granted.
type quirkHeld struct {
	client, code, at, rt string
	asked                url.Values // the authorization request, in the RFC's names
	expired, over        bool
}

// quirkRequest is a request in the RFC's names.
type quirkRequest struct {
	*http.Request
	leg  string
	form url.Values
	body string
}

func newQuirkServer(t *testing.T, on quirk, variant string) *quirkServer {
	t.Helper()
	s := &quirkServer{
		on: on, variant: variant, clients: map[string]string{"app-1": quirkSecret, "app-2": "the other one's"},
		grants: map[string]*quirkHeld{}, seen: map[string]int{},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// is reports whether the switch is on, in one of the variants given if any are.
func (s *quirkServer) is(on quirk, variants ...string) bool {
	return s.on == on && (len(variants) == 0 || slices.Contains(variants, s.variant))
}

func (s *quirkServer) complain(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// complaints are what nobody should have sent.
func (s *quirkServer) complaints() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.wrong)
}

func (s *quirkServer) count(leg string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[leg]
}

// expire ends every access token sooner than it said.
func (s *quirkServer) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.grants {
		g.expired = true
	}
}

func (s *quirkServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	leg := s.leg(r)
	s.seen[leg]++
	req := quirkRequest{Request: r, leg: leg, body: string(body)}
	req.form = s.form(req)
	switch leg {
	case "authorize":
		s.authorize(w, req)
	case "token", "refresh":
		s.token(w, req)
	case "revoke":
		s.revoke(w, req)
	case "call":
		s.call(w, req)
	default:
		s.more(w, req)
	}
}

// leg tells what a request is by where it goes.
func (s *quirkServer) leg(r *http.Request) string {
	path, under := strings.CutPrefix(r.URL.Path, s.place())
	switch {
	case !under:
	case path == "/app" && s.is(quirkFragment):
		return "page"
	case strings.HasPrefix(path, "/authorize"):
		return "authorize"
	case path == "/token":
		return "token"
	case path == "/renew" && s.is(quirkEndpoints):
		return "refresh"
	case path == "/revoke", strings.HasPrefix(path, "/grants/") && s.is(quirkRevocation, "delete"):
		return "revoke"
	}
	if strings.HasPrefix(r.URL.Path, s.apiPlace()) || strings.HasPrefix(r.URL.Path, "/node-") && s.is(quirkResponseValue) {
		return "call"
	}
	return r.URL.Path
}

// place is the path that the authorization server's endpoints stand under.
func (s *quirkServer) place() string {
	switch {
	case s.is(quirkVariables):
		return "/acme"
	case s.is(quirkOptionalVariable, "given"):
		return "/shops/nordwind"
	case s.is(quirkOptions):
		return "/eu-1"
	case s.is(quirkTypedURL):
		return "/their/own"
	}
	return ""
}

// form reads the parameters where this server wants them, under its names.
func (s *quirkServer) form(r quirkRequest) url.Values {
	form := r.URL.Query()
	switch {
	case s.inQuery(r.leg):
		if r.body != "" {
			s.complain("%s: a body, where the query was to hold all", r.leg)
		}
	case s.is(quirkEncoding, "json") && (r.leg == "token" || r.leg == "refresh"):
		members := map[string]string{}
		if err := json.Unmarshal([]byte(r.body), &members); err != nil || r.Header.Get("Content-Type") != "application/json" {
			s.complain("%s: no JSON: %q", r.leg, r.body)
		}
		form = url.Values{}
		for name, value := range members {
			form.Set(name, value)
		}
	case r.leg == "token" || r.leg == "refresh" || r.leg == "revoke":
		sent, err := url.ParseQuery(r.body)
		if kind := r.Header.Get("Content-Type"); err != nil || r.Method != http.MethodPost || !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
			s.complain("%s: %s of %q, %v", r.leg, r.Method, kind, err)
		}
		if len(form) > 0 {
			s.complain("%s: parameters in the query: %s", r.leg, r.URL.RawQuery)
		}
		form = sent
	}
	return s.standard(r.leg, form)
}

// inQuery says which legs have their parameters in the query.
func (s *quirkServer) inQuery(leg string) bool {
	switch leg {
	case "authorize":
		return true
	case "token":
		return s.is(quirkEncoding, "get")
	case "refresh":
		return s.is(quirkEndpoints) || s.is(quirkEncoding, "get")
	case "revoke":
		return s.is(quirkRevocation, "delete")
	}
	return false
}

// want complains where a parameter is another.
func (s *quirkServer) want(r quirkRequest, name, want string) {
	if got := r.form[name]; want == "" && len(got) > 0 || want != "" && !slices.Equal(got, []string{want}) {
		s.complain("%s: %s is %q, not %q", r.leg, name, got, want)
	}
}

func (s *quirkServer) authorize(w http.ResponseWriter, r quirkRequest) {
	client := r.form.Get("client_id")
	if s.clients[client] == "" {
		s.complain("authorize: client %q", client)
	}
	s.want(r, "response_type", s.responseType())
	s.want(r, "redirect_uri", s.sentRedirectURI())
	s.wantChallenge(r)
	s.wantScope(r)
	s.wantExtra(r)
	if len(r.form.Get("state")) < 20 {
		s.complain("authorize: state %q", r.form.Get("state"))
	}
	s.serial++
	g := &quirkHeld{client: client, code: fmt.Sprintf("code-%d-%s", s.serial, rand.Text()), asked: r.form}
	s.grants[client] = g
	answer := s.redirect(g)
	if s.is(quirkResponseType) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<form method="post" action="%s">`, s.redirectURI)
		for name := range answer {
			fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, name, answer.Get(name))
		}
		fmt.Fprint(w, `</form>`)
		return
	}
	w.Header().Set("Location", s.redirectURI+"?"+answer.Encode())
	w.WriteHeader(http.StatusFound)
}

// wantChallenge holds the request to the code challenge of the switch.
func (s *quirkServer) wantChallenge(r quirkRequest) {
	method := "S256"
	switch {
	case s.is(quirkPKCE, "none"):
		s.want(r, "code_challenge", "")
		method = ""
	case s.is(quirkPKCE, "plain"):
		method = "plain"
		fallthrough
	default:
		if len(r.form.Get("code_challenge")) < 43 {
			s.complain("authorize: code_challenge %q", r.form.Get("code_challenge"))
		}
	}
	s.want(r, "code_challenge_method", method)
}

// wantVerifier holds the code's request to the challenge (RFC 7636 section 4.6).
func (s *quirkServer) wantVerifier(r quirkRequest, g *quirkHeld) {
	verifier := r.form.Get("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case s.is(quirkPKCE, "none"):
		challenge = ""
		s.want(r, "code_verifier", "")
	case s.is(quirkPKCE, "plain"):
		challenge = verifier
	}
	if challenge != g.asked.Get("code_challenge") {
		s.complain("%s: the verifier does not fit the challenge", r.leg)
	}
}

// token answers the token endpoint. What was sent wrong is refused as well as
// noted, so that nobody can go on by luck.
func (s *quirkServer) token(w http.ResponseWriter, r quirkRequest) {
	before := len(s.wrong)
	client := s.authenticate(r)
	g := s.grants[client]
	if g == nil {
		g = &quirkHeld{client: client}
		s.grants[client] = g
	}
	status, code := s.granted(r, g)
	s.wantHeaders(r)
	s.wantExtra(r)
	if code == "" && len(s.wrong) > before {
		status, code = http.StatusBadRequest, "invalid_request"
	}
	if code != "" {
		if s.is(quirkErrorIn200) {
			s.write(w, http.StatusOK, map[string]any{"ok": false, "error": code})
			return
		}
		s.write(w, status, map[string]any{"error": code})
		return
	}
	s.issue(r, g)
	s.write(w, http.StatusOK, s.response(r, g))
}

// granted judges a grant, and says what it is refused with, if it is.
func (s *quirkServer) granted(r quirkRequest, g *quirkHeld) (status int, code string) {
	renewal := r.form.Get("grant_type") == "refresh_token" || s.is(quirkRefresh, "access_token") && r.form.Get("grant_type") == "swap"
	switch grant := r.form.Get("grant_type"); {
	case s.ownGrant() != "" && grant == s.ownGrant():
		s.wantGrant(r)
	case grant == "authorization_code" && s.ownGrant() == "":
		if g.code == "" || r.form.Get("code") != g.code {
			return http.StatusBadRequest, "invalid_grant"
		}
		g.code = ""
		s.wantVerifier(r, g)
		s.wantRedirectURI(r)
	case renewal:
		return s.renewed(r, g)
	default:
		s.complain("%s: grant_type %q", r.leg, grant)
	}
	return 0, ""
}

// renewed judges a refresh.
func (s *quirkServer) renewed(r quirkRequest, g *quirkHeld) (status int, code string) {
	shown, held := r.form.Get("refresh_token"), g.rt
	switch {
	case s.is(quirkEndpoints) && r.leg == "token":
		s.complain("a refresh at the token endpoint")
	case s.is(quirkRefresh, "access_token"):
		shown, held = r.form.Get("token"), g.at
	case s.is(quirkDeadGrant) && g.over:
		return http.StatusForbidden, "consent_withdrawn"
	case s.is(quirkRefresh, "too_early") && !g.expired:
		return http.StatusBadRequest, "token_still_valid"
	case g.over:
		return http.StatusBadRequest, "invalid_grant"
	}
	if held == "" || shown != held {
		s.complain("refresh: %q is not the token that holds", shown)
		return http.StatusBadRequest, "invalid_grant"
	}
	return 0, ""
}

// issue makes new tokens for a grant; the old ones end.
func (s *quirkServer) issue(r quirkRequest, g *quirkHeld) {
	s.serial++
	g.expired = false
	keeps := s.is(quirkRefresh, "keeps_access_token") || r.form.Has("resource")
	if g.at == "" || !keeps {
		g.at = s.accessToken(g)
	}
	if s.is(quirkRefresh, "not_rotated") && g.rt != "" {
		return
	}
	g.rt = fmt.Sprintf("rt-%d-%s", s.serial, rand.Text())
}

func (s *quirkServer) write(w http.ResponseWriter, status int, document any) {
	text, form := document.(string)
	if form {
		w.Header().Set("Content-Type", "text/plain")
	} else {
		w.Header().Set("Content-Type", "application/json")
		encoded, _ := json.Marshal(document)
		text = string(encoded)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// revoke ends a grant at the provider (RFC 7009, or the switch's way).
func (s *quirkServer) revoke(w http.ResponseWriter, r quirkRequest) {
	token := r.form.Get("token")
	if s.is(quirkRevocation, "delete") {
		if r.Method != http.MethodDelete {
			s.complain("revoke: %s", r.Method)
		}
		token = strings.TrimPrefix(r.URL.Path, "/grants/")
	} else {
		s.authenticate(r)
		s.wantExtra(r)
	}
	for _, g := range s.grants {
		// What an exchange made of the token, and the ID token, stand for it.
		if of := strings.TrimPrefix(token, "long-"); token != "" && (of == g.at || token == g.rt || s.is(quirkAPI, "id_token")) {
			g.over, g.expired = true, true
			w.WriteHeader(http.StatusOK)
			return
		}
	}
	s.complain("revoke: %q is no token of ours", token)
	w.WriteHeader(http.StatusOK)
}
