package app

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/access"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/audit"
	"github.com/valetkey/valetkey/internal/broker"
	"github.com/valetkey/valetkey/internal/call"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/desired"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/keyring"
	"github.com/valetkey/valetkey/internal/link"
	"github.com/valetkey/valetkey/internal/process"
	"github.com/valetkey/valetkey/internal/proxy"
	"github.com/valetkey/valetkey/internal/rest"
	"github.com/valetkey/valetkey/internal/skew"
	"github.com/valetkey/valetkey/internal/spill"
	"github.com/valetkey/valetkey/internal/store"
	"github.com/valetkey/valetkey/internal/store/custody"
	"github.com/valetkey/valetkey/internal/sweeper"
	"github.com/valetkey/valetkey/internal/traffic"
	"github.com/valetkey/valetkey/internal/watch"
	"github.com/valetkey/valetkey/internal/web"
	"github.com/valetkey/valetkey/internal/web/console"
	"github.com/valetkey/valetkey/internal/web/page"
)

// tokenRequestLimit bounds one whole request to an authorization server; the
// broker's own, shorter limit applies first.
const tokenRequestLimit = 2 * arrangement.TokenTimeout

// App is the object graph without listeners.
type App struct {
	config    Config
	store     *store.DB
	spill     *spill.Store // over store: what it does not take is kept beside it
	keyring   *keyring.Holder
	audit     *audit.Log
	mark      mark  // as last written; see keepMark
	suspects  int64 // grants held back at the start
	keys      *access.Keys
	operators *access.Operators
	broker    *broker.Broker
	links     *link.Links
	handler   http.Handler
	unwritten atomic.Pointer[error] // why what is buffered could not be written; nil: it could
	errands
	lead
}

// errands are what a server does by itself.
type errands struct {
	watcher *watch.Watcher   // nil: no files are applied
	sweeper *sweeper.Sweeper // nil: nothing is swept
}

// Open makes the data directory, the keyring and the database if they are
// missing, and puts everything together.
func Open(ctx context.Context, config Config) (_ *App, err error) {
	config = config.withDefaults()
	brand, err := config.face()
	if err != nil {
		return nil, err
	}
	if err := makeDataDir(config.DataDir); err != nil {
		return nil, err
	}
	a := &App{config: config}
	defer func() {
		if err != nil {
			_ = a.closeStore() // its error would only follow from this one
		}
	}()
	if a.store, err = store.Open(ctx, store.Config{
		Path: filepath.Join(config.DataDir, "valetkey.db"),
		URL:  config.Database,
		Log:  config.Log,
		Now:  config.Now,
	}); err != nil {
		return nil, err
	}
	if a.keyring, err = openKeyring(ctx, config, a.store); err != nil {
		return nil, err
	}
	a.audit = audit.New(custody.Desk{DB: a.store}, config.Now)
	if a.keys, err = access.New(ctx, access.Config{Store: a.store, Now: config.Now}); err != nil {
		return nil, err
	}
	a.operators = access.NewOperators(access.OperatorsConfig{Store: a.store, Now: config.Now})
	out, err := a.egress(ctx)
	if err != nil {
		return nil, err
	}
	providers, err := readProviders(config.ProvidersDir)
	if err != nil {
		return nil, err
	}
	grants, err := config.grants()
	if err != nil {
		return nil, err
	}
	if a.spill, err = spill.Over(ctx, a.store, filepath.Join(config.DataDir, "spill"), config.Log); err != nil {
		return nil, err
	}
	clocks := skew.New(config.Now, config.Log)
	if a.broker, err = broker.New(ctx, broker.Config{
		Store:         a.spill,
		Keyring:       a.keyring,
		HTTP:          clocks.Watching(out.Client(tokenRequestLimit)),
		ClientAccess:  broker.ClientAccess{Outside: config.outside(), Showing: showing(out, clocks)},
		Catalog:       providers,
		PublicURL:     config.PublicURL,
		ReturnOrigins: config.ReturnOrigins,
		Process:       process.Name(config.Proc),
		Gone:          func(name string) bool { return process.Gone(config.Proc, name) },
		AllowGrants:   grants,
		TokenFiles:    config.tokenDirs(),
		Now:           config.Now,
		Log:           config.Log,
	}); err != nil {
		return nil, err
	}
	if err := a.suspectRestored(ctx); err != nil {
		return nil, err
	}
	a.keyring.Changed(func() { a.broker.Invalidate("") })
	a.makeLinks(out)
	if err := a.makeSweeper(); err != nil {
		return nil, err
	}
	a.makeWatcher()
	a.handler = a.serve(out, brand)
	return a, nil
}

// makeSweeper makes what renews ahead of need, unless that is off.
func (a *App) makeSweeper() error {
	limits, on, err := a.config.sweepLimits()
	if on {
		a.sweeper = &sweeper.Sweeper{Store: a.store, Broker: a.broker, Limits: limits, Now: a.config.Now, Log: a.config.Log}
	}
	return err
}

// serve puts the inbound side together.
func (a *App) serve(out *egress.Egress, brand page.Installation) http.Handler {
	engine := traffic.Over(call.New(a.broker, out.Transport(), call.Options{Now: a.config.Now, ReadFile: os.ReadFile, Getenv: os.Getenv}), a.config.Now)
	return rest.New(rest.Config{
		Broker:    a.broker,
		Keys:      a.keys,
		Operators: operatorLinks{a},
		Links:     a.links,
		Agents:    a.agents,
		Custody:   rest.Custody{Keyring: keyringDesk{a.keyring, a}, Backups: backupDesk{a}, Audit: a.audit, Restored: a.broker},
		Desired:   rest.Desired{Applier: desired.Applier{Domain: a.broker}, Applied: a.applied},
		Engine:    engine,
		Proxy:     proxy.New(engine, rest.WriteError),
		Web: web.New(web.Config{
			Flows:     a.broker,
			Domain:    console.Domain{Connections: a.broker, Grants: a.broker, Catalogue: a.broker, Keys: a.keys, Calls: engine, Links: a.links, Custody: console.Custody{Trail: a.audit, Keyring: keyringDesk{a.keyring, a}}},
			Links:     a.links,
			Agents:    a.agents,
			Writer:    a.broker,
			Network:   discovery.New(out.Client(tokenRequestLimit), a.config.Now),
			Operators: a.operators,
			Acted:     a.acted,
			OpenID:    a.config.openID(out.Client(tokenRequestLimit)),
			PublicURL: a.config.PublicURL,
			Brand:     brand,
			Now:       a.config.Now,
			Log:       a.config.Log,
		}),
		Version: a.config.Version,
		Log:     a.config.Log,
		Ready:   a.ready,
	})
}

// Handler is what listens on the network: it asks every caller for a key.
func (a *App) Handler() http.Handler { return a.handler }

// OperatorHandler is the same for whoever may open the data directory.
func (a *App) OperatorHandler() http.Handler { return rest.AsOperator(a.handler) }

// RedirectURI is the one to register at every provider.
func (a *App) RedirectURI() string { return a.broker.RedirectURI() }

// ready reports whether the database answers and takes what there is to write:
// a full disk can still be read.
func (a *App) ready(ctx context.Context) error {
	if err := a.unwritten.Load(); err != nil {
		return *err
	}
	return a.store.Ping(ctx)
}

// Close waits for renewals in progress, as long as the context lets it, writes
// what is buffered and closes the database.
func (a *App) Close(ctx context.Context) error {
	err := a.broker.Close(ctx) // renewals may lead through agents
	a.agents.Close(ctx)
	return errors.Join(err, a.keys.Flush(ctx), a.audit.Flush(ctx), a.keepMark(ctx), a.closeStore())
}

func (a *App) closeStore() error {
	if a.store == nil {
		return nil
	}
	return a.store.Close()
}

// readProviders lays the operator's files over what is built in.
func readProviders(dir string) (*catalog.Catalog, error) {
	providers, err := catalog.BuiltIn()
	if err != nil || dir == "" {
		return providers, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fault.Wrap(err, api.CodeNeedsConfiguration, "the providers directory %s is not there", dir).
			WithHint("set --providers-dir or VALETKEY_PROVIDERS_DIR to a directory with *.yaml files")
	}
	return providers.WithDirectory(dir, os.DirFS(dir))
}

func makeDataDir(dir string) error {
	if dir == "" {
		return fault.New(api.CodeNeedsConfiguration, "no data directory is set").
			WithHint("set VALETKEY_DATA or --data DIR")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(err, api.CodeNeedsConfiguration, "cannot make the data directory %s: %s", dir, reason(err)).
			WithHint("choose a directory of yours with --data DIR or VALETKEY_DATA")
	}
	return nil
}
