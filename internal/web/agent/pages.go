package agent

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// Agents are the programs that lead into private networks; *agent.Registry has
// them.
type Agents interface {
	Add(ctx context.Context, spec api.AgentSpec) (api.NewAgent, error)
	List(ctx context.Context) ([]api.Agent, error)
	Remove(ctx context.Context, name string) error
}

// Config is what the page is made of; all of it is required.
type Config struct {
	Agents    Agents
	Pages     *page.Set
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Pages serves the page.
type Pages struct {
	Config
	shelf *shelf.Shelf
}

// New makes the page.
func New(config Config) *Pages {
	return &Pages{Config: config, shelf: shelf.New(config.Now, shelf.Time)}
}

// Register adds the page, behind the guard.
func (p *Pages) Register(mux *http.ServeMux, guard func(http.HandlerFunc) http.Handler) {
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /agents":                p.list,
		"POST /agents":               p.add,
		"POST /agents/{name}/remove": p.remove,
	} {
		mux.Handle(pattern, guard(func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				page.Fail(p.Pages, w, r, p.Log, err)
			}
		}))
	}
}

// view is the agents, with the form that makes one.
type view struct {
	Agents []api.Agent
	Form   form
	Made   *api.NewAgent // shown once
	Token  string
	URL    string // the server's, as agents reach it
	Faults page.Faults
}

type form struct{ Name, Description, Hosts string }

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	var v view
	if made, ok := shelf.Take[api.NewAgent](p.shelf, r, true); ok {
		v.Made, v.Token = &made, string(made.Token)
	}
	return p.show(w, r, http.StatusOK, v)
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, status int, v view) error {
	var err error
	if v.Agents, err = p.Agents.List(r.Context()); err != nil {
		return err
	}
	v.URL = p.PublicURL
	p.Pages.Render(w, r, status, "agents", v)
	return nil
}

func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	f := form{
		Name: strings.TrimSpace(r.PostFormValue("name")), Description: strings.TrimSpace(r.PostFormValue("description")),
		Hosts: r.PostFormValue("hosts"),
	}
	spec := api.AgentSpec{Name: f.Name, Description: f.Description, Hosts: strings.Fields(strings.ReplaceAll(f.Hosts, ",", " "))}
	made, err := p.Agents.Add(r.Context(), spec)
	if shown := fault.As(err); err != nil && (shown.Code == api.CodeInvalid || shown.Code == api.CodeConflict) {
		return p.show(w, r, fault.Status(shown.Code), view{Form: f, Faults: page.Faults{faultyField(shown): page.Sentences(shown)}})
	}
	if err != nil {
		return err
	}
	p.Pages.Redirect(w, "/agents?shown="+p.shelf.Put(r, made))
	return nil
}

// faultyField is the field of the form that a fault speaks of.
func faultyField(shown *fault.Error) string {
	switch {
	case strings.Contains(shown.Message, "host"):
		return "hosts"
	case strings.Contains(shown.Message, "description"):
		return "description"
	}
	return "name"
}

func (p *Pages) remove(w http.ResponseWriter, r *http.Request) error {
	if err := p.Agents.Remove(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	p.Pages.Redirect(w, "/agents?done=agent_removed")
	return nil
}
