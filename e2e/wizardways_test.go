package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// unfolds opens everything on the page that is folded away.
func (c *chromium) unfolds() {
	c.t.Helper()
	evaluate[bool](c, `(document.querySelectorAll("details").forEach((one) => { one.open = true; }), true)`)
}

func TestEveryWayToGetATokenHasItsPage(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data, "--allow-grants", "password")
	w.ok("apply", "-f", w.manifest())
	c := startChromium(t)
	c.signsIn(strings.TrimSpace(w.ok("operator", "reset")))

	c.opens(server.url + "/new/provider/real?grant=token_exchange")
	c.unfolds()
	c.says("SAML assertion", "valetkey serve --allow-grants implicit", "requested_token_type", "api.rate_limit.concurrency", "client_assertion.from_command")
	c.judges("wizard-every-field")
	c.opens(server.url + "/new/describe?from=real")
	c.unfolds()
	c.says("token_response.access_token", "refresh_endpoint")
	c.judges("wizard-describe")

	client := w.as.Clients["basic-client"]
	for grant, says := range map[string]string{"password": "Give the login once", "saml2_bearer": "Bring the assertion", "on_behalf_of": "Each caller shows"} {
		c.opens(server.url + "/new/provider/real?grant=" + grant)
		c.fills(map[string]string{"name": strings.ReplaceAll(grant, "_", "-"), "client_id": client.ID, "client_secret": client.Secret})
		c.submits(`.here .primary`, nil)
		c.says(says)
		c.unfolds()
		c.judges("wizard-bring-" + grant)
	}
	c.opens(server.url + "/new/connection/password")
	c.submits(`form[action$="/bring"] button`, map[string]string{"username": "maria"})
	c.says("Something has to stand here")
	c.judges("wizard-bring-fault")

	// A service: no page of the provider at all.
	service := w.as.Clients["service-client"]
	c.opens(server.url + "/new/provider/real?grant=client_credentials")
	c.fills(map[string]string{"name": "robot-two", "client_id": service.ID, "client_secret": service.Secret, "more_scopes": "mail.send"})
	c.submits(`.here .primary`, nil)
	c.says("robot-two is connected", "No consent is needed")

	for _, path := range []string{"/connections/mail/edit", "/clients/basic-client/edit"} {
		c.opens(server.url + path)
		c.judges("wizard-edit" + strings.ReplaceAll(path, "/", "-"))
	}
}

func TestAFileOfAnotherProgramIsTakenOverInTheBrowser(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	c := startChromium(t)
	c.signsIn(strings.TrimSpace(w.ok("operator", "reset")))
	c.opens(server.url + "/new")
	service := w.as.Clients["service-client"]
	c.fills(map[string]string{"pasted": "curl -X POST " + w.as.Issuer + "/token -u " + service.ID + ":" + service.Secret + " -d grant_type=client_credentials -d scope=mail.send"})
	c.submits(`form[action$="/import"] button`, nil)
	c.says("This is what was read", w.as.Issuer+"/token")
	c.judges("wizard-draft")
	c.submits(`form[action$="/draft"] button`, nil)
	if at := c.address(); !strings.HasPrefix(at, server.url+"/new/connection/") {
		t.Errorf("it led to %s", at)
	}
	c.opens(server.url + "/new")
	c.fills(map[string]string{"pasted": "nothing of the kind"})
	c.submits(`form[action$="/import"] button`, nil)
	c.says("No program that is known here wrote this")
	if kept := evaluate[string](c, `document.getElementById("pasted").value`); kept != "nothing of the kind" {
		t.Errorf("what was pasted is now %q", kept)
	}
	c.judges("wizard-import-fault")
	c.opens(server.url + "/new/draft?shown=gone")
	c.says("no longer held")
	c.judges("wizard-gone")
}

func TestKnownMistakesAreCaughtAsTheyAreTyped(t *testing.T) {
	w := newWorld(t, authServerOptions{})
	server := startServe(t, w.data)
	c := startChromium(t)
	c.signsIn(strings.TrimSpace(w.ok("operator", "reset")))
	for _, one := range []struct{ page, field, typed, says string }{
		{"microsoft", "client_secret", "8f2c1a7d-0b1c-4d2e-8f3a-123456789abc", "This is the Secret ID"},
		{"microsoft", "v.tenant", "common", "AADSTS50194"},
		{"microsoft?grant=client_credentials", "v.tenant", "common", "Write the tenant's id"},
		{"microsoft-v1", "more_scopes", "Mail.Read", "The v1 endpoint knows no scopes"},
		{"google", "more_scopes", "openid~profile,email", "Read as a list"},
		{"google", "more_scopes", "openid;profile", "Put spaces between scopes"},
		{"google", "client_id", "maria@contoso.example", "This is an e-mail address"},
		{"ebay", "client_id", "Contoso-Thing-SBX-abc", "key of the sandbox"},
	} {
		c.opens(server.url + "/new/provider/" + one.page)
		c.fills(map[string]string{one.field: one.typed})
		place := `document.getElementById("` + one.field + `-live")`
		if said := evaluate[string](c, place+`.textContent`); !strings.Contains(said, one.says) {
			t.Errorf("%s: %s = %q: it says %q", one.page, one.field, one.typed, said)
		}
		if role := evaluate[string](c, place+`.getAttribute("role")`); role != "status" {
			t.Errorf("%s: what is said of %s is not announced", one.page, one.field)
		}
		if ids := evaluate[string](c, `document.getElementById("`+one.field+`").getAttribute("aria-describedby") || ""`); !strings.Contains(ids, one.field+"-live") {
			t.Errorf("%s: %s is described by %q", one.page, one.field, ids)
		}
	}
}

func TestADeviceIsAuthorizedFromTheWizard(t *testing.T) {
	w, server, c := wizardAt(t)
	c.opens(server.url + "/new/provider/real?grant=device_code")
	client := w.as.Clients["basic-client"]
	c.fills(map[string]string{"name": "tv", "client_id": client.ID, "client_secret": client.Secret, "more_scopes": "mail.read"})
	c.submits(`.here .primary`, nil)
	c.says("Open this page on any device")
	c.judges("wizard-device")
	b := newBrowser(t, "maria")
	b.code = evaluate[string](c, `document.querySelector('.await pre code').textContent`)
	b.authorize(t, evaluate[string](c, `document.querySelector('.await a').href`))
	c.waits(`#call`) // by itself
	c.says("tv is connected")
}

// ages lets the time of all links and authorizations run out, as no command can.
func (w *world) ages() {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.data, "*.db"))
	if err != nil || len(names) != 1 {
		w.t.Fatalf("the database is not one file: %q, %v", names, err)
	}
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(names[0])+"?_pragma=busy_timeout(30000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"connect_links", "flows"} {
		if _, err := db.ExecContext(w.t.Context(), "UPDATE "+table+" SET expires_at = created_at"); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestWhatHasExpiredSaysWhatToDo(t *testing.T) {
	w, server, c := wizardAt(t)
	made := w.link("mail", "--brand", "Contoso")
	c.opens(server.url + "/new/connection/mail")
	c.submits(`form[action$="/authorize"] .primary`, nil)
	waiting := c.address()
	start := evaluate[string](c, `document.querySelector("a[data-popup]").href`)
	w.ages()
	c.waits(`.panel.warn`) // by itself
	c.says("Nobody finished the authorization in time", "Begin again")
	c.judges("wizard-expired")
	c.opens(start)
	c.says("expired")
	c.judges("expired-authorization")
	c.opens(string(made.URL))
	c.says("This link has expired", "Ask Contoso for a new link")
	c.judges("link-expired")
	c.opens(waiting)
	c.submits(`form[action$="/authorize"] .actions button`, nil)
	c.says("Open the consent page")
}

func TestAPageIsUsedWithTheKeyboardAloneAndShowsWhereOneIs(t *testing.T) {
	w, server, c := wizardAt(t)
	_ = w
	for _, path := range []string{"/overview", "/new", "/new/provider/real", "/connections", "/connections/mail", "/keys", "/links", "/audit"} {
		c.opens(server.url + path)
		c.do("Tab", chromedp.KeyEvent("\t"))
		if !evaluate[bool](c, `document.activeElement.matches(".skip") && document.activeElement.getBoundingClientRect().left >= 0`) {
			t.Errorf("%s: the first stop is not the link to the content, in sight", path)
		}
		c.do("Enter", chromedp.KeyEvent("\r"))
		c.do("Tab", chromedp.KeyEvent("\t"))
		if !evaluate[bool](c, `document.querySelector("main").contains(document.activeElement)`) {
			t.Errorf("%s: the link to the content does not lead there", path)
		}
		// Each stop can be seen, and comes in the order of the page.
		flaw := evaluate[string](c, unseenStops)
		if flaw != "" {
			t.Errorf("%s: %s", path, flaw)
		}
	}
}

// unseenStops puts the focus on each thing that takes it, in the order of the tab
// key, and says what does not show it, is too small a target (WCAG 2.2 success
// criterion 2.5.8: 24 by 24 pixels, but in a sentence), or comes out of turn.
const unseenStops = `(() => {
	const stops = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
		.filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && !e.closest(".hidden, .skip"));
	const flaws = [];
	for (const e of stops) {
		const name = e.outerHTML.slice(0, 90);
		if (e.tabIndex > 0) flaws.push("out of turn: " + name);
		e.focus({ focusVisible: true });
		const style = getComputedStyle(e);
		if (document.activeElement === e && (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2)) flaws.push("no focus to be seen: " + name);
		const box = e.getBoundingClientRect(), alone = !(e.matches("a") && getComputedStyle(e).display === "inline");
		if (alone && !e.matches("[tabindex]") && !e.closest("label") && (box.width < 24 || box.height < 24)) flaws.push("small: " + Math.round(box.width) + "x" + Math.round(box.height) + " " + name);
	}
	return flaws.slice(0, 5).join("\n");
})()`

func TestNothingMovesForWhoeverAsksForStillness(t *testing.T) {
	style, err := os.ReadFile("../internal/web/page/static/app.css")
	if err != nil {
		t.Fatal(err)
	}
	outside := string(style)
	for {
		at := strings.Index(outside, "@media (prefers-reduced-motion: no-preference)")
		if at < 0 {
			break
		}
		end := strings.Index(outside[at:], "} }")
		outside = outside[:at] + outside[at+end+3:]
	}
	for _, motion := range []string{"transition", "animation", "scroll-behavior"} {
		if strings.Contains(outside, motion) {
			t.Errorf("the style sheet has a %s that nobody can turn off", motion)
		}
	}
}
