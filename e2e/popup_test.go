package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/valetkey/valetkey/api"
)

// opened is the window that something on the page opens.
func (c *chromium) opened(by func()) *chromium {
	c.t.Helper()
	by()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		if found := c.windows(); len(found) > 0 {
			tab, leave := chromedp.NewContext(c.ctx, chromedp.WithTargetID(found[0].TargetID))
			c.t.Cleanup(leave)
			window := &chromium{t: c.t, ctx: tab}
			if err := chromedp.Listen(tab, window.hear); err != nil {
				c.t.Fatal(err)
			}
			return window
		}
	}
	c.t.Fatalf("no window was opened by %s", c.address())
	return nil
}

// windows are those that pages opened and nobody closed.
func (c *chromium) windows() (found []*target.Info) {
	c.t.Helper()
	all, err := chromedp.Targets(c.ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, one := range all {
		if one.Type == "page" && one.OpenerID != "" {
			found = append(found, one)
		}
	}
	return found
}

// closes waits until no window is open that a page opened.
func (c *chromium) closes() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	for len(c.windows()) > 0 {
		if ctx.Err() != nil {
			c.t.Fatal("the window is not closed")
		}
	}
}

// follows presses a link that opens a window, and gives that window.
func (c *chromium) follows(selector string) *chromium {
	c.t.Helper()
	return c.opened(func() { c.do("press "+selector, chromedp.Click(chromedp.CSS(selector))) })
}

// signsInAtTheProvider signs in there, which asks for consent.
func (c *chromium) signsInAtTheProvider(login string) {
	c.t.Helper()
	c.waits("input[name=login]")
	evaluate[string](c, `document.querySelector('[name=login]').value = ''`) // the account may be offered there
	c.submits("button[type=submit]", map[string]string{"login": login, "password": "secret"})
}

// presses does it without waiting for what comes: the window may close.
func (c *chromium) presses(selector string) {
	c.t.Helper()
	c.do("press "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// wizardAt is an operator's browser at a server that knows a provider, and a
// connection that nobody has authorized.
func wizardAt(t *testing.T) (*world, *server, *chromium) {
	t.Helper()
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	c := startChromium(t)
	c.signsIn(strings.TrimSpace(w.ok("operator", "reset")))
	return w, server, c
}

func TestThePageBehindTurnsGreenByItselfAndClosesTheWindow(t *testing.T) {
	w, server, c := wizardAt(t)
	c.opens(server.url + "/new/connection/mail")
	c.submits(`form[action$="/authorize"] .primary`, nil)

	// Consent refused: said on the page behind.
	window := c.follows(`a[data-popup]`)
	window.waits(`a[href$="/abort"]`)
	window.presses(`a[href$="/abort"]`)
	c.waits(`.panel.warn`)
	c.says("It did not work", "Begin again")
	c.closes()

	c.submits(`form[action$="/authorize"] .actions button`, nil)
	window = c.follows(`a[data-popup]`)
	window.signsInAtTheProvider("maria")
	window.presses("button[type=submit]")
	c.waits(`#call`)
	c.says("mail is connected", "maria")
	c.closes()

	// Another account: refused in words, and the connection stays as it was.
	for _, name := range []string{"_session", "_session.legacy"} { // signed out there
		if _, err := chromedp.Call(c.ctx, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: w.as.Issuer}); err != nil {
			t.Fatal(err)
		}
	}
	c.submits(`form[action$="/authorize"] .actions button`, nil)
	window = c.follows(`a[data-popup]`)
	window.signsInAtTheProvider("mallory")
	window.presses("button[type=submit]")
	c.waits(`.panel.warn`)
	c.says("It did not work", "maria")
	c.closes()
	_ = c.complained()
	c.judges("wizard-another-account")
}

// tabsTo goes on with the keyboard until a field, link or button has the focus.
func (c *chromium) tabsTo(selector string) {
	c.t.Helper()
	for range 80 {
		if evaluate[bool](c, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		c.do("Tab", chromedp.KeyEvent("\t"))
	}
	c.t.Fatalf("the keyboard does not reach %s at %s", selector, c.address())
}

func TestTheWizardIsWalkedWithTheKeyboardOnANarrowScreen(t *testing.T) {
	w, server, c := wizardAt(t)
	c.dims(390, "light")
	c.opens(server.url + "/new")
	c.do("search", chromedp.KeyEvent("/"))
	c.do("type", chromedp.KeyEvent("real"))
	c.waits(`#found a[href$="/new/provider/real"]`)
	c.tabsTo(`a[href$="/new/provider/real"]`)
	c.do("Enter", chromedp.KeyEvent("\r"), chromedp.WaitReady(chromedp.CSS(`#client_id`)))
	client := w.as.Clients["basic-client"]
	c.tabsTo(`#client_id`)
	c.do("type", chromedp.KeyEvent(client.ID))
	c.tabsTo(`#client_secret`)
	c.do("type", chromedp.KeyEvent(client.Secret))
	c.tabsTo(`#more_scopes`)
	c.do("type", chromedp.KeyEvent("mail.read"))
	c.tabsTo(`.here .primary`)
	c.do("Enter", chromedp.KeyEvent("\r"), chromedp.WaitReady(chromedp.CSS(`a[data-popup]`)))
	c.tabsTo(`a[data-popup]`)
	window := c.opened(func() { c.do("Enter", chromedp.KeyEvent("\r")) })
	window.waits("input[name=login]")
	window.tabsTo("[name=login]")
	window.do("sign in", chromedp.KeyEvent("maria\tsecret\r"))
	window.waits(`form:not(:has(input[name=login])) button[type=submit]`) // the next page: this one has a button too
	window.tabsTo("button[type=submit]")
	window.do("consent", chromedp.KeyEvent("\r"))
	c.waits(`#call`)
	c.closes()
	c.tabsTo(`#call #path`)
	c.do("Enter", chromedp.KeyEvent("\r"), chromedp.WaitReady(chromedp.CSS(`#call pre`)))
	c.says("real is connected", "valetkey call real")
}

func TestAWholeWizardGoesWithoutScripts(t *testing.T) {
	w, server, c := wizardAt(t)
	if _, err := chromedp.Call(c.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	click := func(selector string) { // with the mouse: there is no script
		t.Helper()
		ctx, cancel := context.WithTimeout(c.ctx, patience)
		defer cancel()
		if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
			t.Fatalf("press %s: %v (at %s)", selector, err, c.address())
		}
	}
	types := func(selector, text string) {
		t.Helper()
		c.do("type", chromedp.SendKeys(chromedp.CSS(selector), text))
	}
	c.opens(server.url + "/new?q=real")
	click(`#found a[href$="/new/provider/real"]`)
	client := w.as.Clients["basic-client"]
	types("#client_id", client.ID)
	types("#client_secret", client.Secret)
	types("#more_scopes", "mail.read")
	click(".here .primary")
	link, err := chromedp.Run(c.ctx, chromedp.AttributeValue(chromedp.CSS(`a[data-popup]`), "href"))
	if err != nil {
		t.Fatal(err)
	}
	waiting := c.address()
	c.opens(server.url + link.Value) // in a tab of its own, or this one
	types("input[name=login]", "maria")
	types("input[name=password]", "secret")
	click("button[type=submit]")
	click("button[type=submit]")
	c.opens(waiting)
	types("#call #path", "me")
	click("#call .primary")
	text, err := chromedp.Run(c.ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil || !strings.Contains(text, "real is connected") || !strings.Contains(text, "200 OK") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestALinkInAWindowOfAnotherPageTellsThatPageAndCloses(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	outer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<title>Contoso</title><h1>Contoso</h1><button>Connect</button><p></p>`)
	}))
	t.Cleanup(outer.Close)
	config := filepath.Join(t.TempDir(), "server.yaml")
	if err := os.WriteFile(config, []byte("return_origins: ["+outer.URL+"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startServe(t, w.data, "--config", config)
	w.ok("apply", "-f", w.manifest())
	made := w.link("mail", "--return-to", outer.URL+"/back")
	c := startChromium(t)
	c.opens(outer.URL)
	evaluate[bool](c, fmt.Sprintf(`(() => {
		document.querySelector("button").onclick = () => window.open(%q, "connect", "width=520,height=720");
		addEventListener("message", (e) => { if (e.origin === %q) document.querySelector("p").textContent = e.data.valetkey + " " + e.data.link; });
		return true;
	})()`, string(made.URL)+"?embed=1", server.url))
	window := c.follows("button")
	window.waits("button.primary")
	window.presses("button.primary")
	window.signsInAtTheProvider("maria")
	window.presses("button[type=submit]")
	c.closes()
	c.says("done " + made.ID)
	if got := w.linkStatus(made.ID); got.Status != api.LinkDone {
		t.Errorf("%+v", got)
	}
}
