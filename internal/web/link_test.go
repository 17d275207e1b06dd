package web

import (
	"bytes"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/link/linktest"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/internal/store/memory"
	"github.com/valetkey/valetkey/internal/web/page"
)

// withLinks serves the rig's pages with links, and gives them.
func (g *rig) withLinks(publicURL string, returnTo ...string) *link.Links {
	g.t.Helper()
	keyring, err := secret.CreateKeyring(g.t.TempDir() + "/keyring.json")
	g.must(err)
	links := link.New(link.Config{
		Broker: g.broker, Store: linktest.NewMemory(), Journal: memory.New(), Seal: keyring,
		PublicURL: publicURL, ReturnOrigins: returnTo, Now: func() time.Time { return g.now },
	})
	g.broker.Accept = links.Accept
	config := g.config(publicURL)
	config.Links, config.Domain.Links = links, links
	g.pages = New(config)
	return links
}

// visits makes a link and gives the path of its page.
func (g *rig) visits(links *link.Links, spec api.ConnectLinkSpec) string {
	g.t.Helper()
	spec.Connection = "mail"
	made, err := links.Create(g.t.Context(), spec)
	g.must(err)
	return strings.TrimPrefix(string(made.URL), public)
}

// goes presses the button of a link's page and gives the page that follows.
func (g *rig) goes(b browser, path string, fields ...string) string {
	g.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	to := g.post(b, path, form).Header().Get("Location")
	if !strings.HasPrefix(to, "/oauth/done/") {
		g.t.Fatalf("the button leads to %q", to)
	}
	return to
}

func TestALinksPageSaysWhoAsksAndLeadsToTheProviderOnlyWhenTold(t *testing.T) {
	g := newRig(t, public)
	links := g.withLinks(public)
	logo := link.Logo{Kind: "image/svg+xml", Content: []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`)}
	path := g.visits(links, api.ConnectLinkSpec{ExpectedAccount: "maria@contoso.com", Brand: &api.ConnectLinkBrand{Name: "<b>Contoso</b>", Logo: logo.DataURI(), Message: "Hello"}})
	b := browser{}
	w := g.get(b, path)
	shows(t, w, 200, "&lt;b&gt;Contoso&lt;/b&gt; asks for access", "maria@contoso.com", "Hello", "valetkey.example", "Another account will be refused")
	if len(b) != 0 {
		t.Error("a visit alone sets a cookie")
	}
	picture := g.get(b, regexp.MustCompile(`/connect-logo/[^"]+`).FindString(w.Body.String()))
	if picture.Header().Get("Content-Type") != "image/svg+xml" || !strings.Contains(picture.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the logo comes with %v", picture.Header())
	}
	to := g.goes(b, path)
	w = g.get(b, to)
	shows(t, w, 200, "On to fake", "Sign in as")
	if at := w.Header().Get("Refresh"); !strings.HasPrefix(at, "0; url=/oauth/start/") {
		t.Errorf("Refresh: %s", at)
	}
	if got := g.sendWith(browser{}, "POST", path, "", "cross-site"); got.Code != 403 {
		t.Errorf("a form of another site: %d", got.Code)
	}
	shows(t, g.get(b, "/connect/nothing"), 404, "not known here")
	if strings.Contains(g.log.String(), strings.TrimPrefix(path, "/connect/")) {
		t.Error("the address is in the log")
	}
}

func TestAnInstallationWithANameAsksInItsName(t *testing.T) {
	g := newRig(t, public)
	links := g.withLinks(public)
	config := g.config(public)
	config.Links, config.Domain.Links = links, links
	config.Brand = page.Installation{Name: "Contoso Connections", Picture: []byte("png"), Kind: "image/png"}
	g.pages = New(config)
	w := g.get(browser{}, g.visits(links, api.ConnectLinkSpec{}))
	shows(t, w, 200, "Contoso Connections asks for access", "valetkey.example", "/static/logo.")
	if n := strings.Count(w.Body.String(), "<img"); n != 1 {
		t.Errorf("the picture stands %d times", n)
	}
	w = g.get(browser{}, g.visits(links, api.ConnectLinkSpec{Brand: &api.ConnectLinkBrand{Name: "Fabrikam"}}))
	shows(t, w, 200, "Fabrikam asks for access", ">Contoso Connections</a>", "<strong>Fabrikam</strong>")
}

func TestAnAttemptThatTellsNoAccountIsRefusedAndFindsBackToItsLink(t *testing.T) {
	g := newRig(t, public)
	links := g.withLinks(public)
	path := g.visits(links, api.ConnectLinkSpec{ExpectedAccount: "maria@contoso.com"})
	b := browser{}
	to := g.goes(b, path)
	redirects(t, g.get(b, g.start(b, strings.TrimPrefix(to, "/oauth/done/"))), to)
	shows(t, g.get(b, to), 409, "Nothing was connected", "does not say who signed in", `href="`+path+`"`)
	if w := g.get(browser{}, to); strings.Contains(w.Body.String(), path) {
		t.Error("another browser is shown the address")
	}
	if c, err := g.broker.Connection(t.Context(), "mail"); err != nil || c.Generation != 0 {
		t.Errorf("something was saved: %+v %v", c, err)
	}
	shows(t, g.get(b, path), 200, "asks for access")
}

func TestAfterALinkTheBrowserGoesWhereItMay(t *testing.T) {
	g := newRig(t, public)
	links := g.withLinks(public, "https://contoso.com")
	b := browser{}
	done := func(path string, fields ...string) *httptest.ResponseRecorder {
		to := g.goes(b, path, fields...)
		redirects(t, g.get(b, g.start(b, strings.TrimPrefix(to, "/oauth/done/"))), to)
		return g.get(b, to)
	}
	path := g.visits(links, api.ConnectLinkSpec{})
	shows(t, done(path), 200, "Thank you")
	shows(t, g.get(b, path), 410, "This link was used")
	shows(t, g.post(b, path, nil), 410, "This link was used")
	back := api.ConnectLinkSpec{ReturnTo: "https://contoso.com/x"}
	if at := done(g.visits(links, back)).Header().Get("Location"); !strings.HasPrefix(at, "https://contoso.com/x?link=cl") || !strings.HasSuffix(at, "&valetkey=done") {
		t.Errorf("the browser goes to %s", at)
	}
	shows(t, done(g.visits(links, back), "embed", "1"), 200, `data-opener="https://contoso.com"`, `data-status="done"`)
}

func TestAnAdministratorsConsentComesBackByTheCallback(t *testing.T) {
	const tenant = "11111111-2222-3333-4444-555555555555"
	g := newRig(t, public)
	links := g.withLinks(public)
	p, err := g.broker.Provider(t.Context(), "fake")
	g.must(err)
	p.Variables = map[string]api.Variable{"tenant": {}}
	p.AuthorizationEndpoint = strings.Replace(p.AuthorizationEndpoint, "/authorize", "/{tenant}/authorize", 1)
	p.AdminConsentEndpoint = strings.Replace(p.AuthorizationEndpoint, "/authorize", "/adminconsent", 1)
	p.AdminConsent = &api.AdminConsentRules{Variable: "tenant", Anyone: []string{"organizations"}, Granted: "admin_consent", MustMatch: "[0-9-]{36}"}
	_, err = g.broker.PutProvider(t.Context(), "fake", p)
	g.must(err)
	b := g.operator()
	shows(t, g.get(b, "/connections/mail"), 200, "Ask an administrator", "/links?connection=mail&amp;kind=admin_consent")
	path := g.visits(links, api.ConnectLinkSpec{Kind: api.LinkAdminConsent})
	shows(t, g.get(browser{}, path), 200, "asks your organisation to allow it", "Each of them still signs in first")
	to := g.goes(b, path)
	start := g.get(b, "/oauth/start/"+strings.TrimPrefix(to, "/oauth/done/"))
	at, err := url.Parse(start.Header().Get("Location"))
	g.must(err)
	answer := url.Values{"admin_consent": {"True"}, "tenant": {tenant}, "state": {at.Query().Get("state")}}
	if at.Path != "/organizations/adminconsent" {
		t.Errorf("the administrator goes to %s", at)
	}
	shows(t, g.get(browser{}, "/oauth/callback?"+answer.Encode()), 403, "another browser")
	redirects(t, g.get(b, "/oauth/callback?"+answer.Encode()), to)
	shows(t, g.get(b, to), 200, "Your organisation has allowed", tenant)
	shows(t, g.get(b, path), 410, "This link was used")
	shows(t, g.get(b, "/connections/mail"), 200, "Told by the provider", tenant)
	shows(t, g.get(b, "/links"), 200, "administrator", tenant)
	begun, err := g.broker.Begin(t.Context(), "mail", api.AuthorizeRequest{ConsentRequest: api.ConsentRequest{AdminConsent: true}}) // without a link
	g.must(err)
	shows(t, g.send(b, "POST", "/oauth/start/"+begun.Flow, ""), 200) // asked who began it, the administrator goes on
	at, err = url.Parse(g.get(b, "/oauth/start/"+begun.Flow).Header().Get("Location"))
	g.must(err)
	answer.Set("state", at.Query().Get("state"))
	redirects(t, g.get(b, "/oauth/callback?"+answer.Encode()), "/oauth/done/"+begun.Flow)
	shows(t, g.get(b, "/oauth/done/"+begun.Flow), 200, "An administrator has allowed the app of mail")
	redirects(t, g.post(b, "/connections/mail/edit", g.form(b, "scopes", "")), "/connections/mail?done=saved") // no tenant is typed
}

func TestAnOperatorMakesExtendsAndRevokesLinks(t *testing.T) {
	g := newRig(t, public)
	g.withLinks(public)
	b := g.operator()
	shows(t, g.get(b, "/links?connection=mail"), 200, "No links yet", `value="mail"`)
	redirects(t, g.get(browser{}, "/links"), "/sign-in?next=%2Flinks")
	shows(t, g.post(b, "/links", g.form(b, "connection", "mail", "days", "91")), 400, `id="days-fault"`)
	shows(t, g.post(b, "/links", g.form(b, "connection", "nothing", "days", "7")), 404, `id="connection-fault"`)
	shows(t, g.post(b, "/links", g.form(b, "connection", "mail", "days", "7", "webhook", "http://x")), 400, `id="webhook-fault"`)
	for _, kind := range []string{"admin_consent", "consent_then_authorize"} {
		shows(t, g.post(b, "/links", g.form(b, "connection", "mail", "days", "7", "kind", kind)), 400, `value="`+kind+`" selected`, "has no consent of an administrator")
	}
	to := g.post(b, "/links", g.form(b, "connection", "mail", "days", "7", "account", "maria")).Header().Get("Location")
	w := g.get(b, to)
	shows(t, w, 200, "The link for mail", public+"/connect/", "Not opened")
	if w := g.get(b, to); strings.Contains(w.Body.String(), "/connect/") {
		t.Error("the address is shown twice")
	}
	id := regexp.MustCompile(`/links/(cl[0-9a-f]+)/revoke`).FindStringSubmatch(w.Body.String())[1]
	redirects(t, g.post(b, "/links/"+id+"/extend", g.form(b)), "/links?done=link_extended")
	redirects(t, g.post(b, "/links/"+id+"/revoke", g.form(b)), "/links?done=link_revoked")
	shows(t, g.get(b, "/links?done=link_revoked"), 200, "stopped working at once", "Revoked")
	to = g.post(b, "/connections/bulk", g.form(b, "name", "mail", "action", "ask")).Header().Get("Location")
	shows(t, g.get(b, to), 200, public+"/connect/")
}

func TestAPictureThatMayNotBeShownIsRefusedBesideItsField(t *testing.T) {
	g := newRig(t, public)
	g.withLinks(public)
	b := g.operator()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range g.form(b, "connection", "mail", "days", "7") {
		g.must(form.WriteField(name, values[0]))
	}
	file, err := form.CreateFormFile("logo", "logo.svg")
	g.must(err)
	_, err = file.Write([]byte(`<svg onload="x()"/>`))
	g.must(err)
	g.must(form.Close())
	r := httptest.NewRequest("POST", "/links", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range b {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	shows(t, w, 400, `id="logo-fault"`, "event handler")
}
