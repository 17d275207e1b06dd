package wizard

import (
	"context"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/web/console"
	"github.com/valetkey/valetkey/internal/web/page"
	"github.com/valetkey/valetkey/internal/web/shelf"
	"github.com/valetkey/valetkey/oauth"
)

// Writer changes what there is; *broker.Broker does.
type Writer interface {
	PutProvider(ctx context.Context, name string, p api.Provider) (created bool, err error)
	PutClient(ctx context.Context, name string, spec api.ClientSpec) (created bool, err error)
	PutConnection(ctx context.Context, name string, spec api.ConnectionSpec) (created bool, err error)
	DeleteClient(ctx context.Context, name string) error
	DeleteConnection(ctx context.Context, name string) error
	ImportToken(ctx context.Context, connection string, set api.TokenImport) (api.Connection, error)
}

// Flows are authorizations in progress; *broker.Broker has them.
type Flows interface {
	Flow(ctx context.Context, id string) (api.Flow, error)
	// AllowedGrants are those that connections of this server may have.
	AllowedGrants() []oauth.GrantType
}

// Network asks authorization servers; *discovery.Servers does.
type Network interface {
	// Find returns the metadata of an issuer.
	Find(ctx context.Context, issuer string) (oauth.Server, error)
	// Reach says why nobody answers at an address; any answer is good.
	Reach(ctx context.Context, address string) error
}

// Config is what a Wizard is made of; all of it is required.
type Config struct {
	*console.Console
	Writer  Writer
	Flows   Flows
	Network Network
}

// shelfTime is how long a form's secret, a draft or an answer waits: as long as
// somebody may look for a value at the provider.
const shelfTime = time.Hour

// Wizard serves the pages that make and change connections.
type Wizard struct {
	Config
	shelf *shelf.Shelf
}

// New makes a Wizard.
func New(config Config) *Wizard {
	return &Wizard{Config: config, shelf: shelf.New(config.Now, shelfTime)}
}

// handler serves a page for an operator. What it returns becomes an error page.
type handler func(w http.ResponseWriter, r *http.Request) error

// Register adds the pages, each behind the guard.
func (z *Wizard) Register(mux *http.ServeMux, guard func(http.HandlerFunc) http.Handler) {
	for pattern, handle := range map[string]handler{
		"GET /new":           z.choose,
		"POST /new/discover": z.discover,
		"GET /new/found":     z.found,
		"POST /new/found":    z.takeFound,
		"POST /new/import":   z.read,
		"GET /new/draft":     z.draft,
		"POST /new/draft":    z.apply,
		"GET /new/describe":  z.describe,
		"POST /new/describe": z.described,

		"GET /new/provider/{name}":  z.setup,
		"POST /new/provider/{name}": z.create,

		"GET /new/connection/{name}":            z.consent,
		"GET /new/connection/{name}/status":     z.status,
		"POST /new/connection/{name}/authorize": z.authorize,
		"POST /new/connection/{name}/bring":     z.bring,
		"POST /new/connection/{name}/tokens":    z.takeTokens,
		"POST /new/connection/{name}/call":      z.call,

		"GET /connections/{name}/edit":  z.editConnection,
		"POST /connections/{name}/edit": z.changeConnection,
		"GET /clients/{name}/edit":      z.editClient,
		"POST /clients/{name}/edit":     z.changeClient,
	} {
		mux.Handle(pattern, guard(func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				page.Fail(z.Pages, w, r, z.Log, err)
			}
		}))
	}
}

// show renders a page; with faults it is a bad request.
func (z *Wizard) show(w http.ResponseWriter, r *http.Request, name string, faults page.Faults, data any) error {
	status := http.StatusOK
	if len(faults) > 0 {
		status = http.StatusBadRequest
	}
	z.Pages.Render(w, r, status, name, data)
	return nil
}

// to ends an action.
func (z *Wizard) to(w http.ResponseWriter, path string) error {
	z.Pages.Redirect(w, path)
	return nil
}

// redirectURI is what is registered at a provider.
func (z *Wizard) redirectURI() string { return z.PublicURL + "/oauth/callback" }

// told says whether an error is for the person at the form, and not a defect of ours.
func told(err error) bool { return err != nil && fault.As(err).Code != api.CodeInternal }

// gone is for a page whose result is no longer held.
func gone() error {
	return fault.New(api.CodeNotFound, "this is no longer held here").
		WithHint("go back to New connection and bring it again: what is read waits for an hour, for the session that brought it")
}

// missing says whether an error means that there is no such thing.
func missing(err error) bool { return fault.As(err).Code == api.CodeNotFound }
