package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3/driver" // to damage a database as no command can
	"github.com/ncruces/go-sqlite3/ext/fts5"
)

// The sweep: secrets are planted wherever one can be given, and learned on the
// wire wherever one is issued; then everything is done that a user does, well
// and badly; then whatever can be seen of it is searched. A secret may occur
// where it was asked for: the output of token and of key create, their two
// routes, the keyring's own file, and an API's answer that repeats the request.

// sweep is a world in which everything that can be seen is kept.
type sweep struct {
	*world
	server *server
	known  *canaries
	tap    *wiretap
	seen   []evidence
	key    string
}

// planted makes a secret that cannot be anything else.
func (s *sweep) planted(kind string) string {
	value := "canary-" + strings.ReplaceAll(kind, " ", "-") + "-4711"
	s.known.plant(kind, value)
	return value
}

// refused stands for every exit code but 0.
const refused = -1

// does runs a command, whatever its exit code, and keeps what it says.
func (s *sweep) does(code int, args ...string) result {
	s.t.Helper()
	return s.shows(code, nil, args...)
}

func (s *sweep) shows(code int, may []string, args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	line := "valetkey " + strings.Join(args, " ")
	if r.code != code && (code != refused || r.code == 0) {
		s.t.Errorf("%s: exit code %d, want %d\n%s%s", line, r.code, code, r.stdout, r.stderr)
	}
	s.seen = append(s.seen, evidence{line + " (stdout)", []byte(r.stdout), may}, evidence{line + " (stderr)", []byte(r.stderr), nil})
	return r
}

// asks sends a request to the server and keeps the whole answer.
func (s *sweep) asks(method, path string, header http.Header, body string, may ...string) (status int, answer string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{"Authorization": {"Bearer " + s.key}}
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	whole := fmt.Appendf(nil, "%d %v\n%s", res.StatusCode, res.Header, raw)
	s.seen = append(s.seen, evidence{method + " " + path, whole, may})
	return res.StatusCode, string(raw)
}

// looks opens a page in a person's browser and keeps it.
func (s *sweep) looks(b *browser, address string) page {
	s.t.Helper()
	at := b.open(s.t, address)
	s.seen = append(s.seen, evidence{"the page at " + at.URL, []byte(at.Body), nil})
	return at
}

// files keeps every byte of the data directory.
func (s *sweep) files(when string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.data)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(s.data, entry.Name()))
		if err != nil {
			s.t.Fatal(err)
		}
		var may []string
		if entry.Name() == "keyring.json" {
			may = []string{"keyring"}
		}
		s.seen = append(s.seen, evidence{entry.Name() + " " + when, raw, may})
	}
}

var longWord = regexp.MustCompile(`[A-Za-z0-9+/=_-]{20,}`)

func newSweep(t *testing.T) *sweep {
	t.Helper()
	s := &sweep{world: newWorld(t, authServerOptions{}), known: &canaries{}}
	s.tap = startWiretap(t, s.as, s.known)
	s.server = startServe(t, s.data, "-v")
	keyring, err := os.ReadFile(filepath.Join(s.data, "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range longWord.FindAllString(string(keyring), -1) {
		if !strings.Contains(word, "googleapis") && !strings.Contains(word, "AesGcmKey") {
			s.known.plant("keyring", word)
		}
	}
	for _, client := range s.as.Clients {
		s.known.plant("client secret", client.Secret)
	}
	s.does(0, "apply", "-f", s.tapped())
	return s
}

// tapped is the manifest of connections through the wiretap, and of some that
// cannot work.
func (s *sweep) tapped() string {
	basic, service := s.as.Clients["basic-client"], s.as.Clients["service-client"]
	s.env = append(s.env, "SECRET_BASIC="+basic.Secret, "SECRET_WRONG="+s.planted("wrong client secret"), "PRIVATE_KEY="+s.privateKey())
	return s.file(fmt.Sprintf(`
providers:
  real: &real
    issuer: %[1]s
    token_endpoint: %[2]s/token
    revocation_endpoint: %[2]s/token/revocation
    device_authorization_endpoint: %[2]s/device/auth
    scopes: {required: [openid, offline_access], by_grant: {client_credentials: {}}}
    authorization_request: {params: {prompt: consent}}
    api: {base_url: %[2]s/api, test: {path: /me}}
  deaf:
    authorization_endpoint: %[1]s/auth
    token_endpoint: http://127.0.0.1:1/token
    api: {base_url: "http://127.0.0.1:1"}
clients:
  basic: {provider: real, client_id: %[3]s, client_secret: {env: SECRET_BASIC}}
  service: {provider: real, client_id: %[4]s, client_secret: %[5]q}
  wrong: {provider: real, client_id: %[4]s, client_secret: {env: SECRET_WRONG}}
  deaf: {provider: deaf, client_id: deaf, client_secret: %[6]q}
  signer: {provider: real, client_id: %[4]s, token_endpoint_auth_method: private_key_jwt, private_key: {env: PRIVATE_KEY}}
connections:
  mail: {client: basic, scopes: [mail.read]}
  robot: {client: service, grant: client_credentials}
  lost: {client: service, grant: client_credentials, api: {base_url: "http://127.0.0.1:1"}}
  wrong: {client: wrong, grant: client_credentials}
  deaf: {client: deaf, grant: client_credentials}
  signer: {client: signer, grant: client_credentials}
`, s.as.Issuer, s.tap.URL, basic.ID, service.ID, service.Secret, s.planted("literal client secret")))
}

// privateKey makes one, in the form that providers hand out.
func (s *sweep) privateKey() string {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "---") {
			s.known.plant("private key", strings.TrimSpace(line))
		}
	}
	return string(text)
}

func (s *sweep) file(text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "given")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func TestNoSecretIsEverSeenWhereItWasNotAskedFor(t *testing.T) {
	s := newSweep(t)
	s.authorizes()
	s.key = strings.TrimSpace(s.shows(0, []string{"key"}, "key", "create", "caller", "--role", "operator").stdout)
	s.known.plant("key", s.key)
	s.calls()
	s.failsToCall()
	s.failsToAuthorize()
	s.mistypes()
	s.keeps()
	s.reads()
	s.files("while the server runs")
	s.breaks()
	s.does(0, "revoke", "mail")
	s.server.stop(t)
	s.files("afterwards")
	s.seen = append(s.seen, evidence{"the server's log", []byte(s.server.log.String()), nil})

	for _, kind := range []string{
		"key", "keyring", "client secret", "private key", "client_assertion", "device_code", "wrong client secret", "literal client secret", "access_token", "refresh_token",
		"id_token", "code", "code_verifier", "state", "browser cookie", "credentials as sent", "query secret", "caller's cookie",
	} {
		if len(s.known.of(kind)) == 0 {
			t.Errorf("the sweep never came by a %s", kind)
		}
	}
	if len(s.known.of("access_token")) < 3 || len(s.seen) < 80 || !strings.Contains(s.server.log.String(), "request failed") {
		t.Errorf("the sweep saw too little: %d tokens, %d places", len(s.known.of("access_token")), len(s.seen))
	}
	for _, leak := range s.known.leaks(s.seen) {
		t.Error(leak)
	}
	for _, kind := range []string{"key", "keyring", "access_token"} { // the search does find them where they belong
		allowed := s.seen
		for i := range allowed {
			allowed[i].may = nil
		}
		if found := strings.Join(s.known.leaks(allowed), "\n"); !strings.Contains(found, kind+" in ") {
			t.Errorf("no %s was found even where it belongs", kind)
		}
	}
}

// authorizes goes to the provider and back, noting what the browser carries,
// with every wrong callback on the way.
func (s *sweep) authorizes() {
	s.t.Helper()
	p := s.connect("mail")
	s.browser.stopAt = s.as.Issuer
	request := s.browser.open(s.t, p.url).URL
	s.browser.stopAt = s.server.url + "/oauth/callback"
	callback := s.browser.authorize(s.t, request).URL
	s.browser.stopAt = ""
	for _, address := range []string{request, callback} {
		at, err := url.Parse(address)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, name := range []string{"state", "nonce", "code"} {
			s.known.plant(name, at.Query().Get(name))
		}
		for _, cookie := range s.browser.client.Jar.Cookies(at) {
			if strings.HasPrefix(address, s.server.url) {
				s.known.plant("browser cookie", cookie.Value)
			}
		}
	}
	stranger := newBrowser(s.t, "mallory")
	s.looks(stranger, callback)
	s.looks(stranger, strings.Replace(callback, "state=", "state=x", 1))
	s.looks(stranger, s.server.url+"/oauth/callback?code="+s.planted("forged code"))
	s.looks(stranger, s.server.url+"/oauth/callback?error=access_denied&state="+s.planted("forged state"))
	s.looks(s.browser, strings.Replace(callback, "iss=", "iss=x", 1))
	s.looks(s.browser, callback)
	s.looks(s.browser, callback)
	code := p.finish()
	s.seen = append(s.seen, evidence{"connect mail", []byte(p.text.String() + p.url), nil})
	if code != 0 { // a wrong issuer may have ended that flow: authorize once more
		s.authorize("mail")
	}
}

// calls uses the connection well.
func (s *sweep) calls() {
	s.t.Helper()
	repeated := []string{"query secret", "request body"}
	caller := http.Header{
		"Authorization":   {"Bearer " + s.key},
		"Cookie":          {"session=" + s.planted("caller's cookie")},
		"X-Forwarded-For": {"10.1.2.3"},
	}
	query := "?sig=" + url.QueryEscape(s.planted("query secret"))
	s.shows(0, []string{"access_token", "credentials as sent"}, "token", "mail")
	s.shows(0, []string{"access_token", "credentials as sent"}, "token", "mail", "--header")
	s.does(0, "call", "mail", "/me", "-i")
	s.shows(0, repeated, "call", "mail", "POST", "/me"+query, "-d", s.planted("request body"))
	if status, _ := s.asks("GET", "/proxy/mail/me"+query, caller, "", repeated...); status != 200 {
		s.t.Errorf("the proxy answered %d", status)
	}
	s.asks("POST", "/v1/connections/mail/call", nil, `{"path":"/me"}`)
	s.asks("GET", "/v1/connections/mail/token", nil, "", "access_token", "credentials as sent")
	s.asks("GET", "/authz/mail", nil, "", "access_token", "credentials as sent")
	s.asks("POST", "/v1/keys", nil, `{"name":"second"}`, "second key")
	s.does(0, "refresh", "mail")
	s.does(0, "test", "mail")
	s.does(0, "call", "robot", "/me")
	s.as.expireAccessTokens(s.t)
	s.does(0, "call", "mail", "/me")
}

// failsToCall uses connections that are wrong, and keys that are.
func (s *sweep) failsToCall() {
	s.t.Helper()
	query := "?sig=" + s.planted("query secret of a lost call")
	s.does(8, "call", "lost", "/me"+query, "-d", s.planted("body of a lost call"), "-H", "X-Api-Key: "+s.planted("header of a lost call"))
	s.does(5, "call", "wrong", "/me"+query)
	s.does(5, "token", "wrong")
	s.does(8, "token", "deaf")
	s.does(refused, "token", "signer")
	for _, connection := range []string{"lost", "wrong", "deaf", "signer", "nobody"} {
		s.asks("GET", "/proxy/"+connection+"/me"+query, nil, "")
		s.asks("POST", "/v1/connections/"+connection+"/call", nil, `{"path":"/me`+query+`"}`)
		s.asks("POST", "/v1/connections/"+connection+"/refresh", nil, "")
		s.asks("POST", "/v1/connections/"+connection+"/test", nil, "")
		s.asks("GET", "/v1/connections/"+connection+"/token"+query, nil, "")
	}
	s.asks("GET", "/proxy/mail/../../admin"+query, nil, "", "query secret of a lost call")
	s.asks("GET", "/proxy/mail/%2e%2e/x"+query, nil, "")
	for _, header := range []http.Header{
		{"Authorization": {"Bearer vk_" + s.planted("key that is nobody's")}},
		{"X-Valetkey-Key": {s.planted("other key that is nobody's")}},
		{"Authorization": {"Basic " + s.planted("basic credentials")}, "Cookie": {"a=" + s.planted("cookie of a stranger")}},
		{"Authorization": {"Bearer " + s.key, "Bearer " + s.planted("key in a second header")}},
	} {
		s.asks("GET", "/v1/connections", header, "")
		s.asks("GET", "/proxy/mail/me"+query, header, "", "query secret of a lost call")
	}
}

// failsToAuthorize goes to the provider in every way that ends badly.
func (s *sweep) failsToAuthorize() {
	s.t.Helper()
	p := s.connect("mail")
	s.browser.deny = true
	at := s.browser.authorize(s.t, p.url)
	s.browser.deny = false
	p.finish()
	s.seen = append(s.seen, evidence{"a denial", []byte(at.Body + p.text.String()), nil})
	s.does(0, "connect", "mail", "--device", "--wait", "0")
	s.looks(s.browser, s.server.url+"/oauth/start/nothing")
	s.looks(s.browser, s.server.url+"/oauth/done/nothing?code="+s.planted("code at the wrong place"))
	s.asks("POST", "/v1/connections/mail/authorize", nil, `{"return_to":"https://evil.example/?t=`+s.planted("return address")+`"}`)
	s.asks("POST", "/oauth/callback", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		"code="+s.planted("posted code")+"&state="+s.planted("posted state"), "posted code", "posted state") // sent round as a GET, by design
}

// mistypes gives secrets where something else belongs.
func (s *sweep) mistypes() {
	s.t.Helper()
	s.does(refused, "apply", "-f", s.file("clients:\n  a: {provider: github, client_id: x, client_secrt: "+s.planted("mistyped secret")+"}\n"))
	s.does(refused, "apply", "-f", s.file("clients:\n  a:\n    client_secret: {evn: "+s.planted("mistyped reference")+"}\n"))
	s.does(refused, "apply", "-f", s.file("clients:\n  a: {client_secret: ["+s.planted("secret in a list")+"]}\n"))
	s.does(refused, "apply", "-f", s.file("clients: {a: {client_secret: '"+s.planted("secret in broken YAML")+"\n"))
	s.asks("PUT", "/v1/clients/a", nil, `{"provider":"github","client_id":"x","client_secret":{"value":"`+s.planted("secret in an object")+`"}}`)
	s.asks("PUT", "/v1/clients/a", nil, `{"provider":"nobody","client_id":"x","client_secret":"`+s.planted("secret of a bad client")+`"}`)
	s.asks("PUT", "/v1/clients/a", nil, `{"client_secret":"`+s.planted("secret in broken JSON")+`",`)
	s.asks("PATCH", "/v1/clients/basic", nil, `{"secret":"`+s.planted("secret under a wrong name")+`"}`)
	s.does(refused, "connect", "x", "--provider", "github", "--client-id", "x", "--base-url", "https://user:"+s.planted("password in a base URL")+"@api.example.com")
	s.does(refused, "--url", s.server.url, "--key", "vk_"+s.planted("wrong key on the command line"), "list")
	s.does(refused, "--url", "http://127.0.0.1:1", "--key", s.planted("key for nobody"), "list")
	s.does(refused, "--url", "http://user:"+s.planted("password in the server's URL")+"@127.0.0.1:1", "list")
}

// reads asks for everything there is to read.
func (s *sweep) reads() {
	s.t.Helper()
	for _, format := range []string{"table", "json", "yaml"} {
		for _, words := range []string{
			"list", "show mail", "show mail --events 50", "show wrong", "show wrong --events 50", "show deaf", "show lost --events 50",
			"client list", "client show basic", "client show signer", "show signer --events 50", "client show wrong", "key list", "agent list", "providers", "providers real", "export", "version",
		} {
			if format != "table" && words == "export" {
				continue
			}
			s.does(0, append(strings.Fields(words), "-o", format)...)
		}
	}
	for _, path := range []string{
		"/v1/providers/real", "/v1/clients", "/v1/clients/basic", "/v1/connections", "/v1/connections/mail", "/v1/connections/mail/events",
		"/v1/connections/wrong/events", "/v1/connections/lost/events", "/v1/keys", "/v1/agents", "/v1/version", "/healthz", "/readyz", "/metrics",
		"/openapi.json", "/docs", "/", "/nothing/here",
	} {
		s.asks("GET", path, nil, "")
	}
}

// breaks takes the database's tables away while the server runs, so that its
// own failures show, and seals that do not open.
func (s *sweep) breaks() {
	s.t.Helper()
	names, err := filepath.Glob(filepath.Join(s.data, "*.db"))
	if err != nil || len(names) != 1 {
		s.t.Fatalf("the database is not one file: %q, %v", names, err)
	}
	db, err := driver.Open("file:"+filepath.ToSlash(names[0])+"?_pragma=busy_timeout(5000)", fts5.Register)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	damage := func(statement string) {
		s.t.Helper()
		if _, err := db.ExecContext(s.t.Context(), statement); err != nil {
			s.t.Fatalf("%s: %v", statement, err)
		}
	}
	damage("ALTER TABLE events RENAME TO gone")
	if status, _ := s.asks("GET", "/v1/connections/mail/events", nil, ""); status != 500 {
		s.t.Errorf("without its events the server answers %d", status)
	}
	s.does(1, "show", "mail", "--events", "5")
	damage("ALTER TABLE gone RENAME TO events")
	damage("UPDATE clients SET secret = x'0102030405' WHERE name = 'wrong'")
	for _, action := range []string{"/token", "/refresh"} {
		method := map[string]string{"/token": "GET", "/refresh": "POST"}[action]
		if status, body := s.asks(method, "/v1/connections/wrong"+action, nil, ""); status < 400 || !json.Valid([]byte(body)) {
			s.t.Errorf("with a broken seal %s answers %d %s", action, status, body)
		}
	}
}
