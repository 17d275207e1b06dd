package rest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/intake"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/rest/reference"
	"github.com/valetkey/valetkey/internal/trial"
)

// Broker is what the API shows of the domain; *broker.Broker is one.
type Broker interface {
	Providers
	Clients
	Registrations
	Connections
	Operations
	Grants
}

// Providers is the catalogue.
type Providers interface {
	Providers(ctx context.Context, words string) ([]api.Provider, error)
	Provider(ctx context.Context, name string) (api.Provider, error)
	PutProvider(ctx context.Context, name string, p api.Provider) (created bool, err error)
	DeleteProvider(ctx context.Context, name string) error
	Resource(ctx context.Context, id string) (api.Resource, error)
}

// Clients are the registrations at providers.
type Clients interface {
	Clients(ctx context.Context, page ledger.Page) ([]api.Client, error)
	Client(ctx context.Context, name string) (api.Client, error)
	PutClient(ctx context.Context, name string, spec api.ClientSpec) (created bool, err error)
	DeleteClient(ctx context.Context, name string) error
}

// Registrations are clients that were registered without a person.
type Registrations interface {
	RegisterClient(ctx context.Context, name string, request api.RegisterRequest) error
	Registration(ctx context.Context, name string) (api.Registration, error)
	ChangeRegistration(ctx context.Context, name string, change api.RegistrationChange) (api.Registration, error)
	Deregister(ctx context.Context, name string) error
	ClientDocument(ctx context.Context, name string) (map[string]any, error)
}

// Connections are grants and how to call with them.
type Connections interface {
	Connections(ctx context.Context, filter ledger.ConnectionFilter) ([]api.Connection, error)
	Connection(ctx context.Context, name string) (api.Connection, error)
	PutConnection(ctx context.Context, name string, spec api.ConnectionSpec) (created bool, err error)
	DeleteConnection(ctx context.Context, name string) error
	Events(ctx context.Context, connection string, before int64, limit int) ([]api.Event, error)
	trial.Inquiries
}

// Grants is the life of a connection's tokens.
type Grants interface {
	Begin(ctx context.Context, connection string, req api.AuthorizeRequest) (api.Authorization, error)
	Flow(ctx context.Context, id string) (api.Flow, error)
	ImportToken(ctx context.Context, connection string, set api.TokenImport) (api.Connection, error)
	TokenSource
	Refresh(ctx context.Context, connection string) (api.Connection, error)
	Revoke(ctx context.Context, connection string) (api.Connection, error)
}

// TokenSource gives tokens to callers and to calls.
type TokenSource interface {
	Token(ctx context.Context, connection string, minTTL time.Duration) (api.AccessToken, error)
	TokenFor(ctx context.Context, connection, resource string, minTTL time.Duration) (api.AccessToken, error)
	Proof(ctx context.Context, connection string, request api.ProofRequest) (api.Proof, error)
	Credential(ctx context.Context, connection string) (*broker.Credential, error)
}

// Keys makes, checks and ends callers' keys; *access.Keys does.
type Keys interface {
	Create(ctx context.Context, spec api.KeySpec) (api.NewKey, error)
	List(ctx context.Context) ([]api.Key, error)
	Revoke(ctx context.Context, name string) error
	Check(ctx context.Context, key string) (access.Principal, error)
}

// Engine calls APIs; *call.Engine does.
type Engine interface {
	Do(ctx context.Context, connection string, r call.Request) (*http.Response, error)
}

// Config is what a Server is made of. Broker, Keys and Engine are required.
type Config struct {
	Broker    Broker
	Keys      Keys
	Custody             // keys, backups and the audit trail; each nil: not found
	Operators Operators // makes links for operators; nil: none are made
	Links     Links     // connect links; nil: none are made
	Agents    Agents    // ways into private networks; nil: there are none
	Desired             // its Applier is required
	Engine    Engine
	Proxy     http.Handler                // serves /proxy/ once the caller is authorized; nil: not found
	Web       http.Handler                // serves what is for browsers; nil: not found
	Version   api.Version                 // what /v1/version answers
	Log       *slog.Logger                // default: discards
	Ready     func(context.Context) error // whether requests can be served; default: always
	RequestID func() string               // default: random
}

// Server is the API as one handler.
type Server struct {
	config   Config
	routes   []route
	mux      *http.ServeMux
	api      http.Handler // the mux behind the cross-site check
	document func() ([]byte, error)
	page     func() ([]byte, error)
	calling  intake.Crowd
	writing  sync.Mutex // one read-and-write of a PATCH at a time, and no PUT in between
}

// New makes the whole handler: the API, /proxy/ and the pages.
func New(config Config) http.Handler {
	s := newServer(config)
	return s.withRequestID(s.withRecovery(http.HandlerFunc(s.dispatch)))
}

func newServer(config Config) *Server {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Ready == nil {
		config.Ready = func(context.Context) error { return nil }
	}
	if config.RequestID == nil {
		config.RequestID = rand.Text
	}
	nothing := http.HandlerFunc(notFound)
	if config.Proxy == nil {
		config.Proxy = nothing
	}
	if config.Web == nil {
		config.Web = nothing
	}
	s := &Server{config: config, mux: http.NewServeMux()}
	s.routes = slices.Concat(s.table(), s.linkRoutes(), s.agentRoutes())
	s.document = sync.OnceValues(func() ([]byte, error) { return reference.Document(described(s.routes), config.Version, states()) })
	s.page = sync.OnceValues(func() ([]byte, error) { return reference.Page(described(s.routes)) })
	for _, route := range s.routes {
		s.mux.Handle(route.pattern, s.serve(route))
	}
	s.mux.HandleFunc(authzPrefix+"{name}", s.anyAuthz)
	s.mux.HandleFunc(authzPrefix+"{name}/{rest...}", s.anyAuthz)
	s.mux.HandleFunc("/v1/", s.noRoute)
	s.mux.Handle("/", config.Web)
	s.api = crossSiteCheck(s.mux)
	return s
}
