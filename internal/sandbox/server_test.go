package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func TestNewRefusesABadConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"no issuer":         {Config{}, "issuer is empty"},
		"no scheme":         {Config{Issuer: "127.0.0.1:4000"}, "issuer"},
		"another scheme":    {Config{Issuer: "ftp://host"}, "http://"},
		"no host":           {Config{Issuer: "http://:80"}, "no host"},
		"a path":            {Config{Issuer: "http://host/tenant"}, "scheme, host and port alone"},
		"a query":           {Config{Issuer: "http://host?x"}, "scheme, host and port alone"},
		"a password":        {Config{Issuer: "http://u:hunter2@host"}, "scheme, host and port alone"},
		"negative lifetime": {Config{Issuer: "http://host", TokenLifetime: -time.Second}, "negative"},
		"broken randomness": {Config{Issuer: "http://host", Rand: iotest.ErrReader(errors.New("dry"))}, "client secret"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(c.cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("New: %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestTheIssuerLosesItsTrailingSlash(t *testing.T) {
	s, err := New(Config{Issuer: "https://practice.example:8443/"})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.Credentials(); c.Issuer != "https://practice.example:8443" || c.APIBaseURL != "https://practice.example:8443/v1.0" {
		t.Errorf("credentials = %+v", c)
	}
}

func TestTheClientSecretIsRandomUnlessGiven(t *testing.T) {
	secretOf := func(cfg Config) string {
		cfg.Issuer = "http://host"
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s.Credentials().ClientSecret
	}
	if a, b := secretOf(Config{}), secretOf(Config{}); a == b || len(a) != 32 {
		t.Errorf("secrets %q and %q", a, b)
	}
	if got := secretOf(Config{ClientSecret: "mine"}); got != "mine" {
		t.Errorf("secret = %q", got)
	}
	zeros := bytes.NewReader(make([]byte, 24))
	if got := secretOf(Config{Rand: zeros}); got != strings.Repeat("A", 32) {
		t.Errorf("secret from Rand = %q", got)
	}
}

func TestRandomnessThatRunsDryIsContinued(t *testing.T) {
	s, err := New(Config{Issuer: "http://host", Rand: io.LimitReader(neverEnding{}, 24)})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := s.random(24), s.random(24); len(a) < 20 || a == b {
		t.Errorf("random = %q, then %q", a, b)
	}
}

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }

func TestRingForgetsTheOldest(t *testing.T) {
	r := newRing[int](3)
	for i := range 5 {
		r.put(fmt.Sprint(i), i)
	}
	r.put("4", 40)
	if len(r.byKey) != 3 || len(r.order) != 3 || r.byKey["4"] != 40 {
		t.Errorf("ring = %+v", r)
	}
	if _, ok := r.byKey["1"]; ok {
		t.Error("the second oldest is still there")
	}
}

func TestTheStoreIsBounded(t *testing.T) {
	st := newStore(10)
	now := time.Unix(1000, 0)
	for i := range 100 {
		key := fmt.Sprint(i)
		g := &grant{clientID: "practice"}
		st.putCode(key, code{grant: g})
		st.putAccess(key, accessToken{grant: g, expires: now.Add(time.Hour)})
		st.putRefresh(key, refreshToken{grant: g})
		st.putSession(key, session{expires: now.Add(time.Hour)})
		st.remember(key, "practice", []string{"a"})
		st.dropSession(key)
	}
	sizes := []int{len(st.codes.byKey), len(st.access.byKey), len(st.refresh.byKey), len(st.sessions.order), len(st.consents.byKey)}
	for i, n := range sizes {
		if n != 10 {
			t.Errorf("kind %d holds %d entries, want 10", i, n)
		}
	}
	if _, ok := st.findAccess("0", now); ok {
		t.Error("the oldest token is still good")
	}
	if _, ok := st.findAccess("99", now); !ok {
		t.Error("the newest token is gone")
	}
}

func TestOfManyRefreshesWithOneTokenExactlyOneSucceeds(t *testing.T) {
	r := newRig(t, "")
	token := r.connect().Refresh
	const racers = 20
	statuses := make(chan int, racers)
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			resp, err := r.sendRefresh(t.Context(), token)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			statuses <- resp.StatusCode
		})
	}
	all.Wait()
	close(statuses)
	won := 0
	for status := range statuses {
		if status == http.StatusOK {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d of %d refreshes succeeded, want 1", won, racers)
	}
}

func TestRequestsIsACopy(t *testing.T) {
	r := newRig(t, "")
	r.connect()
	stats := r.srv.Requests()
	stats.TokenRequests["authorization_code"] = 99
	again := r.srv.Requests()
	if again.TokenRequests["authorization_code"] != 1 || again.Authorizations != 1 || again.CodesIssued != 1 || again.TokensIssued != 1 {
		t.Errorf("stats = %+v", again)
	}
	r.post("/token", r.tokenForm("made-up"))
	r.refresh("x", "client_secret", "wrong")
	if got := r.srv.Requests(); got.TokenRequests["other"] != 1 || got.ClientRefused != 1 {
		t.Errorf("stats = %+v", got)
	}
}

func TestEveryPageHasItsSecurityHeadersAndNothingInline(t *testing.T) {
	r := newRig(t, "token_503=2")
	login := r.get("/authorize?" + authParams().Encode())
	pages := map[string]reply{
		"login":   login,
		"consent": r.signIn(login),
		"refusal": r.get("/authorize"),
		"home":    r.get("/"),
	}
	inline := regexp.MustCompile(`(?i)<script|<style|\sstyle=|\son[a-z]+=`)
	for name, page := range pages {
		csp := page.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: CSP lacks %s", name, part)
			}
		}
		if strings.Contains(csp, "unsafe") || page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers = %v", name, page.Header)
		}
		if found := inline.FindString(page.body); found != "" {
			t.Errorf("%s: inline %q", name, found)
		}
		if !strings.Contains(page.body, `name="viewport"`) || !strings.Contains(page.body, "<title>") {
			t.Errorf("%s: no viewport or title", name)
		}
	}
}

func TestFormsMayLeadToAConfiguredAppScheme(t *testing.T) {
	r := newRig(t, "", func(c *Config) { c.RedirectURIs = []string{"https://broker.example/cb", "com.example.app:/cb"} })
	csp := r.get("/").Header.Get("Content-Security-Policy")
	if !strings.HasSuffix(csp, "form-action 'self' http: https: com.example.app:") {
		t.Errorf("CSP = %s", csp)
	}
}

func TestEveryFieldHasItsLabel(t *testing.T) {
	r := newRig(t, "")
	page := r.get("/authorize?" + authParams().Encode())
	for _, field := range []string{"username", "password"} {
		if !strings.Contains(page.body, `<label for="`+field+`">`) || !strings.Contains(page.body, `id="`+field+`" name="`+field+`"`) {
			t.Errorf("the field %s has no label of its own", field)
		}
	}
	if strings.Count(page.body, "autofocus") != 1 {
		t.Error("want one field with autofocus")
	}
}

func TestTheHomePageShowsFaultsAndCountsAndNoSecret(t *testing.T) {
	r := newRig(t, "token_503=2")
	r.post("/token", r.tokenForm("refresh_token"))
	page := r.get("/")
	for _, words := range []string{"token_503=2", "happened 1×", r.url + "/token", "practice-public"} {
		if !strings.Contains(page.body, words) {
			t.Errorf("the page lacks %q", words)
		}
	}
	if strings.Contains(page.body, r.srv.Credentials().ClientSecret) {
		t.Error("the client secret is on the page")
	}
	if clean := newRig(t, "").get("/"); !strings.Contains(clean.body, "no fault is switched on") {
		t.Error("a well-behaved server does not say so")
	}
	if f := r.srv.Faults().String(); f != "token_503=2" {
		t.Errorf("Faults() = %q", f)
	}
}

func TestAssets(t *testing.T) {
	r := newRig(t, "")
	for name, kind := range map[string]string{"practice.css": "text/css; charset=utf-8", "key.svg": "image/svg+xml"} {
		if rep := r.get("/assets/" + name); rep.StatusCode != 200 || rep.Header.Get("Content-Type") != kind || rep.body == "" {
			t.Errorf("%s: %d %v", name, rep.StatusCode, rep.Header)
		}
	}
	for _, name := range []string{"login.html", "..%2fpage.go", "none"} {
		if rep := r.get("/assets/" + name); rep.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", name, rep.StatusCode)
		}
	}
}
