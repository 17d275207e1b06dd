package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
)

// maxForm bounds the body of a form, in bytes.
const maxForm = 64 << 10

// Config is what a Desk is made of. Pages, Operators and PublicURL are required.
type Config struct {
	Pages     *page.Set
	Operators *access.Operators
	PublicURL string  // what browsers see
	OpenID    *OpenID // nil: passwords only
	// Acted hears of every form that an operator sends and of every sign-in; nil:
	// nobody does.
	Acted func(operator, path string)
	Log   *slog.Logger
}

// Desk is where operators sign in.
type Desk struct {
	Config
	origin string
	secure bool // the public URL is https, so cookies are for https only
	forms  *http.CrossOriginProtection
}

// New makes a Desk.
func New(config Config) *Desk {
	d := &Desk{Config: config, forms: http.NewCrossOriginProtection()}
	if u, err := url.Parse(config.PublicURL); err == nil {
		d.secure, d.origin = u.Scheme == "https", u.Scheme+"://"+u.Host
		_ = d.forms.AddTrustedOrigin(d.origin) // a bad one was refused where the URL was read
	}
	d.forms.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.refuse(w, r) }))
	return d
}

// Register adds the desk's own routes.
func (d *Desk) Register(mux *http.ServeMux) {
	open := func(pattern string, handle http.HandlerFunc) { mux.Handle(pattern, d.forms.Handler(d.bounded(handle))) }
	open("GET /sign-in", d.signInPage)
	open("POST /sign-in", d.signIn)
	open("GET /sign-in/openid", d.openID)
	open("GET /sign-in/openid/callback", d.openIDCallback)
	open("GET /first-run", d.firstRunPage)
	open("POST /first-run", d.firstRun)
	mux.Handle("POST /sign-out", d.Guard(d.signOut))
	mux.Handle("GET /account", d.Guard(d.accountPage))
	mux.Handle("POST /account/password", d.Guard(d.password))
	mux.Handle("POST /account/sign-out-everywhere", d.Guard(d.everywhere))
}

func (d *Desk) bounded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		next(w, r)
	})
}

// Guard lets operators through who are signed in. Others are sent to sign in
// and come back to the page they wanted; a form must show its token.
func (d *Desk) Guard(next http.HandlerFunc) http.Handler {
	return d.forms.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := d.present(r)
		switch {
		case fault.Is(err, api.CodeUnauthenticated):
			d.send(w, r)
			return
		case err != nil:
			page.Fail(d.Pages, w, r, d.Log, err)
			return
		}
		r = r.WithContext(authorize.By(page.WithViewer(withSession(r.Context(), s.Session), s.viewer), s.viewer.Name))
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if subtle.ConstantTimeCompare([]byte(r.PostFormValue("csrf")), []byte(s.viewer.Token)) != 1 {
				d.refuse(w, r)
				return
			}
			if d.Acted != nil {
				d.Acted(s.Operator, r.URL.Path)
			}
		}
		next(w, r)
	}))
}

// maxBody bounds the body of an operator's form, in bytes.
const maxBody = 2 << 20

// Known says whether whoever asks is signed in, for pages that are open to all.
func (d *Desk) Known(r *http.Request) bool {
	_, err := d.present(r)
	return err == nil
}

// Name is who is signed in in a browser, for pages that are open to all; "": nobody.
func (d *Desk) Name(r *http.Request) string {
	s, err := d.present(r)
	if err != nil {
		return ""
	}
	return s.viewer.Name
}

// signed is a session with who looks at pages in it.
type signed struct {
	access.Session
	viewer page.Viewer
}

func (d *Desk) present(r *http.Request) (signed, error) {
	cookie, err := r.Cookie(d.cookieName())
	if err != nil {
		cookie = &http.Cookie{}
	}
	s, principal, err := d.Operators.Check(r.Context(), cookie.Value)
	if err != nil {
		return signed{}, err
	}
	viewer := page.Viewer{Name: principal.Name, Token: formToken(cookie.Value), Password: !strings.Contains(principal.Name, ":")}
	return signed{s, viewer}, nil
}

// formToken is what forms of a session show. It follows from the cookie, which
// cannot be told from it.
func formToken(cookie string) string {
	mac := hmac.New(sha256.New, []byte(cookie))
	mac.Write([]byte("form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// cookieName begins with __Host- over https: no other host and no plain
// connection can then set it (RFC 6265bis section 4.1.3.2).
func (d *Desk) cookieName() string {
	if d.secure {
		return "__Host-valetkey_session"
	}
	return "valetkey_session"
}

// admit gives the browser its cookie and sends it on.
func (d *Desk) admit(w http.ResponseWriter, s access.Session, token, next string) {
	if d.Acted != nil {
		d.Acted(s.Operator, "/sign-in")
	}
	http.SetCookie(w, d.cookie(d.cookieName(), token, int(access.SessionLifetime.Seconds())))
	d.Pages.Redirect(w, local(next))
}

func (d *Desk) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: d.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // a provider's page leads back to ours
	}
}

// send asks whoever is not signed in to do so.
func (d *Desk) send(w http.ResponseWriter, r *http.Request) {
	to := "/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != "/overview" {
		to += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	d.Pages.Redirect(w, to)
}

func (d *Desk) refuse(w http.ResponseWriter, r *http.Request) {
	page.Fail(d.Pages, w, r, d.Log, fault.New(api.CodeForbidden, "this form did not come from a page of this server, or the page is an old one").
		WithHint("go back, load the page anew and try again"))
}

// local is a path of ours; what is not is the overview.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/overview"
	}
	return next
}

// addressOf is where a request comes from.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
