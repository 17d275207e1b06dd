package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is an authorization server, a data directory and a person.
type world struct {
	t       *testing.T
	as      authServer
	data    string
	env     []string
	browser *browser
}

// newWorld applies a manifest with the connections "mail" (authorization_code,
// basic), "post" (body), "public" (no secret) and "robot" (client credentials).
func newWorld(t *testing.T, opts authServerOptions) *world {
	t.Helper()
	w := &world{t: t, as: startAuthServer(t, opts), data: t.TempDir(), browser: newBrowser(t, "maria")}
	w.env = []string{"VALETKEY_DATA=" + w.data}
	return w
}

// manifest is everything the tests connect to, as a user would write it.
func (w *world) manifest() string {
	w.t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, `
providers:
  real:
    issuer: %s
    scopes: {required: [openid, offline_access], by_grant: {client_credentials: {}}}
    authorization_request: {params: {prompt: consent}}
    api: {base_url: %s}
clients:
`, w.as.Issuer, w.as.APIURL)
	for _, id := range []string{"basic-client", "post-client", "public-client", "key-client", "service-client"} {
		client := w.as.Clients[id]
		fmt.Fprintf(&text, "  %s: {provider: real, client_id: %s, token_endpoint_auth_method: %s", id, client.ID, client.AuthMethod)
		if client.Secret != "" {
			fmt.Fprintf(&text, ", client_secret: {env: SECRET_%s}", strings.ToUpper(strings.TrimSuffix(id, "-client")))
			w.env = append(w.env, "SECRET_"+strings.ToUpper(strings.TrimSuffix(id, "-client"))+"="+client.Secret)
		}
		if client.PrivateKey != "" {
			file := filepath.Join(w.t.TempDir(), id+".pem")
			if err := os.WriteFile(file, []byte(client.PrivateKey), 0o600); err != nil {
				w.t.Fatal(err)
			}
			fmt.Fprintf(&text, ", private_key: {file: %s}", file)
		}
		text.WriteString("}\n")
	}
	text.WriteString(`connections:
  mail: {client: basic-client, scopes: [mail.read]}
  post: {client: post-client, scopes: [mail.read]}
  public: {client: public-client, scopes: [mail.read]}
  key: {client: key-client, scopes: [mail.read]}
  robot: {client: service-client, grant: client_credentials}
`)
	file := filepath.Join(w.t.TempDir(), "connections.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

func (w *world) run(args ...string) result {
	w.t.Helper()
	return run(w.t, w.env, args...)
}

// ok runs a command that must succeed and gives its output without the last newline.
func (w *world) ok(args ...string) string {
	w.t.Helper()
	r := w.run(args...)
	if r.code != 0 {
		w.t.Fatalf("valetkey %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

// fails runs a command that must end with the exit code, a reason and a hint.
func (w *world) fails(code int, args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != code || !strings.Contains(r.stderr, "error: ") || !strings.Contains(r.stderr, "hint: ") {
		w.t.Fatalf("valetkey %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// pending is a connect command that waits for a browser.
type pending struct {
	t    *testing.T
	cmd  *exec.Cmd
	url  string
	done chan struct{}
	text *logBuffer
	more chan string // further lines of stdout
}

// next is the next line of the command's stdout.
func (p *pending) next() string {
	p.t.Helper()
	select {
	case line := <-p.more:
		return line
	case <-time.After(patience):
		p.t.Fatalf("connect printed no further line within %v", patience)
		return ""
	}
}

// connect begins an authorization; the command waits until finish.
func (w *world) connect(args ...string) *pending {
	w.t.Helper()
	return w.connectBy([]string{"connect", "--no-browser"}, args...)
}

func (w *world) connectBy(command []string, args ...string) *pending {
	w.t.Helper()
	cmd := exec.Command(binary(w.t), append(command, args...)...)
	cmd.Env = append(cleanEnviron(), w.env...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	p := &pending{t: w.t, cmd: cmd, done: make(chan struct{}), text: &logBuffer{}, more: make(chan string, 8)}
	address := make(chan string, 1)
	var readers sync.WaitGroup
	readers.Go(func() {
		in := bufio.NewReader(stdout)
		line, err := in.ReadString('\n')
		address <- strings.TrimSpace(line)
		for err == nil {
			if line, err = in.ReadString('\n'); line != "" {
				p.text.add(line)
				p.more <- strings.TrimSpace(line)
			}
		}
	})
	readers.Go(func() {
		text, _ := io.ReadAll(stderr)
		p.text.add(string(text))
	})
	go func() {
		readers.Wait()
		_ = cmd.Wait()
		close(p.done)
	}()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.done
	})
	select {
	case p.url = <-address:
	case <-time.After(patience):
		w.t.Fatalf("connect printed no address within %v", patience)
	}
	if !strings.HasPrefix(p.url, "http") {
		<-p.done
		w.t.Fatalf("connect printed %q instead of an address\n%s", p.url, p.text)
	}
	return p
}

// finish waits for the command and gives its exit code.
func (p *pending) finish() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("connect did not end within %v\n%s", patience, p.text)
		return -1
	}
}

// authorize runs a whole authorization in the person's browser.
func (w *world) authorize(connection string) {
	w.t.Helper()
	p := w.connect(connection)
	at := w.browser.authorize(w.t, p.url)
	if at.Status != 200 || !strings.Contains(at.Body, connection) {
		w.t.Fatalf("the browser ended at %s with %d:\n%s", at.URL, at.Status, at.Body)
	}
	if code := p.finish(); code != 0 {
		w.t.Fatalf("connect %s: exit code %d\n%s", connection, code, p.text)
	}
}

// shown is what the tests look at in show -o json.
type shown struct {
	State      string `json:"state"`
	Generation int64  `json:"generation"`
	Renewable  bool   `json:"renewable"`
	Account    string `json:"account"`
	Cause      *struct {
		Code   string `json:"code"`
		Remedy string `json:"remedy"`
	} `json:"cause"`
}

func (w *world) show(connection string) shown {
	w.t.Helper()
	var s shown
	if err := json.Unmarshal([]byte(w.ok("show", connection, "-o", "json")), &s); err != nil {
		w.t.Fatal(err)
	}
	return s
}

func TestAuthorizeOnceCallForeverWithEveryClientAuthentication(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	for _, connection := range []string{"mail", "post", "public", "key"} {
		t.Run(connection, func(t *testing.T) {
			w := &world{t: t, as: w.as, data: w.data, env: w.env, browser: w.browser}
			w.authorize(connection)
			first := w.ok("token", connection)
			if body := w.ok("call", connection, "/me"); !strings.Contains(body, "maria") {
				t.Fatalf("the API answered %s", body)
			}
			w.as.expireAccessTokens(t) // sooner than it said: the API refuses, one renewal, the call is replayed
			if body := w.ok("call", connection, "/me"); !strings.Contains(body, "maria") {
				t.Fatalf("the API answered %s", body)
			}
			if second := w.ok("token", connection); second == first {
				t.Fatal("the refused token is still handed out")
			}
			if s := w.show(connection); s.State != "active" || s.Generation != 2 || !s.Renewable {
				t.Fatalf("%+v", s)
			}
		})
	}
	if code := server.stop(t); code != 0 {
		t.Fatalf("serve ended with %d", code)
	}
}

func TestATokenThatExpiresIsRenewedWithRotationAcrossKills(t *testing.T) {
	w := newWorld(t, authServerOptions{accessTokenTTL: 2 * time.Second})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	for generation := int64(2); generation <= 4; generation++ {
		for w.show("mail").Generation < generation { // each round is a process start; the token's two seconds pass
			w.ok("call", "mail", "/me")
		}
		server.kill() // what was rotated must be on disk by now
		server = startServe(t, w.data)
	}
	seen := w.as.tokenRequests(t)
	if refresh := seen.Requests["refresh_token"]; refresh.Refused != 0 || refresh.OK < 3 {
		t.Fatalf("refresh requests %+v, errors %+v", refresh, seen.Errors)
	}
}

func TestARestartInTheMiddleOfAnAuthorizationDoesNotEndIt(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	p := w.connect("mail")
	w.browser.stopAt = server.url + "/oauth/callback"
	at := w.browser.authorize(t, p.url)
	if !strings.Contains(at.URL, "code=") {
		t.Fatalf("the browser ended at %s", at.URL)
	}
	server.kill()
	address, err := url.Parse(server.url)
	if err != nil {
		t.Fatal(err)
	}
	startServe(t, w.data, "--listen", address.Host)
	w.browser.stopAt = ""
	if done := w.browser.open(t, at.URL); done.Status != 200 {
		t.Fatalf("%d %s", done.Status, done.Body)
	}
	if s := w.show("mail"); s.State != "active" {
		t.Fatalf("%+v", s)
	}
}

func TestACallbackIsTakenOnceByTheBrowserThatBeganIt(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	p := w.connect("mail")
	w.browser.stopAt = server.url + "/oauth/callback"
	callback := w.browser.authorize(t, p.url).URL
	w.browser.stopAt = ""

	if foreign := newBrowser(t, "mallory").open(t, callback); foreign.Status != 403 || !strings.Contains(foreign.Body, "another browser") {
		t.Fatalf("a foreign browser got %d\n%s", foreign.Status, foreign.Body)
	}
	forged := strings.Replace(callback, "state=", "state=x", 1)
	if at := w.browser.open(t, forged); at.Status != 404 && at.Status != 400 {
		t.Fatalf("a forged state got %d\n%s", at.Status, at.Body)
	}
	if s := w.show("mail"); s.State != "new" {
		t.Fatalf("a refused callback changed the connection: %+v", s)
	}
	for range 2 { // the second time is a reload
		if at := w.browser.open(t, callback); at.Status != 200 || strings.Contains(at.URL, "code=") {
			t.Fatalf("%d at %s\n%s", at.Status, at.URL, at.Body)
		}
	}
	if code := p.finish(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.text)
	}
	if codes := w.as.tokenRequests(t).Requests["authorization_code"]; codes.OK != 1 || codes.Refused != 0 {
		t.Fatalf("code requests %+v", codes)
	}
}

func TestADenialIsReportedAndLeavesWhatIsThere(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	p := w.connect("mail")
	w.browser.deny = true
	if at := w.browser.authorize(t, p.url); at.Status < 400 {
		t.Fatalf("the page after a denial has status %d\n%s", at.Status, at.Body)
	}
	if code := p.finish(); code != 4 {
		t.Fatalf("exit code %d\n%s", code, p.text)
	}
	w.ok("call", "mail", "/me")
}

func TestAGrantEndedAtTheProviderNeedsAPerson(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	if n := w.as.revokeGrants(t); n == 0 {
		t.Fatal("the provider has no grant")
	}
	r := w.fails(4, "call", "mail", "/me")
	if !strings.Contains(r.stderr, "valetkey connect mail") {
		t.Fatalf("%s", r.stderr)
	}
	w.fails(4, "token", "mail")
	if s := w.show("mail"); s.State != "needs_authorization" || s.Cause == nil {
		t.Fatalf("%+v", s)
	}
	w.authorize("mail")
	w.ok("call", "mail", "/me")
}

func TestRevokingEndsTheGrantAtTheProvider(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	token := w.ok("token", "mail")
	w.ok("revoke", "mail")
	if status, _, _ := callAPI(t, w.as, token); status != 401 {
		t.Fatalf("the revoked token still works: %d", status)
	}
	w.fails(4, "token", "mail")
	w.ok("delete", "mail")
	w.fails(3, "show", "mail")
}

func TestAServiceNeedsNoBrowserAndNoServer(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	w.ok("apply", "-f", w.manifest()) // no server runs: the command opens the data directory itself
	first := w.ok("token", "robot")
	w.ok("refresh", "robot")
	if second := w.ok("token", "robot"); second == first {
		t.Fatal("refresh gave the same token")
	}
}

func TestTenProcessesShareOneRotatingTokenWithoutAServer(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	server.stop(t)
	var workers sync.WaitGroup
	tokens := make([]string, 10)
	for i := range tokens {
		workers.Go(func() { tokens[i] = run(t, w.env, "token", "mail", "--min-ttl", "59m59s").stdout })
	}
	workers.Wait()
	for _, token := range tokens {
		if token == "" {
			t.Fatalf("a worker got no token: %q", tokens)
		}
	}
	seen := w.as.tokenRequests(t)
	if refresh := seen.Requests["refresh_token"]; refresh.Refused != 0 {
		t.Fatalf("refresh requests %+v, errors %+v", refresh, seen.Errors)
	}
	w.ok("call", "mail", "/me")
}

func TestAMachineWithoutABrowserIsAuthorizedOnAnotherDevice(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	w.ok("apply", "-f", w.manifest()) // no server: nothing has to come back to us
	p := w.connectBy([]string{"connect", "--device"}, "mail")
	w.browser.code = p.next()
	if at := w.browser.authorize(t, p.url); at.Status != 200 {
		t.Fatalf("the browser ended at %s with %d:\n%s", at.URL, at.Status, at.Body)
	}
	if code := p.finish(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.text)
	}
	if body := w.ok("call", "mail", "/me"); !strings.Contains(body, "maria") {
		t.Fatalf("the API answered %s", body)
	}
	if s := w.show("mail"); s.State != "active" || !s.Renewable || s.Account == "" {
		t.Fatalf("%+v", s)
	}
}

func TestAnotherAccountCannotTakeAConnectionOver(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	p := w.connect("mail")
	mallory := newBrowser(t, "mallory")
	if at := mallory.authorize(t, p.url); at.Status != 409 || !strings.Contains(at.Body, "maria") {
		t.Fatalf("the browser ended at %s with %d:\n%s", at.URL, at.Status, at.Body)
	}
	if code := p.finish(); code == 0 {
		t.Fatalf("exit code %d\n%s", code, p.text)
	}
	if body := w.ok("call", "mail", "/me"); !strings.Contains(body, "maria") {
		t.Fatalf("the API answered %s", body)
	}
}

func TestAnIssuerAloneIsEnough(t *testing.T) {
	w := newWorld(t, authServerOptions{alwaysRefresh: true})
	startServe(t, w.data)
	client := w.as.Clients["basic-client"]
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(client.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := w.connect("crm", "--issuer", w.as.Issuer, "--client-id", client.ID, "--client-secret-file", file,
		"--scope", "openid", "--scope", "mail.read", "--base-url", w.as.APIURL)
	if at := w.browser.authorize(t, p.url); at.Status != 200 {
		t.Fatalf("%d %s", at.Status, at.Body)
	}
	if code := p.finish(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, p.text)
	}
	if body := w.ok("call", "crm", "/me"); !strings.Contains(body, "maria") {
		t.Fatalf("the API answered %s", body)
	}
}
