package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/fault"
)

// Flows are authorizations in progress; *broker.Broker has them.
type Flows interface {
	Start(ctx context.Context, id string) (authorize.Start, error)
	Complete(ctx context.Context, params url.Values, cookie func(flow string) string) (authorize.Completion, error)
	Flow(ctx context.Context, id string) (api.Flow, error)
	Connection(ctx context.Context, name string) (api.Connection, error)
}

// maxForm bounds the body of a posted callback, in bytes.
const maxForm = 64 << 10

// site is the handler's parts.
type site struct {
	flows  Flows
	secure bool   // the public URL is https, so cookies are for https only
	prefix string // the public URL's path: every address that a browser is given begins with it
	log    *slog.Logger
	pages  pages
}

// New returns the handler of every page. publicURL is what browsers see.
func New(flows Flows, publicURL string, log *slog.Logger) http.Handler {
	s := &site{flows: flows, log: log}
	if u, err := url.Parse(publicURL); err == nil {
		s.secure, s.prefix = u.Scheme == "https", strings.TrimRight(u.EscapedPath(), "/")
	}
	s.pages = newPages(s.prefix)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.landing)
	mux.HandleFunc("GET /oauth/start/{flow}", s.start)
	mux.HandleFunc("GET /oauth/callback", s.callback)
	mux.HandleFunc("POST /oauth/callback", s.posted)
	mux.HandleFunc("GET /oauth/done/{flow}", s.done)
	mux.HandleFunc("GET /static/"+s.pages.style, s.pages.static)
	mux.HandleFunc("GET /favicon.ico", favicon)
	mux.HandleFunc("/", s.missing)
	return withHeaders(mux)
}

// withHeaders sets what every answer to a browser carries (faults A-18).
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *site) landing(w http.ResponseWriter, r *http.Request) {
	s.pages.render(w, http.StatusOK, "landing", nil)
}

func (s *site) missing(w http.ResponseWriter, r *http.Request) {
	s.pages.render(w, http.StatusNotFound, "problem", problem{
		Pill:   "Not found",
		Title:  "There is no page here",
		Detail: "The address may be misspelt, or cut where it was copied.",
		Advice: "The API is described at /docs.",
	})
}

// start binds the flow to the browser and sends it to the provider. 303 turns
// any method into GET and keeps no body.
func (s *site) start(w http.ResponseWriter, r *http.Request) {
	flow := r.PathValue("flow")
	start, err := s.flows.Start(r.Context(), flow)
	if err != nil {
		s.fail(w, r, flow, err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name:     cookieName(flow),
		Value:    start.Binding,
		Path:     s.prefix + "/oauth/",
		MaxAge:   max(1, int(time.Until(start.ExpiresAt)/time.Second)),
		Secure:   s.secure,
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode, // sent when the provider's page leads back here
	})
	redirect(w, start.Location)
}

// redirect sends the browser on with GET. Unlike [http.Redirect] it writes no
// page that repeats the address, which may hold a state or a code.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// cookieName is one name for each flow, so that several tabs do not disturb
// each other. It shows a part of the flow's id only.
func cookieName(flow string) string { return "valetkey_flow_" + flow[:min(8, len(flow))] }

func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		s.fail(w, r, "", malformed(err))
		return
	}
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
	s.note(r, w.Header().Get(requestIDHeader), shown)
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
	flow, err := s.flows.Flow(r.Context(), r.PathValue("flow"))
	if err != nil {
		s.fail(w, r, "", err)
		return
	}
	switch flow.Status {
	case api.FlowDone:
		c, _ := s.flows.Connection(r.Context(), flow.Connection) // without it the page names no account
		s.pages.render(w, http.StatusOK, "done", connected{flow.Connection, c.Account})
	case api.FlowPending:
		s.pages.render(w, http.StatusOK, "pending", flow)
	default:
		s.ended(w, flow)
	}
}

// connected is the page of a flow that is done.
type connected struct{ Connection, Account string }
