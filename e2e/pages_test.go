package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/sandbox"
)

// unreadable lists the texts of a page whose contrast with what is behind them
// is below the WCAG 2.2 level AA: 4.5, or 3 for large text.
const unreadable = `(() => {
	const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
	const linear = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
	const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const behind = (element) => {
		for (let e = element; e; e = e.parentElement) {
			const colour = parse(getComputedStyle(e).backgroundColor);
			if (colour.length === 3 || colour[3] === 1) return colour;
		}
		return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
	};
	const bad = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
		if (!text || element.getClientRects().length === 0) continue;
		const style = getComputedStyle(element), size = parseFloat(style.fontSize);
		const [a, b] = [luminance(parse(style.color)), luminance(behind(element))].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
		if (ratio < (large ? 3 : 4.5)) bad.push(ratio.toFixed(2) + ': ' + text.slice(0, 40));
	}
	return bad;
})()`

// judges looks at the page that is open, wide and narrow, light and dark.
func (c *chromium) judges(name string) {
	c.t.Helper()
	for _, flaw := range c.flaws(name) {
		c.t.Errorf("%s: %s", name, flaw)
	}
}

func (c *chromium) flaws(name string) []string {
	c.t.Helper()
	var found []string
	flaw := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, width := range []int64{1280, 390} {
		for _, scheme := range []string{"light", "dark"} {
			look := fmt.Sprintf("%d-%s", width, scheme)
			c.dims(width, scheme)
			c.shoots(name + "-" + look)
			if over := evaluate[int](c, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				flaw("%s: scrolls sideways by %d pixels", look, over)
			}
			for _, text := range evaluate[[]string](c, unreadable) {
				flaw("%s: contrast %s", look, text)
			}
			rules := looksOnly
			if look == "1280-light" || look == "390-dark" {
				rules = everyRule
			}
			for _, text := range c.barriers(rules) {
				flaw("%s: axe: %s", look, text)
			}
		}
	}
	if evaluate[string](c, `document.title`) == "" {
		flaw("no title")
	}
	if n := evaluate[int](c, `document.querySelectorAll('h1').length`); n != 1 {
		flaw("%d main headings", n)
	}
	if n := evaluate[int](c, `[...document.querySelectorAll('input:not([type=hidden])')].filter(i => i.labels.length === 0).length`); n != 0 {
		flaw("%d fields without a label", n)
	}
	for _, said := range c.complained() {
		flaw("the browser complained: %s", said)
	}
	for _, request := range c.strangers(originOf(c.address())) {
		flaw("a request to another origin: %s", request)
	}
	return found
}

func TestTheJudgeOfPagesFindsEachFlaw(t *testing.T) {
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'none'")
		fmt.Fprintf(w, `<body style="background:#fff"><p style="color:#bbb">pale</p><input><div style="width:2000px">wide</div>
			<script>1</script><img src="%s/spy.png">`, elsewhere.URL)
	}))
	t.Cleanup(bad.Close)
	c := startChromium(t)
	c.opens(bad.URL)
	found := strings.Join(c.flaws("judge"), "\n")
	for _, want := range []string{
		"390-light: scrolls sideways", "1280-dark: contrast 1.92: pale", "no title", "0 main headings",
		"1 fields without a label", "the browser complained: security: ", "a request to another origin: " + elsewhere.URL,
		"390-dark: axe: html-has-lang", "1280-light: axe: image-alt",
	} {
		if !strings.Contains(found, want) {
			t.Errorf("not found: %s", want)
		}
	}
	if t.Failed() {
		t.Logf("found:\n%s", found)
	}
}

func TestAPersonConnectsInARealBrowser(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	c := startChromium(t)
	p := w.connect("mail")

	c.opens(strings.Replace(p.url, "/oauth/start/", "/oauth/done/", 1))
	c.judges("pending")
	c.opens(p.url)
	if at := c.address(); !strings.HasPrefix(at, w.as.Issuer) {
		t.Fatalf("the address led to %s", at)
	}
	c.submits("button[type=submit]", map[string]string{"login": "maria", "password": "secret"})
	c.submits("button[type=submit]", nil)
	if at := c.address(); !strings.HasPrefix(at, server.url+"/oauth/done/") || strings.Contains(at, "code=") {
		t.Fatalf("consent led to %s", at)
	}
	_ = c.complained() // the provider's own pages are not ours to judge
	c.judges("done")
	if text := evaluate[string](c, `document.body.innerText`); !strings.Contains(text, "mail is connected") {
		t.Errorf("the last page says:\n%s", text)
	}
	if code := p.finish(); code != 0 {
		t.Errorf("connect: exit code %d\n%s", code, p.text)
	}
	if body := w.ok("call", "mail", "/me"); !strings.Contains(body, "maria") {
		t.Errorf("the API answered %s", body)
	}
}

func TestOurPagesInARealBrowser(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	c := startChromium(t)
	for name, path := range map[string]string{
		"landing":   "/",
		"docs":      "/docs",
		"missing":   "/no/such/page",
		"forged":    "/oauth/callback?code=forged&state=forged",
		"malformed": "/oauth/callback?nothing=1",
		"unknown":   "/oauth/start/nothing",
	} {
		c.opens(server.url + path)
		c.judges(name)
	}
	p := w.connect("mail")
	c.opens(p.url)
	c.submits(`a[href$="/abort"]`, nil)
	if at := c.address(); !strings.HasPrefix(at, server.url) || strings.Contains(at, "code=") {
		t.Errorf("declining led to %s", at)
	}
	_ = c.complained()
	c.judges("declined")
	if code := p.finish(); code != 4 {
		t.Errorf("connect: exit code %d\n%s", code, p.text)
	}
	begun, err := sdk(t, server.url, callersKey(t, w.env)).Authorize(t.Context(), "mail", api.AuthorizeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	c.opens(begun.AuthorizationURL)
	c.judges("start")
}

func TestThePracticeProvidersPagesInARealBrowser(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	startServe(t, w.data)
	listener := httptest.NewUnstartedServer(nil)
	practice, err := sandbox.New(sandbox.Config{Issuer: "http://" + listener.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = practice.Handler()
	listener.Start()
	t.Cleanup(listener.Close)
	credentials := practice.Credentials()

	c := startChromium(t)
	c.opens(credentials.Issuer)
	c.judges("practice-home")
	c.opens(credentials.AuthorizationEndpoint + "?client_id=nobody")
	c.judges("practice-error")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(credentials.ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	p := w.connect("practice", "--provider", "sandbox", "--var", "issuer="+credentials.Issuer,
		"--client-id", credentials.ClientID, "--client-secret-file", secret)
	c.opens(p.url)
	c.judges("practice-login")
	c.submits("button.primary", map[string]string{"username": credentials.Username, "password": "wrong"})
	c.judges("practice-login-refused")
	c.submits("button.primary", map[string]string{"password": credentials.Password}) // the name is still there
	c.judges("practice-consent")
	c.submits("button.primary", nil)
	c.judges("done-with-account")
	if code := p.finish(); code != 0 {
		t.Errorf("connect: exit code %d\n%s", code, p.text)
	}
}
