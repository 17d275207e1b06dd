package web

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/valetkey/valetkey/api"
)

func TestTheCatalogueIsSearchedAndShowsHowFarEachWasChecked(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/new"), 200, "New connection", "/new/provider/microsoft", "/new/provider/fake", "checked against its documentation", "Issuer or discovery address")
	shows(t, g.get(b, "/new?q=office+365"), 200, "/new/provider/microsoft")
	shows(t, g.get(b, "/new?q=nothing+has+this+name"), 200, "Any OAuth 2.0 API can be connected")
	redirects(t, g.get(browser{}, "/new"), "/sign-in?next=%2Fnew")
}

func TestASetupPageSaysWhatToDoThereBeforeAnythingIsSaved(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/new/provider/microsoft"), 200,
		public+"/oauth/callback", "Application (client) ID", "Value of the client secret", "it is shown once", "Keep access while the person is away",
		"Tenant id or domain", "Read one&#39;s own mail", "api.retry.max", "single tenant", `data-rules="[`)
	shows(t, g.get(b, "/new/provider/microsoft?grant=client_credentials"), 200, "https://graph.microsoft.com/.default")
	shows(t, g.get(b, "/new/provider/nothing"), 404)
	if w := g.get(b, "/new/provider/ebay"); strings.Contains(w.Body.String(), "takes https addresses only") {
		t.Error("an https address is warned of")
	}
	plain := newRig(t, "http://valetkey.example")
	shows(t, plain.get(plain.operator(), "/new/provider/ebay"), 200, "takes https addresses only")
	shows(t, plain.get(plain.operator(), "/new/provider/fake"), 200, "Most providers take https only")
}

func TestAFormWithMistakesIsShownAgainWithAllThatWasTyped(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	w := g.post(b, "/new/provider/fake", g.form(b, "name", "orders", "client_id", public+"/oauth/callback", "client_secret", "CANARY-typed", "more_scopes", "a~b", "description", "Orders of Contoso", "rest", "api: {base_ulr: x}"))
	shows(t, w, 400, "This is the redirect URI", `value="orders"`, "a~b", "Orders of Contoso", "base_ulr", `<a href="#client_id">Client id</a>`, `<a href="#rest">`, `aria-describedby="client_id-fault client_id-live"`, "Kept from before")
	if strings.Contains(w.Body.String(), "CANARY-typed") || strings.Contains(w.Body.String(), "Save it all the same") {
		t.Error("a secret, or a way round a fault, is on the page")
	}
	kept := regexp.MustCompile(`name="kept" value="([^"]+)"`).FindStringSubmatch(w.Body.String())
	if kept == nil {
		t.Fatal("no secret is kept")
	}
	to := g.post(b, "/new/provider/fake", g.form(b, "name", "orders", "client_id", "right", "kept", kept[1], "more_scopes", "a~b,c")).Header().Get("Location")
	if !strings.HasPrefix(to, "/new/connection/orders?flow=") {
		t.Fatalf("it led to %q", to)
	}
	client, err := g.broker.Client(t.Context(), "orders")
	if err != nil || client.ClientID != "right" || client.ClientSecret != api.Mask {
		t.Errorf("%+v %v", client, err)
	}
	c, err := g.broker.Connection(t.Context(), "orders")
	if err != nil || strings.Join(c.Scopes, " ") != "a b c" {
		t.Errorf("%+v %v", c, err)
	}
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "orders", "client_id", "right")), 400, "There is one by this name already")
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "", "client_id", "")), 400, `id="name-fault"`, `id="client_id-fault"`)
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "Not A Name", "client_id", "x")), 400, `id="name-fault"`)
	if clients, _ := g.broker.Client(t.Context(), "Not A Name"); clients.Name != "" {
		t.Error("a refused form left a client")
	}
}

func TestAWarningIsSavedByWhoInsists(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.post(b, "/new/provider/fake", g.form(b, "name", "odd", "client_id", "https://contoso.example/app")), 400, "A client id seldom is one", "Save it all the same")
	to := g.post(b, "/new/provider/fake", g.form(b, "name", "odd", "client_id", "https://contoso.example/app", "insist", "yes")).Header().Get("Location")
	if !strings.HasPrefix(to, "/new/connection/odd") {
		t.Errorf("it led to %q", to)
	}
}

func TestARefusedTestLeavesNothingBehind(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	g.refuse = true
	w := g.post(b, "/new/provider/fake", g.form(b, "name", "robot", "client_id", "id", "client_secret", "s", "grant", "client_credentials"))
	shows(t, w, 400, "It was tested before saving, and refused", "Nothing was saved", "Save it all the same")
	if _, err := g.broker.Connection(t.Context(), "robot"); err == nil {
		t.Error("the connection was left")
	}
	if _, err := g.broker.Client(t.Context(), "robot"); err == nil {
		t.Error("the client was left")
	}
	g.refuse = false
	redirects(t, g.post(b, "/new/provider/fake", g.form(b, "name", "robot", "client_id", "id", "client_secret", "s", "grant", "client_credentials")), "/new/connection/robot")
	shows(t, g.get(b, "/new/connection/robot"), 200, "robot is connected", "The first call")
}

func TestConsentTurnsThePageGreenAndTheFirstCallIsShown(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	to := g.post(b, "/new/connection/mail/authorize", g.form(b, "prompt", "login", "login_hint", "maria")).Header().Get("Location")
	u, err := url.Parse(to)
	g.must(err)
	flow := u.Query().Get("flow")
	shows(t, g.get(b, to), 200, "Consent for mail", "/oauth/start/"+flow, "data-popup", "Check again")
	before := g.get(b, "/new/connection/mail/status?flow="+flow).Body.String()
	callback := g.start(b, flow)
	if w := g.get(b, callback); !strings.HasSuffix(w.Header().Get("Location"), "/new/connection/mail") {
		t.Fatalf("consent led to %s", w.Header().Get("Location"))
	}
	if after := g.get(b, "/new/connection/mail/status?flow="+flow).Body.String(); after == before {
		t.Errorf("the status is still %s", after)
	}
	shows(t, g.get(b, to), 200, "mail is connected", "and renews itself")
	called := g.post(b, "/new/connection/mail/call", g.form(b, "path", "/me")).Header().Get("Location")
	shows(t, g.get(b, strings.TrimSuffix(called, "#call")), 200, "valetkey call mail &#39;/me&#39;", "curl", "client.FromEnvironment")
	shows(t, g.get(b, "/new/connection/mail?flow=another"), 200, "mail is connected")
	shows(t, g.get(b, "/new/connection/nothing"), 404)
}

func TestAnIssuerIsLookedUpAtOnce(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	var issuer string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"issuer":"` + issuer + `","authorization_endpoint":"` + issuer + `/authorize","token_endpoint":"` + issuer + `/token","jwks_uri":"` + issuer + `/jwks","response_types_supported":["code"],"scopes_supported":["openid","offline_access","orders.read"]}`))
	}))
	t.Cleanup(server.Close)
	issuer = server.URL
	for _, typed := range []string{issuer, issuer + "/.well-known/openid-configuration"} {
		to := g.post(b, "/new/discover", g.form(b, "issuer", typed)).Header().Get("Location")
		shows(t, g.get(b, to), 200, issuer+"/token", "orders.read", "Nothing is saved yet")
	}
	to := g.post(b, "/new/discover", g.form(b, "issuer", issuer)).Header().Get("Location")
	id := strings.TrimPrefix(to, "/new/found?shown=")
	shows(t, g.post(b, "/new/found", g.form(b, "shown", id, "name", "contoso", "base_url", "nowhere")), 400, "Write a whole address")
	shows(t, g.post(b, "/new/found", g.form(b, "shown", id, "name", "microsoft", "base_url", "https://api.contoso.example")), 400, "by this name already")
	redirects(t, g.post(b, "/new/found", g.form(b, "shown", id, "name", "contoso", "base_url", "https://api.contoso.example")), "/new/provider/contoso")
	shows(t, g.get(b, "/new/provider/contoso"), 200, "orders.read", "Keep access while the person is away")
	shows(t, g.post(b, "/new/discover", g.form(b, "issuer", issuer+"/nobody")), 400, `id="issuer-fault"`, `value="`+issuer+`/nobody"`)
	shows(t, g.get(g.operatorAgain(), to), 404, "no longer held")
}

// operatorAgain is another session of the same operator.
func (g *rig) operatorAgain() browser {
	g.t.Helper()
	b := browser{}
	redirects(g.t, g.post(b, "/sign-in", url.Values{"name": {"maria"}, "password": {password}}), "/overview")
	return b
}

func TestAFileOfAnotherProgramIsShownAndThenTakenOver(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	const command = `curl -X POST https://login.contoso.example/token -d grant_type=client_credentials -d client_id=app-7 -d client_secret=CANARY-imported -d scope=orders`
	to := g.post(b, "/new/import", g.form(b, "pasted", command)).Header().Get("Location")
	w := g.get(b, to)
	shows(t, w, 200, "This is what was read", "app-7", "login.contoso.example")
	if strings.Contains(w.Body.String(), "CANARY-imported") {
		t.Error("the secret is on the page")
	}
	id := strings.TrimPrefix(to, "/new/draft?shown=")
	done := g.post(b, "/new/draft", g.form(b, "shown", id)).Header().Get("Location")
	if !strings.HasPrefix(done, "/new/connection/") {
		t.Fatalf("it led to %q", done)
	}
	shows(t, g.post(b, "/new/draft", g.form(b, "shown", id)), 404, "no longer held")
	shows(t, g.post(b, "/new/import", g.form(b, "pasted", "nothing of the kind")), 400, `id="pasted-fault"`, "nothing of the kind")
	shows(t, g.post(b, "/new/import", g.form(b)), 400, "Paste something")

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	g.must(form.WriteField("csrf", g.form(b).Get("csrf")))
	file, err := form.CreateFormFile("files", "requests.sh")
	g.must(err)
	_, _ = file.Write([]byte(command))
	g.must(form.Close())
	r := httptest.NewRequest(http.MethodPost, "/new/import", &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range b {
		r.AddCookie(cookie)
	}
	uploaded := httptest.NewRecorder()
	g.pages.ServeHTTP(uploaded, r)
	if !strings.HasPrefix(uploaded.Header().Get("Location"), "/new/draft?shown=") {
		t.Errorf("%d %s", uploaded.Code, uploaded.Body)
	}
}

func TestADescriptionIsCheckedAndABuiltInOneIsCopied(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/new/describe?from=microsoft"), 200, "microsoft-own", "login.microsoftonline.com/{tenant}")
	shows(t, g.post(b, "/new/describe", g.form(b, "name", "contoso", "text", "token_endpiont: https://a.contoso.example")), 400, "token_endpiont", `id="text-fault"`)
	shows(t, g.post(b, "/new/describe", g.form(b, "name", "", "text", "x")), 400, `id="name-fault"`)
	shows(t, g.post(b, "/new/describe", g.form(b, "name", "microsoft", "text", "token_endpoint: https://a.contoso.example")), 400, `id="name-fault"`)
	redirects(t, g.post(b, "/new/describe", g.form(b, "name", "contoso", "text", "token_endpoint: https://a.contoso.example/token\ncode_challenge_method: none\n")), "/new/provider/contoso")
	redirects(t, g.post(b, "/new/describe", g.form(b, "name", "contoso", "own", "yes", "text", "token_endpoint: https://b.contoso.example/token\n")), "/new/provider/contoso")
	p, err := g.broker.Provider(t.Context(), "contoso")
	if err != nil || p.TokenEndpoint != "https://b.contoso.example/token" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestAConnectionAndItsClientAreChangedInTheSameFields(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	spec := api.ConnectionSpec{Client: "app", Scopes: []string{"a"}, Tags: map[string]string{"team": "sales"}, API: &api.CallSettings{BaseURL: "https://api.contoso.example"}}
	_, err := g.broker.PutConnection(t.Context(), "mail", spec)
	g.must(err)
	shows(t, g.get(b, "/connections/mail/edit"), 200, "Settings of mail", `value="https://api.contoso.example"`, "team: sales", "/clients/app/edit")
	shows(t, g.post(b, "/connections/mail/edit", g.form(b, "scope", "a", "api.timeout", "soon")), 400, `id="api.timeout-fault"`, "A span of time")
	redirects(t, g.post(b, "/connections/mail/edit", g.form(b, "scope", "a", "more_scopes", "b", "api.timeout", "9s", "tags", "team: sales", "api.base_url", "https://api.contoso.example")), "/connections/mail?done=saved")
	c, err := g.broker.Connection(t.Context(), "mail")
	if err != nil || strings.Join(c.Scopes, " ") != "a b" || c.Tags["team"] != "sales" || c.API.Timeout != api.Duration(9e9) || c.Client != "app" {
		t.Errorf("%+v %v", c, err)
	}

	w := g.get(b, "/clients/app/edit")
	shows(t, w, 200, "The client app", `value="id"`, "There is one, sealed")
	if strings.Contains(w.Body.String(), clientSecret) || strings.Contains(html.UnescapeString(w.Body.String()), api.Mask) {
		t.Error("the page shows the secret, or a mask that would be taken for one")
	}
	redirects(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", "id-2")), "/clients?done=saved#app")
	client, err := g.broker.Client(t.Context(), "app")
	if err != nil || client.ClientID != "id-2" || client.ClientSecret != api.Mask || client.Provider != "fake" {
		t.Errorf("%+v %v", client, err)
	}
	shows(t, g.post(b, "/clients/app/edit", g.form(b, "client_id", " id")), 400, "copied along")
	shows(t, g.get(b, "/clients/nothing/edit"), 404)
}

func TestARegistrationIsUsedAgain(t *testing.T) {
	g := newRig(t, public)
	b := g.operator()
	shows(t, g.get(b, "/new/provider/fake"), 200, "A new one", "app (id)")
	to := g.post(b, "/new/provider/fake", g.form(b, "name", "second", "client", "app")).Header().Get("Location")
	c, err := g.broker.Connection(t.Context(), "second")
	if err != nil || c.Client != "app" || !strings.HasPrefix(to, "/new/connection/second?flow=") {
		t.Errorf("%+v %v, to %s", c, err, to)
	}
	if _, err := g.broker.Client(t.Context(), "second"); err == nil {
		t.Error("another client was made")
	}
}
