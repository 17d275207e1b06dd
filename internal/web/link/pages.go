package link

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// Visits are links as whoever was sent one sees them; *link.Links has them.
type Visits interface {
	Open(ctx context.Context, address string) (link.Link, error)
	Begin(ctx context.Context, address string, embedded bool) (link.Link, error)
	ByFlow(ctx context.Context, flow string) (one link.Link, ok bool, err error)
	Describe(ctx context.Context, one link.Link) (link.Description, error)
	Logo(ctx context.Context, id string) (logo link.Logo, ok bool, err error)
}

// Desk is links as an operator sees them; *link.Links has them.
type Desk interface {
	Create(ctx context.Context, spec api.ConnectLinkSpec) (api.NewConnectLink, error)
	List(ctx context.Context, filter link.Filter) ([]api.ConnectLink, error)
	Extend(ctx context.Context, id string, patch api.ConnectLinkPatch) (api.ConnectLink, error)
	Revoke(ctx context.Context, id string) (api.ConnectLink, error)
}

// Flows are authorizations in progress; *broker.Broker has them.
type Flows interface {
	Flow(ctx context.Context, id string) (api.Flow, error)
}

// Config is what the pages are made of; all of it is required.
type Config struct {
	Visits    Visits
	Desk      Desk
	Flows     Flows
	Pages     *page.Set
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Pages serves the pages of links.
type Pages struct {
	Config
	secure bool // cookies are for https only
	host   string
	shelf  *shelf.Shelf
	forms  *http.CrossOriginProtection
}

// New makes the pages.
func New(config Config) *Pages {
	p := &Pages{Config: config, shelf: shelf.New(config.Now, shelf.Time), forms: http.NewCrossOriginProtection()}
	if u, err := url.Parse(config.PublicURL); err == nil {
		p.secure, p.host = u.Scheme == "https", u.Host
	}
	return p
}

// handler serves a page. What it returns becomes an error page.
type handler func(w http.ResponseWriter, r *http.Request) error

// Register adds the pages; the operator's stand behind the guard.
func (p *Pages) Register(mux *http.ServeMux, guard func(http.HandlerFunc) http.Handler) {
	for pattern, handle := range map[string]handler{
		"GET /connect/{link}":        p.visit,
		"POST /connect/{link}":       p.begin,
		"GET /connect-logo/{id}":     p.logo,
		"GET /connect-status/{flow}": p.status,
	} {
		mux.Handle(pattern, p.forms.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				p.failVisitor(w, r, err)
			}
		})))
	}
	for pattern, handle := range map[string]handler{
		"GET /links":              p.list,
		"POST /links":             p.create,
		"POST /links/{id}/revoke": p.revoke,
		"POST /links/{id}/extend": p.extend,
	} {
		mux.Handle(pattern, guard(func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				page.Fail(p.Pages, w, r, p.Log, err)
			}
		}))
	}
}

// failVisitor renders an error for somebody who can run no command here.
func (p *Pages) failVisitor(w http.ResponseWriter, r *http.Request, err error) {
	shown := fault.As(err)
	id := w.Header().Get(page.RequestIDHeader)
	page.Note(r, p.Log, id, shown)
	problem := page.Problem{Pill: p.Pages.Word("link.nothing_pill"), Title: p.Pages.Word("link.problem"), Detail: page.Sentence(shown.Message)}
	switch shown.Code {
	case api.CodeInternal:
		problem.Pill, problem.RequestID = p.Pages.Word("problem.ours"), id
	case api.CodeNotFound, api.CodeConflict:
		problem.Advice = page.Sentence(shown.Hint)
	default:
		problem.Advice = p.Pages.Word("link.tell_sender")
	}
	p.Pages.Render(w, r, fault.Status(shown.Code), "problem", problem)
}
