package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// password is what the operator of these tests chooses.
const password = "seven calm green otters"

// signsIn opens a first-run link and sets the password.
func (c *chromium) signsIn(link string) {
	c.t.Helper()
	c.opens(link)
	c.submits(".primary", map[string]string{"password": password, "again": password})
	if at := c.address(); !strings.HasSuffix(at, "/overview?done=first_run") {
		c.t.Fatalf("the first run led to %s", at)
	}
}

func TestAnOperatorSeesEverythingInARealBrowser(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	link := strings.TrimSpace(w.ok("operator", "reset"))
	c := startChromium(t)
	c.opens(link)
	c.judges("operator-first-run")
	c.submits(".primary", map[string]string{"password": password, "again": "another"})
	c.judges("operator-first-run-differs")
	c.signsIn(link)
	c.judges("operator-overview-empty")
	for _, name := range []string{"connections", "clients", "keys", "calendar", "links"} {
		c.opens(server.url + "/" + name)
		c.judges("operator-" + name + "-empty")
	}

	w.ok("apply", "-f", w.manifest())
	w.authorize("mail")
	w.ok("call", "mail", "/me")
	c.opens(server.url + "/connections/mail")
	c.submits(`form[action$="/test"] button`, nil)
	c.submits(`form[action$="/debug"] button`, nil)
	c.submits(`form.try button`, nil)
	if text := evaluate[string](c, `document.body.innerText`); !strings.Contains(text, "maria") || !strings.Contains(text, "valetkey call") {
		t.Errorf("the console shows:\n%s", text)
	}
	c.judges("operator-connection")
	c.opens(server.url + "/connections/mail/revoke")
	c.judges("operator-confirm")
	for _, path := range []string{"/overview", "/connections", "/clients", "/providers", "/providers/microsoft", "/keys", "/agents", "/calendar", "/account", "/connections/post", "/connections?q=nothing", "/audit", "/audit?actor=nobody", "/keyring", "/connections/none"} {
		c.opens(server.url + path)
		name, _, _ := strings.Cut(strings.Trim(strings.ReplaceAll(path, "/", "-"), "-"), "=")
		c.judges("operator-" + strings.ReplaceAll(name, "?", "-"))
	}
	c.opens(server.url + "/keys")
	c.submits(`form[action$="/keys"] button`, map[string]string{"name": "Not A Name"})
	c.judges("operator-key-fault")
	c.opens(server.url + "/keys")
	c.submits(`form[action$="/keys"] button`, map[string]string{"name": "reports"})
	if text := evaluate[string](c, `document.body.innerText`); !strings.Contains(text, "vk_") {
		t.Errorf("the key is not shown:\n%s", text)
	}
	c.judges("operator-key-made")
	c.submits(`form[action$="/sign-out"] button`, nil)
	if u, err := url.Parse(c.address()); err != nil || u.Path != "/sign-in" {
		t.Errorf("signing out led to %s", c.address())
	}
	c.judges("operator-signed-out")
	c.submits(".primary", map[string]string{"name": "operator", "password": "wrong"})
	c.judges("operator-sign-in-refused")
	c.opens(link)
	c.submits(".primary", map[string]string{"password": password, "again": password})
	c.judges("operator-first-run-used")
}
