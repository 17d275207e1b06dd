package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a time that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a running practice provider and a browser that follows no redirects.
type rig struct {
	t       *testing.T
	srv     *Server
	url     string
	clock   *clock
	browser *http.Client
}

const (
	callback = "http://127.0.0.1:8539/oauth/callback"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

func newRig(t *testing.T, faults string, changes ...func(*Config)) *rig {
	t.Helper()
	parsed, err := ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	ts := httptest.NewUnstartedServer(nil)
	cfg := Config{Issuer: "http://" + ts.Listener.Addr().String(), Now: c.Now, Faults: parsed}
	for _, change := range changes {
		change(&cfg)
	}
	srv, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ts.Config.Handler = srv.Handler()
	ts.Start()
	t.Cleanup(ts.Close)
	r := &rig{t: t, srv: srv, url: ts.URL, clock: c}
	r.browser = r.newBrowser()
	return r
}

func (r *rig) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	transport := &http.Transport{}
	r.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Jar:           jar,
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is a response with its body read.
type reply struct {
	*http.Response
	body string
}

func (r *rig) do(req *http.Request) reply {
	r.t.Helper()
	resp, err := r.browser.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatalf("reading the body: %v", err)
	}
	return reply{resp, string(body)}
}

func (r *rig) request(method, target, body string) *http.Request {
	r.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = r.url + target
	}
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	return req
}

func (r *rig) get(target string) reply {
	r.t.Helper()
	return r.do(r.request("GET", target, ""))
}

func (r *rig) post(target string, form url.Values) reply {
	r.t.Helper()
	req := r.request("POST", target, form.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.do(req)
}

// authParams is a good authorization request; pairs of name and value change
// it, an empty value removes the parameter.
func authParams(pairs ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	v := url.Values{
		"response_type":         {"code"},
		"client_id":             {"practice"},
		"redirect_uri":          {callback},
		"scope":                 {"User.Read Mail.Read offline_access"},
		"state":                 {"st-1"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
	return edit(v, pairs)
}

func edit(v url.Values, pairs []string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			v.Del(pairs[i])
		} else {
			v.Set(pairs[i], pairs[i+1])
		}
	}
	return v
}

var (
	formActionRE = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	csrfRE       = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
)

// submit fills in the form of a page.
func (r *rig) submit(page reply, pairs ...string) reply {
	r.t.Helper()
	action, csrf := formActionRE.FindStringSubmatch(page.body), csrfRE.FindStringSubmatch(page.body)
	if action == nil || csrf == nil {
		r.t.Fatalf("status %d, no form in:\n%s", page.StatusCode, page.body)
	}
	step := "login"
	if strings.Contains(page.body, `value="consent"`) {
		step = "consent"
	}
	form := edit(url.Values{"csrf": {csrf[1]}, "step": {step}}, pairs)
	return r.post(html.UnescapeString(action[1]), form)
}

func (r *rig) signIn(page reply) reply {
	r.t.Helper()
	return r.submit(page, "username", "maria", "password", "practice")
}

// authorize runs the whole browser part and returns the authorization response.
func (r *rig) authorize(pairs ...string) url.Values {
	r.t.Helper()
	page := r.get("/authorize?" + authParams(pairs...).Encode())
	if strings.Contains(page.body, `id="username"`) {
		page = r.signIn(page)
	}
	if page.StatusCode == http.StatusOK {
		page = r.submit(page, "action", "allow")
	}
	return answerOf(r.t, page)
}

// answerOf reads the authorization response out of a redirect to the callback.
func answerOf(t *testing.T, page reply) url.Values {
	t.Helper()
	location := page.Header.Get("Location")
	if page.StatusCode != http.StatusSeeOther || location == "" {
		t.Fatalf("status %d, Location %q, want a redirect; body:\n%s", page.StatusCode, location, page.body)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// tokenForm is a token request of the confidential client.
func (r *rig) tokenForm(grantType string, pairs ...string) url.Values {
	return edit(url.Values{
		"grant_type":    {grantType},
		"client_id":     {"practice"},
		"client_secret": {r.srv.Credentials().ClientSecret},
	}, pairs)
}

func (r *rig) redeem(code string, pairs ...string) reply {
	r.t.Helper()
	form := r.tokenForm("authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier)
	return r.post("/token", edit(form, pairs))
}

func (r *rig) refresh(token string, pairs ...string) reply {
	r.t.Helper()
	return r.post("/token", edit(r.tokenForm("refresh_token", "refresh_token", token), pairs))
}

// tokens is a token response as a lenient reader sees it.
type tokens struct {
	Access      string `json:"access_token"`
	Refresh     string `json:"refresh_token"`
	Type        string `json:"token_type"`
	ExpiresIn   any    `json:"expires_in"`
	Scope       string `json:"scope"`
	IDToken     string `json:"id_token"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

func decode[T any](t *testing.T, rep reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(rep.body), &v); err != nil {
		t.Fatalf("status %d, body is not JSON (%v):\n%s", rep.StatusCode, err, rep.body)
	}
	return v
}

// connect authorizes and redeems: the tokens of a fresh grant.
func (r *rig) connect(pairs ...string) tokens {
	r.t.Helper()
	rep := r.redeem(r.authorize(pairs...).Get("code"))
	if rep.StatusCode != http.StatusOK {
		r.t.Fatalf("redeeming: %d %s", rep.StatusCode, rep.body)
	}
	return decode[tokens](r.t, rep)
}

func (r *rig) api(method, target, token, body string) reply {
	r.t.Helper()
	req := r.request(method, target, body)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return r.do(req)
}

func (r *rig) setFaults(s string) {
	r.t.Helper()
	f, err := ParseFaults(s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.srv.SetFaults(f)
}

func wantError(t *testing.T, rep reply, status int, code string) {
	t.Helper()
	got := decode[tokens](t, rep)
	if rep.StatusCode != status || got.Error != code {
		t.Errorf("got %d %q (%s), want %d %q", rep.StatusCode, got.Error, got.Description, status, code)
	}
}
