package console

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/operation"
	"github.com/valetkey/valetkey/internal/traffic"
	"github.com/valetkey/valetkey/internal/trial"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
)

// Connections are what most pages show; *broker.Broker has them.
type Connections interface {
	Connections(ctx context.Context, filter ledger.ConnectionFilter) ([]api.Connection, error)
	Connection(ctx context.Context, name string) (api.Connection, error)
	CountConnections(ctx context.Context) (map[api.State]int, error)
	DeleteConnection(ctx context.Context, name string) error
	Events(ctx context.Context, connection string, before int64, limit int) ([]api.Event, error)
}

// Grants is the life of a connection's tokens; *broker.Broker has it.
type Grants interface {
	Begin(ctx context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error)
	Refresh(ctx context.Context, connection string) (api.Connection, error)
	Revoke(ctx context.Context, connection string) (api.Connection, error)
	Credential(ctx context.Context, connection string) (*broker.Credential, error)
	trial.Inquiries
}

// Catalogue is clients and providers, with what their connections can run; *broker.Broker has them.
type Catalogue interface {
	Clients(ctx context.Context, page ledger.Page) ([]api.Client, error)
	Client(ctx context.Context, name string) (api.Client, error)
	Providers(ctx context.Context, search string) ([]api.Provider, error)
	Provider(ctx context.Context, name string) (api.Provider, error)
	Operations(ctx context.Context, connection string) (operation.Set, error)
}

// Keys makes, lists and ends callers' keys; *access.Keys does.
type Keys interface {
	Create(ctx context.Context, spec api.KeySpec) (api.NewKey, error)
	List(ctx context.Context) ([]api.Key, error)
	Revoke(ctx context.Context, name string) error
}

// Links ask people without an account to authorize; *link.Links makes them.
type Links interface {
	Create(ctx context.Context, spec api.ConnectLinkSpec) (api.NewConnectLink, error)
}

// Calls sends requests through connections and knows what was sent lately;
// *traffic.Watch does.
type Calls interface {
	Do(ctx context.Context, connection string, r call.Request) (*http.Response, error)
	Rates(connection string) traffic.Rates
	Debug(connection string, until time.Time)
	DebugUntil(connection string) time.Time
	Exchanges(connection string) []traffic.Exchange
}

// Domain is what the pages show and change.
type Domain struct {
	Connections Connections
	Grants      Grants
	Catalogue   Catalogue
	Keys        Keys
	Calls       Calls
	Links       Links
	Custody
}

// Config is what a Console is made of; all of it is required.
type Config struct {
	Domain
	Pages     *page.Set
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Console serves the operator's pages.
type Console struct {
	Config
	shelf *shelf.Shelf
	works *shelf.Shelf // actions on whole lists
}

// New makes a Console.
func New(config Config) *Console {
	return &Console{Config: config, shelf: shelf.New(config.Now, shelf.Time), works: shelf.New(config.Now, bulkLife)}
}

// handler serves a page for an operator. What it returns becomes an error page.
type handler func(w http.ResponseWriter, r *http.Request) error

// Register adds the pages, each behind the guard.
func (c *Console) Register(mux *http.ServeMux, guard func(http.HandlerFunc) http.Handler) {
	for pattern, handle := range map[string]handler{
		"GET /overview": c.overview,
		"GET /calendar": c.calendar,
		"GET /audit":    c.audit,
		"GET /keyring":  c.keyring,

		"GET /connections":                   c.list,
		"POST /connections/bulk":             c.bulk,
		"GET /bulk/{id}":                     c.showWork,
		"GET /bulk/{id}/status":              c.workStatus,
		"GET /bulk/{id}/links.csv":           c.workLinks,
		"GET /connections/{name}":            c.show,
		"GET /connections/{name}/status":     c.status,
		"GET /connections/{name}/export":     c.export,
		"GET /connections/{name}/{confirm}":  c.confirm,
		"POST /connections/{name}/authorize": c.authorize,
		"POST /connections/{name}/refresh":   c.refresh,
		"POST /connections/{name}/test":      c.test,
		"POST /connections/{name}/call":      c.call,
		"POST /connections/{name}/debug":     c.debug,
		"POST /connections/{name}/revoke":    c.revoke,
		"POST /connections/{name}/delete":    c.remove,

		"GET /connections/{name}/operations/{operation}":  c.operation,
		"POST /connections/{name}/operations/{operation}": c.run,

		"GET /clients":          c.clients,
		"GET /providers":        c.providers,
		"GET /providers/{name}": c.provider,

		"GET /keys":                c.keys,
		"POST /keys":               c.createKey,
		"POST /keys/{name}/revoke": c.revokeKey,
	} {
		mux.Handle(pattern, guard(func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				page.Fail(c.Pages, w, r, c.Log, err)
			}
		}))
	}
}

// render shows a page.
func (c *Console) render(w http.ResponseWriter, r *http.Request, name string, data any) error {
	c.Pages.Render(w, r, http.StatusOK, name, data)
	return nil
}

// back ends an action.
func (c *Console) back(w http.ResponseWriter, to string) error {
	c.Pages.Redirect(w, to)
	return nil
}

// linkTo is where a connection's page is.
func linkTo(name string) string { return "/connections/" + name }
