package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/valetkey/valetkey/api"
)

// link makes a connect link and gives what its maker is told.
func (w *world) link(args ...string) api.NewConnectLink {
	w.t.Helper()
	var made api.NewConnectLink
	if err := json.Unmarshal([]byte(w.ok(append([]string{"link", "create", "-o", "json"}, args...)...)), &made); err != nil {
		w.t.Fatal(err)
	}
	return made
}

// linkStatus is how far the command line says that a link has come.
func (w *world) linkStatus(id string) api.ConnectLink {
	w.t.Helper()
	var list api.ConnectLinkList
	if err := json.Unmarshal([]byte(w.ok("link", "list", "-o", "json")), &list); err != nil {
		w.t.Fatal(err)
	}
	for _, l := range list.Links {
		if l.ID == id {
			return l
		}
	}
	w.t.Fatalf("no link %s in %+v", id, list)
	return api.ConnectLink{}
}

// arrives waits until the browser is at an address that begins so.
func (c *chromium) arrives(beginning string) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	there := `location.href.startsWith(` + strconv.Quote(beginning) + `) && document.readyState === 'complete'`
	for ready := false; !ready; ready, _ = chromedp.Run(c.ctx, chromedp.Evaluate[bool](there)) {
		if time.Now().After(deadline) {
			c.t.Fatalf("the browser is at %s, not at %s", c.address(), beginning)
		}
	}
}

func (c *chromium) tells(texts ...string) {
	c.t.Helper()
	body := evaluate[string](c, `document.body.innerText`)
	for _, text := range texts {
		if !strings.Contains(body, text) {
			c.t.Errorf("the page at %s does not say %q:\n%s", c.address(), text, body)
		}
	}
}

func TestSomebodyWithoutAnAccountAuthorizesWithALink(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	made := w.link("mail", "--brand", "Contoso", "--message", "We file your invoices from here.")
	c := startChromium(t)
	c.opens(string(made.URL))
	c.tells("Contoso asks for access", "We file your invoices", "Keep the access until you take it back")
	c.judges("link")
	if got := w.linkStatus(made.ID); got.Status != api.LinkOpened {
		t.Errorf("opened: %+v", got)
	}
	c.submits("button.primary", nil)
	c.arrives(w.as.Issuer)
	c.submits("button[type=submit]", map[string]string{"login": "maria", "password": "secret"})
	c.submits("button[type=submit]", nil)
	c.arrives(server.url + "/oauth/done/")
	_ = c.complained()
	c.tells("Thank you")
	c.judges("link-done")
	if got := w.linkStatus(made.ID); got.Status != api.LinkDone {
		t.Errorf("done: %+v", got)
	}
	if body := w.ok("call", "mail", "/me"); !strings.Contains(body, "maria") {
		t.Errorf("the API answered %s", body)
	}
	c.opens(string(made.URL))
	c.tells("This link was used")
	c.judges("link-used")

	c.signsIn(strings.TrimSpace(w.ok("operator", "reset")))
	c.opens(server.url + "/links?connection=mail")
	c.tells("New link", "Done")
	c.judges("links")
	c.submits(`form[action$="/links"] button.primary`, map[string]string{"account": "maria@contoso.com", "name": "Contoso"})
	c.tells("The link for mail", server.url+"/connect/")
	c.judges("links-made")
	c.submits(`form[action$="/sign-out"] button`, nil)

	revoked := w.link("mail")
	w.ok("link", "revoke", revoked.ID)
	c.opens(string(revoked.URL))
	c.tells("This link was taken back")
	c.judges("link-revoked")
	c.opens(server.url + "/connect/unknown")
	c.tells("not known here")
	c.judges("link-unknown")
}

func TestAnotherAccountThanTheExpectedOneIsRefused(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	made := w.link("mail", "--account", "ben", "--brand", "Contoso")
	c := startChromium(t)
	c.opens(string(made.URL))
	c.tells("ben", "Another account will be refused")
	c.submits("button.primary", nil)
	c.arrives(w.as.Issuer)
	evaluate[string](c, `document.querySelector('[name=login]').value = ''`) // the expected account is offered there
	c.submits("button[type=submit]", map[string]string{"login": "maria", "password": "secret"})
	c.submits("button[type=submit]", nil)
	c.arrives(server.url + "/oauth/done/")
	_ = c.complained()
	c.tells("Nothing was connected", "This link is for ben", "sign in as ben")
	c.judges("link-wrong-account")
	if got := w.linkStatus(made.ID); got.Status != api.LinkFailed || got.Cause == nil {
		t.Errorf("%+v", got)
	}
	if got := w.ok("show", "mail", "-o", "json"); strings.Contains(got, `"state": "active"`) {
		t.Errorf("it is connected all the same: %s", got)
	}
	c.submits(`a.primary`, nil)
	c.tells("Contoso asks for access")
}

func TestALinkByCodeShowsTheCodeAndTurnsGreenByItself(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	file := filepath.Join(t.TempDir(), "tv.yaml")
	if err := os.WriteFile(file, []byte("connections:\n  tv: {client: basic-client, grant: device_code, scopes: [mail.read]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ok("apply", "-f", file)
	made := w.link("tv", "--brand", "Contoso")
	c := startChromium(t)
	c.opens(string(made.URL))
	c.tells("You get a code")
	c.submits("button.primary", nil)
	c.arrives(server.url + "/oauth/done/")
	c.tells("Finish on any device")
	c.judges("link-device")
	b := newBrowser(t, "maria")
	b.code = evaluate[string](c, `document.querySelector('.usercode').textContent`)
	b.authorize(t, evaluate[string](c, `document.querySelector('.device a').href`))
	deadline := time.Now().Add(patience)
	for text := ""; !strings.Contains(text, "Thank you"); text, _ = chromedp.Run(c.ctx, chromedp.Evaluate[string](`document.body.innerText`)) {
		if time.Now().After(deadline) {
			t.Fatalf("the page did not turn green:\n%s", text)
		}
	}
	if got := w.linkStatus(made.ID); got.Status != api.LinkDone {
		t.Errorf("%+v", got)
	}
}
