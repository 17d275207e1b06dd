package e2e

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/valetkey/valetkey/api"
)

const (
	contosoTenant  = "6e1bd5a4-14a6-49ae-97bc-6eba6914391e"
	fabrikamTenant = "0c21d5a4-99a6-49ae-97bc-6eba69143f00"
)

// tenants is an authorization server with tenants, whose administrators allow
// a client in theirs. Whoever visits it is signed in at the tenant of home.
type tenants struct {
	*httptest.Server
	mu       sync.Mutex
	home     string
	says     string                // in place of home, in the answer to a consent: forged
	consents map[string]bool       // by tenant
	codes    map[string]url.Values // authorization requests by their code
	tokens   map[string]string     // tenants by token
}

func newTenants(t *testing.T) *tenants {
	t.Helper()
	s := &tenants{home: contosoTenant, consents: map[string]bool{}, codes: map[string]url.Values{}, tokens: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/adminconsent", s.consentPage)
	mux.HandleFunc("GET /decided", s.decided)
	mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", s.signIn)
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.token)
	mux.HandleFunc("GET /api/{tenant}/companies", s.companies)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// consentPage asks who signed in, as an administrator.
func (s *tenants) consentPage(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	if r.PathValue("tenant") == "common" || asked.Get("scope") != "https://bc.example/.default" || asked.Get("client_id") == "" || asked.Get("state") == "" {
		http.Error(w, "AADSTS900144", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Permissions requested</title><h1>Accept for your organisation?</h1>
		<a id="accept" href="/decided?%[1]s&amp;yes=1">Accept</a> <a id="cancel" href="/decided?%[1]s">Cancel</a>`, strings.ReplaceAll(asked.Encode(), "&", "&amp;"))
}

func (s *tenants) decided(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := r.URL.Query()
	answer := url.Values{"admin_consent": {"True"}, "tenant": {cmp.Or(s.says, s.home)}, "state": {asked.Get("state")}}
	if asked.Get("yes") == "" {
		answer.Set("error", "access_denied")
		answer.Set("error_description", "AADSTS65004: User declined to consent to access the app.")
	} else {
		s.consents[s.home] = true
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+answer.Encode(), http.StatusFound)
}

// signIn asks nothing: who comes has just signed in.
func (s *tenants) signIn(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked, code := r.URL.Query(), rand.Text()
	s.codes[code] = asked
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {asked.Get("state")}}.Encode(), http.StatusFound)
}

func (s *tenants) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	tenant, idToken := r.PathValue("tenant"), ""
	if code := r.PostFormValue("code"); code != "" {
		asked := s.codes[code]
		delete(s.codes, code)
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if asked == nil || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		claims := fmt.Sprintf(`{"tid":%q,"nonce":%q}`, s.home, asked.Get("nonce"))
		idToken = "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".x"
	} else if !s.consents[tenant] {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"unauthorized_client","error_description":"AADSTS700016: not in this directory","error_codes":[700016]}`)
		return
	}
	access := rand.Text()
	s.tokens[access] = tenant
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600,"id_token":%q}`, access, idToken)
}

func (s *tenants) companies(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	access, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if s.tokens[access] != r.PathValue("tenant") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, `{"value":[{"name":"CRONUS","tenant":%q}]}`, r.PathValue("tenant"))
}

func (s *tenants) livesAt(tenant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.home = tenant
}

// manifest describes the server, and a client of it that acts for itself.
func (s *tenants) manifest() string {
	return strings.ReplaceAll(`providers:
  books:
    title: Contoso Books
    variables: {tenant: {label: Tenant}}
    authorization_endpoint: @/{tenant}/oauth2/v2.0/authorize
    token_endpoint: @/{tenant}/oauth2/v2.0/token
    token_endpoint_auth_method: client_secret_post
    admin_consent_endpoint: @/{tenant}/v2.0/adminconsent
    admin_consent: {variable: tenant, anyone: [organizations, common], granted: admin_consent, must_match: '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', claim: tid}
    scopes:
      by_grant: {client_credentials: {default: ["https://bc.example/.default"]}}
      meanings: {"https://bc.example/.default": Read and change the books of every company}
    api: {base_url: "@/api/{tenant}", test: {path: /companies}}
clients:
  books: {provider: books, client_id: app-1, client_secret: s3cret}
connections:
  fabrikam: {client: books, grant: client_credentials}
`, "@", s.URL)
}

func newBooks(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, data: t.TempDir()}
	w.env = []string{"VALETKEY_DATA=" + w.data}
	return w
}

func TestAnAdministratorOfAnotherTenantAllowsTheApp(t *testing.T) {
	as := newTenants(t)
	w := newBooks(t)
	logo := filepath.Join(t.TempDir(), "logo.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="4" fill="#c2412d"/></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	server := startServe(t, w.data, "--name", "Litware Connections", "--logo", logo)
	file := filepath.Join(t.TempDir(), "books.yaml")
	if err := os.WriteFile(file, []byte(as.manifest()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ok("apply", "-f", file)
	made := w.link("fabrikam", "--admin-consent", "--brand", "Contoso", "--message", "We keep your books from here.")
	as.livesAt(fabrikamTenant)

	c := startChromium(t)
	c.opens(string(made.URL))
	c.tells("Contoso asks your organisation to allow it at Contoso Books", "Read and change the books of every company", "By itself, for the whole organisation")
	c.tells("Litware Connections")
	if wide := evaluate[int](c, `document.querySelector('.brand img').naturalWidth`); wide == 0 {
		t.Error("the logo is not drawn")
	}
	c.judges("link-consent")
	c.submits("button.primary", nil)
	c.arrives(as.URL + "/organizations/v2.0/adminconsent")
	c.submits("#cancel", nil)
	c.arrives(server.url + "/oauth/done/")
	_ = c.complained()
	c.tells("Nothing was allowed", "The administrator declined, or went back (AADSTS65004")
	c.judges("link-consent-failed")
	if got := w.linkStatus(made.ID); got.Status != api.LinkFailed || got.Cause == nil || got.Granted != nil {
		t.Errorf("declined: %+v", got)
	}

	c.submits("a.primary", nil)
	c.submits("button.primary", nil)
	c.arrives(as.URL + "/organizations/v2.0/adminconsent")
	c.submits("#accept", nil)
	c.arrives(server.url + "/oauth/done/")
	_ = c.complained()
	c.tells("Your organisation has allowed Contoso at Contoso Books", fabrikamTenant)
	c.judges("link-consent-done")
	if got := w.linkStatus(made.ID); got.Status != api.LinkDone || got.Kind != api.LinkAdminConsent || got.Granted["tenant"] != fabrikamTenant {
		t.Errorf("done: %+v", got)
	}
	if body := w.ok("call", "fabrikam", "/companies"); !strings.Contains(body, fabrikamTenant) {
		t.Errorf("the API answered %s", body)
	}
	if shown := w.ok("show", "fabrikam"); !strings.Contains(shown, "tenant="+fabrikamTenant) {
		t.Errorf("it is shown as\n%s", shown)
	}
	w.ok("apply", "-f", file) // the tenant is not the file's to take away
	if body := w.ok("call", "fabrikam", "/companies"); !strings.Contains(body, fabrikamTenant) {
		t.Errorf("after the file was applied again, the API answered %s", body)
	}
}

func TestATenantThatABrowserWroteIntoTheAnswerIsNotBelieved(t *testing.T) {
	as := newTenants(t)
	w := newBooks(t)
	startServe(t, w.data)
	file := filepath.Join(t.TempDir(), "books.yaml")
	if err := os.WriteFile(file, []byte(as.manifest()), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ok("apply", "-f", file)
	as.consents[contosoTenant] = true // another customer's, who allowed the app long ago
	made := w.link("fabrikam", "--admin-consent")
	as.livesAt(fabrikamTenant)
	as.says = contosoTenant
	at := newBrowser(t, "mallory").visit(t, string(made.URL), goesAlong)
	if at.Status != http.StatusConflict || !strings.Contains(at.Body, "who signed in is not of it") {
		t.Errorf("%d at %s\n%s", at.Status, at.URL, at.Body)
	}
	if got := w.linkStatus(made.ID); got.Status != api.LinkFailed || got.Granted != nil {
		t.Errorf("%+v", got)
	}
	if shown := w.ok("show", "fabrikam"); strings.Contains(shown, contosoTenant) {
		t.Errorf("it is shown as\n%s", shown)
	}
}

// goesAlong does what a person does who agrees to everything on the way.
func goesAlong(at page) (*http.Request, error) {
	doc, err := html.Parse(strings.NewReader(at.Body))
	if err != nil {
		return nil, err
	}
	if form := findForm(doc); form != nil && strings.Contains(form.action, "/connect/") {
		return form.submit(at.URL)
	}
	for node := range doc.Descendants() {
		if href := attr(node, "href"); node.Data == "a" && (attr(node, "id") == "accept" || strings.Contains(href, "/oauth/start/")) {
			to, err := resolve(at.URL, href)
			if err != nil {
				return nil, err
			}
			return http.NewRequest(http.MethodGet, to, nil)
		}
	}
	return nil, nil
}
