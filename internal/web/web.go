package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/web/agent"
	"github.com/valetkey/valetkey/internal/web/console"
	"github.com/valetkey/valetkey/internal/web/fragment"
	connectlink "github.com/valetkey/valetkey/internal/web/link"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/session"
	"github.com/valetkey/valetkey/internal/web/wizard"
	"github.com/valetkey/valetkey/oauth"
)

// Flows are authorizations in progress; *broker.Broker has them.
type Flows interface {
	Start(ctx context.Context, id string) (authorize.Start, error)
	Complete(ctx context.Context, params url.Values, cookie func(flow string) string) (authorize.Completion, error)
	Flow(ctx context.Context, id string) (api.Flow, error)
	AllowedGrants() []oauth.GrantType
	Connection(ctx context.Context, name string) (api.Connection, error)
}

// maxForm bounds the body of a posted callback, in bytes.
const maxForm = 64 << 10

// Config is what the pages are made of. Flows, Domain, Writer, Network, Operators
// and PublicURL are required.
type Config struct {
	Flows     Flows
	Domain    console.Domain
	Writer    wizard.Writer
	Network   wizard.Network
	Links     *link.Links  // nil: there are no links
	Agents    agent.Agents // nil: there are no agents
	Operators *access.Operators
	OpenID    *session.OpenID             // nil: operators sign in with passwords only
	PublicURL string                      // what browsers see
	Brand     page.Installation           // whose pages they are; zero: Valetkey's
	Acted     func(operator, path string) // hears of every form that an operator sends; nil: nobody does
	Now       func() time.Time
	Log       *slog.Logger
}

// site is the handler's parts.
type site struct {
	flows  Flows
	desk   *session.Desk
	secure bool   // the public URL is https, so cookies are for https only
	alone  bool   // the public URL is for browsers of this machine only
	host   string // of the public URL
	prefix string // the public URL's path: every address that a browser is given begins with it
	log    *slog.Logger
	pages  *page.Set
	links  *connectlink.Pages // nil: there are none
}

// New returns the handler of every page.
func New(config Config) http.Handler {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	config.PublicURL = strings.TrimRight(config.PublicURL, "/")
	s := &site{flows: config.Flows, log: config.Log}
	if u, err := url.Parse(config.PublicURL); err == nil {
		s.secure, s.prefix = u.Scheme == "https", strings.TrimRight(u.EscapedPath(), "/")
		s.host, s.alone = u.Host, loopback(u.Hostname())
	}
	s.pages = page.New(s.prefix, config.Brand)
	s.desk = session.New(session.Config{
		Pages: s.pages, Operators: config.Operators, OpenID: config.OpenID, PublicURL: config.PublicURL, Log: config.Log, Acted: config.Acted,
	})
	mux := http.NewServeMux()
	if config.Links != nil {
		s.links = connectlink.New(connectlink.Config{
			Visits: config.Links, Desk: config.Links, Flows: config.Flows,
			Pages: s.pages, PublicURL: config.PublicURL, Now: config.Now, Log: config.Log,
		})
		s.links.Register(mux, s.desk.Guard)
	}
	if config.Agents != nil {
		agent.New(agent.Config{Agents: config.Agents, Pages: s.pages, PublicURL: config.PublicURL, Now: config.Now, Log: config.Log}).Register(mux, s.desk.Guard)
	}
	mux.HandleFunc("GET /{$}", s.landing)
	mux.HandleFunc("GET /oauth/start/{flow}", s.start)
	mux.Handle("POST /oauth/start/{flow}", http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.accept)))
	mux.HandleFunc("GET /oauth/callback", s.callback)
	mux.HandleFunc("POST /oauth/callback", s.posted)
	mux.HandleFunc("POST /oauth/fragment", s.fromFragment)
	mux.HandleFunc("GET /oauth/fragment.js", fragment.Script)
	mux.HandleFunc("GET /oauth/done/{flow}", s.done)
	mux.HandleFunc("GET /static/{file}", s.static)
	mux.HandleFunc("GET /favicon.ico", s.pages.Favicon)
	mux.HandleFunc("/", s.missing)
	s.desk.Register(mux)
	pages := console.New(console.Config{
		Domain: config.Domain, Pages: s.pages, PublicURL: config.PublicURL, Now: config.Now, Log: config.Log,
	})
	pages.Register(mux, s.desk.Guard)
	wizard.New(wizard.Config{Console: pages, Writer: config.Writer, Flows: config.Flows, Network: config.Network}).Register(mux, s.desk.Guard)
	return withHeaders(mux)
}

// withHeaders sets what every answer to a browser carries (faults A-18).
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", page.Policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// landing is for those who are not signed in.
func (s *site) landing(w http.ResponseWriter, r *http.Request) {
	if s.desk.Known(r) {
		s.pages.Redirect(w, "/overview")
		return
	}
	s.pages.Render(w, r, http.StatusOK, "landing", nil)
}

func (s *site) static(w http.ResponseWriter, r *http.Request) {
	if !s.pages.Static(w, r.PathValue("file")) {
		s.missing(w, r)
	}
}

func (s *site) missing(w http.ResponseWriter, r *http.Request) {
	s.pages.Render(w, r, http.StatusNotFound, "problem", page.Problem{
		Pill:   s.pages.Word("missing.pill"),
		Title:  s.pages.Word("missing.title"),
		Detail: s.pages.Word("missing.detail"),
		Advice: s.pages.Word("missing.advice"),
	})
}

// redirect sends the browser on with GET. Unlike [http.Redirect] it writes no
// page that repeats the address, which may hold a state or a code.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	switch {
	case err != nil:
		s.fail(w, r, "", malformed(err))
	case len(params) == 0:
		// Whatever the answer is, it stands behind the #.
		if err := fragment.Page(w, s.prefix); err != nil {
			s.log.Error("a page is not written", slog.Any("error", err))
		}
	default:
		s.complete(w, r, params)
	}
}

// fromFragment takes what the page of package fragment posts. The state, and
// the cookie that no other site's form brings, bind it to its flow.
func (s *site) fromFragment(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, "", malformed(err))
		return
	}
	s.complete(w, r, r.PostForm)
}

// complete finishes the flow that an answer belongs to.
func (s *site) complete(w http.ResponseWriter, r *http.Request, params url.Values) {
	var flow, binding string // known once the state was
	done, err := s.flows.Complete(r.Context(), params, func(id string) string {
		flow = id
		if cookie, err := r.Cookie(cookieName(id)); err == nil {
			binding = cookie.Value
		}
		return binding
	})
	if err != nil {
		if binding != "" && s.endedNow(w, r, flow, err) {
			return
		}
		s.fail(w, r, flow, err)
		return
	}
	to := done.ReturnTo
	if to == "" {
		to = s.prefix + "/oauth/done/" + url.PathEscape(done.Flow.ID)
	}
	redirect(w, to) // a clean address: no code in the history
}

// endedNow sends the browser whose flow has just failed to the flow's own page:
// the address of the callback, with its state and maybe a code, should not stay
// in the history (RFC 6749 section 3.1.2.5). A defect of ours keeps its page,
// which names the request.
func (s *site) endedNow(w http.ResponseWriter, r *http.Request, id string, err error) bool {
	shown := fault.As(err)
	flow, readErr := s.flows.Flow(r.Context(), id)
	if readErr != nil || flow.Status != api.FlowFailed || shown.Code == api.CodeInternal {
		return false
	}
	page.Note(r, s.log, w.Header().Get(page.RequestIDHeader), shown)
	redirect(w, s.prefix+"/oauth/done/"+url.PathEscape(id))
	return true
}

// posted serves response_mode=form_post. The browser sends no Lax cookie with a
// form posted from another site, so the parameters come again as a GET from
// this one; the code is bound to the verifier and the cookie all the same.
func (s *site) posted(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.fail(w, r, "", malformed(err))
		return
	}
	redirect(w, s.prefix+"/oauth/callback?"+r.PostForm.Encode())
}

// done says how a flow ended. The flow's id is random and known to those who
// took part; the page names the connection and no secret.
func (s *site) done(w http.ResponseWriter, r *http.Request) {
	if s.links != nil && s.links.Outcome(w, r, r.PathValue("flow")) {
		return
	}
	flow, err := s.flows.Flow(r.Context(), r.PathValue("flow"))
	if err != nil {
		s.fail(w, r, "", err)
		return
	}
	switch flow.Status {
	case api.FlowDone:
		c, _ := s.flows.Connection(r.Context(), flow.Connection) // without it the page names no account
		s.pages.Render(w, r, http.StatusOK, "done", connected{flow.Connection, c.Account, flow.Kind != ""})
	case api.FlowPending:
		s.pages.Render(w, r, http.StatusOK, "pending", flow)
	default:
		s.ended(w, r, flow)
	}
}

// connected is the page of a flow that is done.
type connected struct {
	Connection, Account string
	Consented           bool // an administrator allowed the client; nobody authorized
}
