package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// fills types into fields by name, in the place of what they hold.
func (c *chromium) fills(fields map[string]string) {
	c.t.Helper()
	for name, value := range fields {
		field := chromedp.CSS(fmt.Sprintf(`[name=%q]`, name))
		evaluate[bool](c, fmt.Sprintf(`(document.querySelector('[name=%q]').value = "") === ""`, name))
		c.do("type into "+name, chromedp.SendKeys(field, value))
	}
}

// says fails the test when the page does not hold every text.
func (c *chromium) says(texts ...string) {
	c.t.Helper()
	all := evaluate[string](c, `document.body.innerText`)
	for _, text := range texts {
		if !strings.Contains(all, text) {
			c.t.Fatalf("%s does not say %q:\n%s", c.address(), text, all)
		}
	}
}

// waits until something is on the page, however often it is loaded anew.
func (c *chromium) waits(selector string) {
	c.t.Helper()
	there := fmt.Sprintf(`document.readyState === "complete" && document.querySelector(%q) !== null`, selector)
	deadline := time.Now().Add(patience)
	for ready := false; !ready; ready, _ = chromedp.Run(c.ctx, chromedp.Evaluate[bool](there)) {
		if time.Now().After(deadline) {
			c.t.Fatalf("%s is not at %s:\n%s", selector, c.address(), evaluate[string](c, `document.body.innerText`))
		}
	}
}

// consents goes to the provider in this window, as where no other is opened.
func (c *chromium) consents(login string) {
	c.t.Helper()
	evaluate[bool](c, `(window.open = () => null, true)`)
	c.submits(`a[data-popup]`, nil)
	c.submits("button[type=submit]", map[string]string{"login": login, "password": "secret"})
	c.submits("button[type=submit]", nil)
	_ = c.complained() // the provider's own pages are not ours to judge
}

func TestTheWizardLeadsFromNothingToAFirstCallWithoutAPopUp(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	link := strings.TrimSpace(w.ok("operator", "reset"))
	c := startChromium(t)
	c.signsIn(link)
	c.submits(`a[href$="/new"]`, nil)
	c.judges("wizard-choose")

	// As one types, and by the form.
	c.do("search", chromedp.SendKeys(chromedp.CSS(`#q`), "office 365"))
	c.waits(`#found a[href$="/new/provider/microsoft"]`)
	c.opens(server.url + "/new?q=office+365")
	c.judges("wizard-search")
	c.opens(server.url + "/new/provider/microsoft")
	c.judges("wizard-microsoft")

	c.opens(server.url + "/new")
	c.fills(map[string]string{"issuer": w.as.Issuer + "/nobody"})
	c.submits(`form[action$="/discover"] button`, nil)
	c.judges("wizard-issuer-fault")
	c.fills(map[string]string{"issuer": w.as.Issuer + "/.well-known/openid-configuration"})
	c.submits(`form[action$="/discover"] button`, nil)
	c.says("authorization_endpoint", w.as.Issuer)
	c.judges("wizard-found")
	c.submits(`form[action$="/found"] button`, nil)
	c.says("Write a whole address")
	c.judges("wizard-found-fault")
	c.fills(map[string]string{"base_url": w.as.APIURL, "name": "contoso"})
	c.submits(`form[action$="/found"] button`, nil)

	c.says(server.url+"/oauth/callback", "mail.read", "Keep access while the person is away")
	c.judges("wizard-setup")
	client := w.as.Clients["basic-client"]
	c.fills(map[string]string{"name": "mail", "client_id": server.url + "/oauth/callback", "client_secret": client.Secret, "more_scopes": "mail.read~mail.send"})
	c.says("This is the redirect URI", "Read as a list")
	c.judges("wizard-live")
	c.submits(`.here .primary`, nil)
	c.says("This is the redirect URI", "Kept from before")
	c.judges("wizard-faults")
	c.fills(map[string]string{"client_id": client.ID, "more_scopes": "mail.read"})
	c.submits(`.here .primary`, nil)
	c.says("Open the consent page")
	c.judges("wizard-consent")

	c.consents("maria")
	c.says("mail is connected", "maria")
	c.judges("wizard-ready")
	c.fills(map[string]string{"path": "/me"})
	c.submits(`#call .primary`, nil)
	c.says("200 OK", "maria", "curl", "valetkey call mail '/me'")
	c.judges("wizard-call")
	if body := w.ok("call", "mail", "/me"); !strings.Contains(body, "maria") {
		t.Errorf("the API answered %s", body)
	}
}

func TestConsentThatIsRefusedIsSaidInWords(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	w.ok("apply", "-f", w.manifest())
	c := startChromium(t)
	c.signsIn(strings.TrimSpace(w.ok("operator", "reset")))
	c.opens(server.url + "/new/connection/mail")
	c.submits(`form[action$="/authorize"] .primary`, nil)
	waiting := c.address()
	evaluate[bool](c, `(window.open = () => null, true)`)
	c.submits(`a[data-popup]`, nil)
	c.submits(`a[href$="/abort"]`, nil)
	c.opens(waiting)
	c.says("It did not work", "Begin again")
	_ = c.complained()
	c.judges("wizard-refused")
}
