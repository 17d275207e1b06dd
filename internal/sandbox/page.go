package sandbox

import (
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

// contentSecurity forbids scripts, inline styles and framing. Forms may lead
// anywhere by http, because browsers apply form-action to the redirect that
// follows the form too, and that one leads to the application.
const contentSecurity = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http: https:"

// contentSecurity is the policy with the schemes of configured redirect URIs,
// such as an app's own, added to form-action.
func (s *Server) contentSecurity() string {
	policy := contentSecurity
	for _, raw := range s.cfg.RedirectURIs {
		if u, err := url.Parse(raw); err == nil && u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" {
			policy += " " + u.Scheme + ":"
		}
	}
	return policy
}

func parsePages() (*template.Template, error) {
	return template.ParseFS(pageFiles, "pages/*.html")
}

// asset serves the style sheet and the icon.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]string{"practice.css": "text/css; charset=utf-8", "key.svg": "image/svg+xml"}
	name := r.PathValue("name")
	kind, ok := kinds[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	body, err := fs.ReadFile(pageFiles, "pages/"+name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // the browser may be gone: nothing to do about it
}

// loginView is what the login page shows.
type loginView struct {
	Title    string
	Form     formView
	Client   string
	Username string // filled in beforehand
	Password string // the test user's, shown because this is practice
	TestUser string
	Problem  string
}

// formView is what both forms carry.
type formView struct {
	Action string
	CSRF   string
}

// consentView is what the consent page shows.
type consentView struct {
	Title       string
	Form        formView
	Client      string
	ClientID    string
	Name        string
	Scopes      []scopeInfo
	ReturnsTo   string
	OtherPerson string // where to sign in as somebody else
}

// showLogin shows the login page in a new session that nobody is signed in to.
func (s *Server) showLogin(w http.ResponseWriter, req authRequest, status int, view loginView) {
	sess := s.startSession(w, "")
	view.Title = "Sign in"
	view.Form = formView{Action: formAction(req.params), CSRF: sess.csrf}
	view.Client = req.client.name
	view.TestUser, view.Password = testUser, testPassword
	s.render(w, status, "login.html", view)
}

func (s *Server) showConsent(w http.ResponseWriter, req authRequest, sess session) {
	other := url.Values{}
	for name, values := range req.params {
		other[name] = values
	}
	other.Set("prompt", "login")
	s.render(w, http.StatusOK, "consent.html", consentView{
		Title:       "Allow access",
		Form:        formView{Action: formAction(req.params), CSRF: sess.csrf},
		Client:      req.client.name,
		ClientID:    req.client.id,
		Name:        userName,
		Scopes:      explainScopes(req.scopes),
		ReturnsTo:   hostOf(req.redirectURI),
		OtherPerson: formAction(other),
	})
}

func formAction(params url.Values) string { return "/authorize?" + params.Encode() }

// hostOf names where the browser goes next, in words for the page.
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return raw
	}
	return u.Host
}

// refusePage says on a page what is wrong with a request whose sender cannot
// be trusted with a redirect.
func (s *Server) refusePage(w http.ResponseWriter, explanation string) {
	s.errorPage(w, http.StatusBadRequest, "This request cannot be served", explanation)
}

func (s *Server) errorPage(w http.ResponseWriter, status int, title, explanation string) {
	s.render(w, status, "error.html", map[string]string{"Title": title, "Explanation": explanation})
}

// homeView is what the page at / shows.
type homeView struct {
	Title       string
	Credentials Credentials
	Faults      []activeFault
	Requests    []homeCount
}

type activeFault struct {
	Setting     string
	Explanation string
	Fired       int
}

type homeCount struct {
	Words string
	Count int
}

// home says what this server is, how to use it, and what it is doing wrong.
func (s *Server) home(w http.ResponseWriter, _ *http.Request) {
	faults, fired := s.faults.snapshot()
	view := homeView{Title: "Practice provider", Credentials: s.Credentials()}
	view.Credentials.ClientSecret = "" // printed where the server was started, not to every visitor
	for _, info := range FaultNames() {
		if set, on := faults.settings[info.Name]; on {
			one := Faults{settings: map[string]setting{info.Name: set}}
			view.Faults = append(view.Faults, activeFault{one.String(), info.Explanation, fired[info.Name]})
		}
	}
	stats := s.Requests()
	view.Requests = []homeCount{
		{"Authorization requests", stats.Authorizations},
		{"Code exchanges asked for", stats.TokenRequests["authorization_code"]},
		{"Refreshes asked for", stats.TokenRequests["refresh_token"]},
		{"API calls", stats.APICalls},
		{"of them refused for the token", stats.APIUnauthorized},
	}
	s.render(w, http.StatusOK, "home.html", view)
}

// render writes a page with its security headers. A page is built in memory
// first, so that a mistake in it is a 500 and not half a page.
func (s *Server) render(w http.ResponseWriter, status int, name string, view any) {
	var page strings.Builder
	if err := s.pages.ExecuteTemplate(&page, name, view); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", s.contentSecurity())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	writeHTML(w, status, page.String())
}
