package e2e

import (
	"bytes"
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
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/valetkey/valetkey/api"
)

// quirkKey signs what clients sign in these tests.
var quirkKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// quirkWorld is the built binary at work, before one quirkServer at a time.
type quirkWorld struct {
	data, url, key string
	pem, saml      string // files
}

// quirkRun is the life of one connection at one server.
type quirkRun struct {
	*quirkWorld
	t    *testing.T
	c    quirkCase
	as   *quirkServer
	name string
}

// TestEveryTypeOfQuirkServesAGrantsWholeLife takes the built binary over real
// sockets through each type of catalogue/schema.md, with a description that
// has that quirk alone: consent, code exchange, a call, one refresh for many
// callers, a refresh that was asked for, a call with the new token, and the
// revocation.
func TestEveryTypeOfQuirkServesAGrantsWholeLife(t *testing.T) {
	w := newQuirkWorld(t)
	covered := map[quirk]bool{}
	for i, c := range quirkCases() {
		covered[c.on] = true
		t.Run(strings.TrimSpace(fmt.Sprintf("%02d %s", c.on, c.variant)), func(t *testing.T) {
			r := &quirkRun{quirkWorld: w, t: t, c: c, name: fmt.Sprintf("q%d-%d", c.on, i), as: newQuirkServer(t, c.on, c.variant)}
			r.as.redirectURI = w.url + "/oauth/callback"
			r.live()
			for _, complaint := range r.as.complaints() {
				t.Errorf("the provider: %s", complaint)
			}
		})
	}
	for on := quirk(1); on < quirkEnd; on++ {
		if !covered[on] {
			t.Errorf("nothing covers quirk %d", on)
		}
	}
}

func newQuirkWorld(t *testing.T) *quirkWorld {
	t.Helper()
	dir := t.TempDir()
	w := &quirkWorld{data: filepath.Join(dir, "data"), pem: filepath.Join(dir, "key.pem"), saml: filepath.Join(dir, "saml.xml")}
	der, err := x509.MarshalPKCS8PrivateKey(quirkKey())
	if err != nil {
		t.Fatal(err)
	}
	write := func(file string, content []byte) {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(w.pem, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	write(w.saml, []byte(`<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="a1" Version="2.0"></saml:Assertion>`))
	w.url = startServe(t, w.data, "--allow-grants", "password").url
	w.key = callersKey(t, []string{"VALETKEY_DATA=" + w.data})
	return w
}

// live is the whole of it.
func (r *quirkRun) live() {
	r.describe()
	switch {
	case r.c.way == wayImport:
		r.bring()
	case r.c.variant == "password":
		r.ask(http.MethodPost, "/v1/connections/"+r.name+"/authorize", `{"username":"maria","password":"pass word"}`, nil)
	case r.c.way == wayCode:
		r.consent()
	}
	if r.c.on == quirkLookup {
		r.c.also(r)
	}
	r.call(http.StatusOK)
	if r.c.once {
		r.as.expire()
		r.call(http.StatusConflict) // a person has to come
	} else {
		r.together()
		r.refresh()
		r.call(http.StatusOK)
	}
	if r.c.also != nil && r.c.on != quirkLookup {
		r.c.also(r)
	}
	r.revoke()
}

// describe writes provider, client and connection as a user does, in YAML.
func (r *quirkRun) describe() {
	r.t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "providers:\n  %s:\n", r.name)
	for _, line := range overlay(plainProvider, r.c.provider) {
		fmt.Fprintf(&text, "    %s\n", line)
	}
	client := r.c.client
	if client == "" {
		client = plainClient
	}
	connection := fmt.Sprintf("connections:\n  %s: {client: %s, %s}\n", r.name, r.name, r.c.settings)
	env := []string{"VALETKEY_DATA=" + r.data}
	if client == "register" {
		r.apply(text.String())
		mustRun(r.t, env, "client", "register", r.name, "--provider", r.name, "--by", "dynamic")
		r.apply(connection)
		return
	}
	fmt.Fprintf(&text, "clients:\n  %s: {provider: %s, %s}\n%s", r.name, r.name, client, connection)
	r.apply(text.String())
}

func (r *quirkRun) apply(text string) {
	r.t.Helper()
	text = strings.NewReplacer("BASE", r.as.URL, "KEY", r.pem, "SAML", r.saml, ", }", "}").Replace(text)
	file := filepath.Join(r.t.TempDir(), "contoso.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if got := run(r.t, []string{"VALETKEY_DATA=" + r.data}, "apply", "-f", file); got.code != 0 {
		r.t.Fatalf("apply: exit code %d\n%s\n%s", got.code, got.stderr, text)
	}
}

// overlay lays lines over others by their keys; a key without a value removes.
func overlay(base, over string) (lines []string) {
	own := map[string]bool{}
	for line := range strings.Lines(over) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		own[key] = true
		if strings.TrimSpace(value) != "" {
			lines = append(lines, key+":"+value)
		}
	}
	for line := range strings.Lines(base) {
		if key, _, _ := strings.Cut(line, ":"); !own[key] {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// ask makes a request of the REST API, and reads a success into the value given.
func (r *quirkRun) ask(method, path, body string, into any) (status int, text string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if into != nil && res.StatusCode < 300 {
		if err := json.NewDecoder(bytes.NewReader(content)).Decode(into); err != nil {
			r.t.Fatalf("%s %s: %v: %s", method, path, err, content)
		}
	}
	return res.StatusCode, string(content)
}

func (r *quirkRun) must(method, path, body string, into any) {
	r.t.Helper()
	if status, text := r.ask(method, path, body, into); status >= 300 {
		r.t.Fatalf("%s %s: %d %s\nthe provider: %q", method, path, status, text, r.as.complaints())
	}
}

// consent goes through the browser.
func (r *quirkRun) consent() {
	r.t.Helper()
	var begun api.Authorization
	r.must(http.MethodPost, "/v1/connections/"+r.name+"/authorize", "", &begun)
	at := newBrowser(r.t, "maria").visit(r.t, begun.AuthorizationURL, r.onward)
	if at.Status != http.StatusOK {
		r.t.Fatalf("the browser ended at %s with %d: %s\nthe provider: %q", at.URL, at.Status, at.Body, r.as.complaints())
	}
}

// onward is what a page of the provider does by a program of its own.
func (r *quirkRun) onward(at page) (*http.Request, error) {
	if address, err := url.Parse(at.URL); err == nil && address.Fragment != "" {
		return http.NewRequest(http.MethodGet, r.as.URL+address.Fragment, nil)
	}
	if !strings.HasPrefix(at.URL, r.as.URL) {
		return nil, nil
	}
	doc, err := html.Parse(strings.NewReader(at.Body))
	if err != nil {
		return nil, err
	}
	if form := findForm(doc); form != nil {
		return form.submit(at.URL)
	}
	return nil, nil
}

// bring imports a refresh token that the provider knows.
func (r *quirkRun) bring() {
	r.as.mu.Lock()
	r.as.grants["app-1"] = &quirkHeld{client: "app-1", rt: "rt-from-elsewhere"}
	r.as.mu.Unlock()
	r.must(http.MethodPut, "/v1/connections/"+r.name+"/token", `{"refresh_token":"rt-from-elsewhere"}`, nil)
}

func (r *quirkRun) call(want int) {
	r.t.Helper()
	status, text := r.ask(http.MethodGet, "/proxy/"+r.name+"/things", "", nil)
	if status != want {
		_, shown := r.ask(http.MethodGet, "/v1/connections/"+r.name, "", nil)
		r.t.Fatalf("a call: %d %s, want %d\n%s\nthe provider: %q", status, text, want, shown, r.as.complaints())
	}
}

// renewals are the requests that renew.
func (r *quirkRun) renewals() int { return r.as.count("token") + r.as.count("refresh") }

// together has many callers whose token ends at once: they share one refresh.
func (r *quirkRun) together() {
	r.t.Helper()
	r.as.expire()
	before := r.renewals()
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			if status, text := r.ask(http.MethodGet, "/proxy/"+r.name+"/things", "", nil); status != http.StatusOK {
				r.t.Errorf("a call among many: %d %s", status, text)
			}
		})
	}
	callers.Wait()
	if n := r.renewals() - before; n != 1 {
		r.t.Fatalf("8 callers made %d refresh requests; the provider: %q", n, r.as.complaints())
	}
}

// refresh renews because somebody says so.
func (r *quirkRun) refresh() {
	r.t.Helper()
	if r.c.variant == "too_early" {
		r.as.expire()
	}
	before := r.renewals()
	r.must(http.MethodPost, "/v1/connections/"+r.name+"/refresh", "", nil)
	if n := r.renewals() - before; n != 1 {
		r.t.Fatalf("%d refresh requests", n)
	}
}

func (r *quirkRun) revoke() {
	r.t.Helper()
	r.must(http.MethodPost, "/v1/connections/"+r.name+"/revoke", "", nil)
	told := 1
	if r.c.variant == "none" && r.c.on == quirkRevocation {
		told = 0
	}
	if n := r.as.count("revoke"); n < told || told == 0 && n > 0 {
		r.t.Errorf("%d revocations reached the provider", n)
	}
	before := r.as.count("call")
	if status, _ := r.ask(http.MethodGet, "/proxy/"+r.name+"/things", "", nil); status < 400 || r.as.count("call") != before {
		r.t.Errorf("a call after the revocation: %d", status)
	}
}

func (r *quirkRun) shown() api.Connection {
	r.t.Helper()
	var c api.Connection
	r.must(http.MethodGet, "/v1/connections/"+r.name, "", &c)
	return c
}

func livesFor(life time.Duration) func(*quirkRun) {
	return func(r *quirkRun) {
		end := r.shown().ExpiresAt
		switch {
		case life == 0 && end == nil:
		case life == 0 || end == nil:
			r.t.Errorf("it expires at %v", end)
		default:
			if off := time.Until(*end) - life; off > time.Minute || off < -time.Minute {
				r.t.Errorf("it expires in %v, not in %v", time.Until(*end), life)
			}
		}
	}
}

// chooseSite makes the choice that the look-up left open.
func chooseSite(r *quirkRun) {
	if c := r.shown(); c.State != api.StateNeedsConfiguration {
		r.t.Fatalf("with a choice open it is %s", c.State)
	}
	mustRun(r.t, []string{"VALETKEY_DATA=" + r.data}, "connect", r.name, "--choose", "site=south")
}

// secondClient gives another connection a registration of its own.
func secondClient(r *quirkRun) {
	other := *r
	other.name = r.name + "-b"
	other.apply(fmt.Sprintf("clients:\n  %s: {provider: %s, client_id: app-2, client_secret: \"the other one's\"}\nconnections:\n  %s: {client: %s}\n", other.name, r.name, other.name, other.name))
	other.consent()
	for name, client := range map[string]string{r.name: "app-1", other.name: "app-2"} {
		if _, text := r.ask(http.MethodGet, "/proxy/"+name+"/things", "", nil); !strings.Contains(text, client) {
			r.t.Errorf("%s is called as %s", name, text)
		}
	}
	other.together()
}

// refusedIn200 has the provider say no with a status that says yes.
func refusedIn200(r *quirkRun) {
	r.as.mu.Lock()
	r.as.grants["app-1"].over = true
	r.as.mu.Unlock()
	if status, text := r.ask(http.MethodPost, "/v1/connections/"+r.name+"/refresh", "", nil); status < 400 || !strings.Contains(text, "hint") {
		r.t.Errorf("an error inside a 200: %d %s", status, text)
	}
	if c := r.shown(); c.State != api.StateNeedsAuthorization {
		r.t.Errorf("after invalid_grant inside a 200 it is %s", c.State)
	}
}

// secondToken gets a token for another resource out of the same grant.
func secondToken(r *quirkRun) {
	var token api.AccessToken
	r.must(http.MethodGet, "/v1/connections/"+r.name+"/token?resource=files", "", &token)
	req, err := http.NewRequest(http.MethodGet, r.as.URL+"/api/files", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+string(token.AccessToken))
	if err := decodeReply(req, nil); err != nil {
		r.t.Errorf("the second token: %v", err)
	}
	r.call(http.StatusOK)
}

// withdrawn has the provider say in its own words that the grant is dead.
func withdrawn(r *quirkRun) {
	r.as.mu.Lock()
	r.as.grants["app-1"].over = true
	r.as.mu.Unlock()
	_, _ = r.ask(http.MethodPost, "/v1/connections/"+r.name+"/refresh", "", nil)
	if c := r.shown(); c.State != api.StateNeedsAuthorization {
		r.t.Errorf("a grant that is dead in the provider's words leaves %s", c.State)
	}
}

func tested(r *quirkRun) {
	r.must(http.MethodPost, "/v1/connections/"+r.name+"/test", "", nil)
	if r.as.count("ping") == 0 {
		r.t.Error("no test request came")
	}
}

// setUp reads back where a person registers.
func setUp(r *quirkRun) {
	var p api.Provider
	r.must(http.MethodGet, "/v1/providers/"+r.name, "", &p)
	var c api.Client
	r.must(http.MethodGet, "/v1/clients/"+r.name, "", &c)
	if p.Setup == nil || p.Setup.RegisterAt != "https://contoso.example/apps" || c.RedirectURI != r.as.redirectURI {
		r.t.Errorf("%+v, redirect URI %q", p.Setup, c.RedirectURI)
	}
}
