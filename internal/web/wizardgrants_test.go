package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/oauth"
)

// newConnection posts the fields of a new connection and gives where that led.
func (g *rig) newConnection(b browser, fields ...string) string {
	g.t.Helper()
	w := g.post(b, "/new/provider/fake", g.form(b, append([]string{"client_id", "id", "client_secret", "s"}, fields...)...))
	if w.Code != 303 {
		g.t.Fatalf("%d\n%s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

func TestEveryGrantThatTheServerAllowsIsOnThePage(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	body := g.get(b, "/new/provider/fake").Body.String()
	for _, grant := range arrangement.Grants() {
		link := `/new/provider/fake?grant=` + string(grant) + `"`
		if allowed := grant != arrangement.GrantImplicit; strings.Contains(body, link) != allowed {
			t.Errorf("%s: there is a link: %v", grant, !allowed)
		}
	}
	shows(t, g.get(b, "/new/provider/fake"), 200, "valetkey serve --allow-grants implicit")
	for grant, field := range map[string]string{
		"saml2_bearer": `id="assertion.file"`, "jwt_bearer": `id="assertion.command"`, "token_exchange": `id="requested_token_type"`,
		"on_behalf_of": `id="subject.connection"`, "custom": `id="grant_params"`, "password": `id="grant_params"`, "client_credentials": `id="c.client_assertion.from_file"`,
	} {
		shows(t, g.get(b, "/new/provider/fake?grant="+grant), 200, field, `name="grant" value="`+grant+`"`)
	}
	shows(t, g.get(b, "/new/provider/fake?grant=implicit"), 200, `name="grant" value="authorization_code"`)
	if w := g.get(b, "/new/provider/fake?grant=token_exchange"); strings.Contains(w.Body.String(), `id="redirect"`) {
		t.Error("a redirect URI is shown for a grant without a browser")
	}
}

func TestAProviderWhoseGrantNeedsLeaveSaysSoFirst(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	p, err := g.broker.Provider(t.Context(), "fake")
	g.must(err)
	p.Name, p.Grant = "", "implicit"
	_, err = g.broker.PutProvider(t.Context(), "fake", p)
	g.must(err)
	w := g.get(b, "/new/provider/fake")
	shows(t, w, 200, `<p class="notice bad">Only with the operator&#39;s leave: valetkey serve --allow-grants implicit</p>`)
}

func TestACustomGrantSendsItsFreeParameters(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	p, err := g.broker.Provider(t.Context(), "fake")
	g.must(err)
	shows(t, g.get(b, "/new/describe?from=fake"), 200, `id="token_request.grant_type"`, p.TokenEndpoint)
	redirects(t, g.post(b, "/new/describe", g.form(b, "name", "fake", "own", "yes", "authorization_endpoint", p.AuthorizationEndpoint, "token_endpoint", p.TokenEndpoint, "token_request.grant_type", "account_credentials")), "/new/provider/fake")
	if to := g.newConnection(b, "name", "rooms", "grant", "custom", "grant_params", "account_id: 42\nregion: eu: west"); to != "/new/connection/rooms" {
		t.Fatalf("it led to %s", to)
	}
	if g.asked.Get("grant_type") != "account_credentials" || g.asked.Get("account_id") != "42" || g.asked.Get("region") != "eu: west" {
		t.Errorf("asked with %v", g.asked)
	}
	shows(t, g.get(b, "/new/connection/rooms"), 200, "rooms is connected", "No consent is needed")
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "more", "client_id", "id", "client_secret", "s", "grant", "custom", "grant_params", "client_secret: x")), 400, `id="grant_params-fault"`)
}

func TestALoginIsGivenOnceWhereTheServerAllowsIt(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	if to := g.newConnection(b, "name", "erp", "grant", "password"); to != "/new/connection/erp" {
		t.Fatalf("it led to %s", to)
	}
	shows(t, g.get(b, "/new/connection/erp"), 200, "Give the login once", `id="username"`, `id="password"`)
	w := g.post(b, "/new/connection/erp/bring", g.form(b, "username", "maria"))
	shows(t, w, 400, `value="maria"`, `id="password-fault"`, `aria-describedby="password-fault"`)
	redirects(t, g.post(b, "/new/connection/erp/bring", g.form(b, "username", "maria", "password", "CANARY-login")), "/new/connection/erp")
	if g.asked.Get("grant_type") != "password" || g.asked.Get("username") != "maria" || g.asked.Get("password") != "CANARY-login" {
		t.Errorf("asked with %v", g.asked)
	}
	shows(t, g.get(b, "/new/connection/erp"), 200, "erp is connected")
	redirects(t, g.post(b, "/connections/erp/authorize", g.form(b)), "/new/connection/erp#bring")
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "old", "client_id", "id", "grant", "implicit")), 400, "--allow-grants implicit")
}

func TestASAMLAssertionIsBroughtByHandOrComesFromAFile(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	g.newConnection(b, "name", "people", "grant", "saml2_bearer")
	shows(t, g.get(b, "/new/connection/people"), 200, "Bring the assertion")
	shows(t, g.post(b, "/new/connection/people/bring", g.form(b)), 400, `id="assertion-fault"`)
	const assertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0"/>`
	redirects(t, g.post(b, "/new/connection/people/bring", g.form(b, "assertion", assertion)), "/new/connection/people")
	if g.asked.Get("grant_type") != "urn:ietf:params:oauth:grant-type:saml2-bearer" || g.asked.Get("assertion") == "" {
		t.Errorf("asked with %v", g.asked)
	}
	g.newConnection(b, "name", "nightly", "grant", "saml2_bearer", "assertion.file", "/run/saml/people.xml", "insist", "yes")
	c, err := g.broker.Connection(t.Context(), "nightly")
	if err != nil || c.Assertion == nil || c.Assertion.File != "/run/saml/people.xml" || c.Grant != "saml2_bearer" {
		t.Errorf("%+v %v", c, err)
	}
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "two", "client_id", "id", "grant", "saml2_bearer", "assertion.file", "/a", "assertion.connection", "mail")), 400, `id="assertion.connection-fault"`, "comes from one place", `value="/a"`)
}

// usersToken is a JWT of nobody, which is enough for whoever only passes it on.
const usersToken = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2ln"

func TestAnExchangeTakesAnotherConnectionsTokenOrEachCallers(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	if to := g.newConnection(b, "name", "portal", "grant", "client_credentials"); to != "/new/connection/portal" {
		t.Fatalf("it led to %s", to)
	}
	g.newConnection(b, "name", "book", "grant", "token_exchange", "subject.connection", "portal", "subject.type", "jwt", "audience", "book two", "requested_token_type", "access_token")
	if g.asked.Get("subject_token") != accessToken || !strings.HasSuffix(g.asked.Get("subject_token_type"), ":jwt") || strings.Join(g.asked["audience"], " ") != "book two" {
		t.Errorf("asked with %v", g.asked)
	}
	shows(t, g.get(b, "/connections/book/edit"), 200, `value="portal"`, `value="book two"`)
	g.newConnection(b, "name", "graph", "grant", "on_behalf_of")
	shows(t, g.get(b, "/new/connection/graph"), 200, "Each caller shows its user&#39;s token", "X-Valetkey-Subject-Token", public+"/proxy/graph/")
	shows(t, g.post(b, "/new/connection/graph/bring", g.form(b)), 400, `id="subject_token-fault"`)
	redirects(t, g.post(b, "/new/connection/graph/bring", g.form(b, "subject_token", usersToken)), "/new/connection/graph")
	if g.asked.Get("requested_token_use") != "on_behalf_of" || g.asked.Get("assertion") != usersToken {
		t.Errorf("asked with %v", g.asked)
	}
}

func TestTokensOfAnotherProgramAreTakenOver(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/new/connection/mail"), 200, "Tokens that you have already", `id="refresh_token"`)
	shows(t, g.post(b, "/new/connection/mail/tokens", g.form(b, "expires_at", "tomorrow")), 400, `id="refresh_token-fault"`, `id="expires_at-fault"`, `value="tomorrow"`)
	w := g.post(b, "/new/connection/mail/tokens", g.form(b, "refresh_token", "CANARY taken"))
	shows(t, w, 400, "holds characters that no token has")
	if strings.Contains(w.Body.String(), "CANARY") {
		t.Error("the token is on the page")
	}
	shows(t, g.post(b, "/new/connection/mail/tokens", g.form(b, "token_answer", "{}")), 400, `id="token_answer-fault"`)
	redirects(t, g.post(b, "/new/connection/mail/tokens", g.form(b, "token_answer", `{"access_token":"CANARY-a","refresh_token":"CANARY-r","expires_in":60}`)), "/new/connection/mail")
	redirects(t, g.post(b, "/new/connection/mail/tokens", g.form(b, "refresh_token", "CANARY-taken", "access_token", "CANARY-own", "expires_at", "2099-01-31T09:00:00Z")), "/new/connection/mail")
	c, err := g.broker.Connection(t.Context(), "mail")
	if err != nil || c.State != api.StateActive || !c.Renewable || c.ExpiresAt == nil || c.ExpiresAt.Year() != 2099 {
		t.Errorf("%+v %v", c, err)
	}
}

func TestAClientProvesItselfInEveryWay(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	redirects(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id", "c.token_endpoint_auth_method", "private_key_jwt", "c.private_key_path", "/run/key.pem",
		"c.certificate_path", "/run/cert.pem", "c.allowed_hosts", "api.contoso.example, two.contoso.example", "client_secrets", "CANARY-next", "client_secret_expires_at", "2027-01-31")), "/clients?done=saved#app")
	c, err := g.broker.Client(t.Context(), "app")
	if err != nil || c.TokenEndpointAuthMethod != "private_key_jwt" || c.PrivateKeyPath != "/run/key.pem" || c.CertificatePath != "/run/cert.pem" || len(c.AllowedHosts) != 2 || len(c.ClientSecrets) != 1 || c.ClientSecretExpiresAt == nil {
		t.Fatalf("%+v %v", c, err)
	}
	w := g.get(b, "/clients/app/edit")
	shows(t, w, 200, `value="/run/key.pem"`, `value="2027-01-31"`, `value="api.contoso.example two.contoso.example"`)
	if strings.Contains(w.Body.String(), "CANARY") {
		t.Error("the page shows a secret")
	}
	redirects(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id", "c.client_assertion.from_file", "/run/assertion")), "/clients?done=saved#app")
	c, err = g.broker.Client(t.Context(), "app")
	if err != nil || c.PrivateKeyPath != "" || c.TokenEndpointAuthMethod != "" || c.ClientAssertion == nil || c.ClientSecret != api.Mask || len(c.ClientSecrets) != 1 {
		t.Errorf("%+v %v", c, err)
	}
	shows(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id", "c.private_key_path", "relative.pem")), 400, `value="relative.pem"`, `id="c.private_key_path-fault"`)
}

func TestADescriptionIsWrittenInFieldsWithFaultsBesideThem(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	w := g.post(b, "/new/describe", g.form(b, "name", "contoso", "token_endpoint", "https://a.contoso.example/token", "code_challenge_method", "odd", "refresh.skew", "soon", "text", "variables: {tenant: {label: Tenant}}"))
	shows(t, w, 400, `id="refresh.skew-fault"`, "Tenant", `value="https://a.contoso.example/token"`)
	w = g.post(b, "/new/describe", g.form(b, "name", "contoso", "token_endpoint", "https://a.contoso.example/token", "refresh.rotation", "sometimes"))
	shows(t, w, 400, `id="refresh.rotation-fault"`)
	if strings.Contains(w.Body.String(), ".yaml:") {
		t.Error("a line is named of a text that nobody wrote")
	}
	redirects(t, g.post(b, "/new/describe", g.form(b, "name", "contoso", "token_endpoint", "https://a.contoso.example/{tenant}/token", "authorization_endpoint", "https://a.contoso.example/authorize",
		"token_request.headers", "X-Contoso: yes", "token_response.access_token", "/data/token", "scopes.separator", ",", "text", "variables: {tenant: {label: Tenant}}")), "/new/provider/contoso")
	p, err := g.broker.Provider(t.Context(), "contoso")
	if err != nil || p.TokenRequest.Headers["X-Contoso"] != "yes" || p.TokenResponse.AccessToken != "/data/token" || p.Scopes.Separator != "," || p.Variables["tenant"].Label != "Tenant" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestAnUnknownGrantIsTheUsualOne(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "", "grant", "magic")), 400, `name="grant" value="authorization_code"`)
	g.newConnection(b, "name", "odd", "grant", "magic")
	if c, err := g.broker.Connection(t.Context(), "odd"); err != nil || c.Grant != "" {
		t.Errorf("%+v %v", c, err)
	}
}

func TestAnAccountIsAskedForAnewWhereTheProviderFixesThePrompt(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	p, err := g.broker.Provider(t.Context(), "fake")
	g.must(err)
	p.Name, p.AuthorizationRequest = "", &oauth.RequestRules{Params: map[string]string{"prompt": "consent"}}
	_, err = g.broker.PutProvider(t.Context(), "fake", p)
	g.must(err)
	for asked, want := range map[string]string{"": "consent", "select_account": "consent select_account"} {
		to, err := url.Parse(g.post(b, "/new/connection/mail/authorize", g.form(b, "prompt", asked)).Header().Get("Location"))
		g.must(err)
		location := g.leaves(b, to.Query().Get("flow"))
		if got := location.Query().Get("prompt"); got != want {
			t.Errorf("asked for %q: sent %q, want %q", asked, got, want)
		}
	}
}

// collection is what Postman exports of requests that ask for a token.
const collection = `{"info": {"name": "Contoso", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
	"auth": {"type": "oauth2", "oauth2": [{"key": "grant_type", "value": "client_credentials"}, {"key": "accessTokenUrl", "value": "https://login.contoso.example/token?resource=https://api.contoso.example"},
		{"key": "clientId", "value": "app-7"}, {"key": "clientSecret", "value": "CANARY-postman"}]},
	"item": [{"name": "Orders", "request": {"method": "GET", "url": "https://api.contoso.example/orders"}}]}`

func TestAFileOfEachProgramIsRecognisedAndTakenOver(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	_, err := g.broker.PutClient(t.Context(), "contoso-app", api.ClientSpec{Provider: "fake", ClientID: "id"})
	g.must(err)
	for kind, c := range map[string]struct {
		files map[string]string
		next  string
	}{
		"postman":       {map[string]string{"contoso.postman_collection.json": collection}, "/new/connection/"},
		"powerplatform": {testFiles(t, "powerplatform/testdata/contoso.swagger.json", "powerplatform/testdata/contoso.properties.json"), "/new/"},
		"openapi":       {testFiles(t, "openapi/testdata/xero-assets.json"), "/new/provider/"},
		"n8n":           {testFiles(t, "n8n/testdata/generic.json"), "/new/connection/"},
		"celigo":        {testFiles(t, "celigo/testdata/connection.json"), "/new/"},
		"tokens":        {testFiles(t, "tokenstore/testdata/clients.csv"), "/connections"},
	} {
		w := g.upload(b, c.files)
		to := w.Header().Get("Location")
		if !strings.HasPrefix(to, "/new/draft?shown=") {
			t.Errorf("%s: %d\n%s", kind, w.Code, w.Body)
			continue
		}
		shows(t, g.get(b, to), 200, "This is what was read", "Take it over")
		if has := strings.Contains(g.get(b, to).Body.String(), "with its token"); has != (kind == "tokens" || kind == "n8n") {
			t.Errorf("%s: it comes with tokens: %v", kind, has)
		}
		taken := g.post(b, "/new/draft", g.form(b, "shown", strings.TrimPrefix(to, "/new/draft?shown=")))
		next := taken.Header().Get("Location")
		if !strings.HasPrefix(next, c.next) {
			t.Errorf("%s: taken over with %d, to %q, not %s\n%s", kind, taken.Code, next, c.next, taken.Body)
			continue
		}
		shows(t, g.get(b, next), 200)
	}
	if c, err := g.broker.Connection(t.Context(), "anna"); err != nil || c.Client != "contoso-app" || c.Generation != 1 {
		t.Errorf("%+v %v", c, err)
	}
}

func TestADescriptionThatLacksSomethingIsCompletedInItsFields(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	to := g.upload(b, testFiles(t, "openapi/testdata/petstore.json")).Header().Get("Location") // the implicit grant alone: no token endpoint
	w := g.post(b, "/new/draft", g.form(b, "shown", strings.TrimPrefix(to, "/new/draft?shown=")))
	shows(t, w, 400, "Describe a provider", `id="token_endpoint-fault"`, `value="https://petstore.swagger.io/oauth/authorize"`)
	shows(t, g.get(b, to), 200, "This is what was read")
}

// testFiles are files of the importers' tests.
func testFiles(t *testing.T, paths ...string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, path := range paths {
		data, err := os.ReadFile("../importer/" + path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(data)
	}
	return files
}

// upload posts files as a browser does.
func (g *rig) upload(b browser, files map[string]string) *httptest.ResponseRecorder {
	g.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	g.must(form.WriteField("csrf", g.form(b).Get("csrf")))
	for name, text := range files {
		file, err := form.CreateFormFile("files", name)
		g.must(err)
		_, _ = file.Write([]byte(text))
	}
	g.must(form.Close())
	r := httptest.NewRequest(http.MethodPost, "/new/import", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range b {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	g.pages.ServeHTTP(w, r)
	return w
}
