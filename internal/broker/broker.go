package broker

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/authorize"
	"github.com/valetkey/valetkey/internal/backoff"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/onbehalf"
	"github.com/valetkey/valetkey/internal/recall"
	"github.com/valetkey/valetkey/internal/registration"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/internal/tokendir"
)

// Config is what a Broker is made of. Store, Keyring, HTTP, Catalog and
// PublicURL are required.
type Config struct {
	Store         ledger.Store
	Keyring       arrangement.Sealer
	HTTP          arrangement.Doer
	Catalog       *catalog.Catalog
	PublicURL     string                                     // what the browser sees; the callback lies under it
	ReturnOrigins []string                                   // origins a flow may return to, besides the public URL's
	Now           func() time.Time                           // default time.Now
	Sleep         func(context.Context, time.Duration) error // default: a timer
	// Process names this process to others, and Gone tells of such a name that
	// its process has ended; see package process. Without them a lease that a
	// killed process held is waited for.
	Process     string
	Gone        func(process string) bool
	Rand        io.Reader              // default crypto/rand
	AllowGrants []string               // grants that need the operator's leave and have it; see arrangement.Unsafe
	TokenFiles  arrangement.TokenFiles // default: none are kept
	ClientAccess
	Log *slog.Logger // default: discards
}

// ClientAccess is what clients reach besides the store to authenticate.
type ClientAccess struct {
	Outside clientauth.Outside                          // what they read at each use; zero: nothing can be read
	Showing func(pair []byte) (arrangement.Doer, error) // HTTP with a client certificate in PEM; nil: none can be shown
}

// Broker is the domain: it holds no connection state of its own beyond a
// bounded cache, and may run beside others on the same store.
type Broker struct {
	Config
	*authorize.Flows
	*registration.Registrar
	desk      *arrangement.Desk
	catalog   atomic.Pointer[catalog.Catalog]
	snapshots *recall.Cache[*snapshot]
	targets   *recall.Cache[*target.Target] // by client: what many connections have in common
	flights   singleflight.Group
	onBehalves
	used       usage
	backoff    backoff.Backoff
	background sync.WaitGroup
	steps      steps
}

// onBehalves is what is in memory of calls that are made for users.
type onBehalves struct {
	behalf   *onbehalf.Cache[*Credential]
	behalves atomic.Int64 // the generations of what is in it
}

// New makes a Broker and loads the user's providers.
func New(ctx context.Context, cfg Config) (*Broker, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sleep == nil {
		cfg.Sleep = sleep
	}
	if cfg.TokenFiles == nil {
		cfg.TokenFiles = tokendir.Dirs{}
	}
	if cfg.Gone == nil {
		cfg.Gone = func(string) bool { return false }
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || public.Host == "" || (public.Scheme != "http" && public.Scheme != "https") || public.RawQuery != "" || public.Fragment != "" {
		return nil, fault.New(api.CodeNeedsConfiguration, "the public URL %q is not an http or https address", cfg.PublicURL).
			WithHint("set VALETKEY_PUBLIC_URL to what the browser sees, such as https://valetkey.example.com")
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	b := &Broker{Config: cfg, snapshots: recall.New[*snapshot](maxSnapshots), targets: recall.New[*target.Target](maxTargets)}
	b.behalf = onbehalf.NewCache[*Credential](cfg.Now)
	b.desk = &arrangement.Desk{
		Store:       cfg.Store,
		Keyring:     cfg.Keyring,
		HTTP:        cfg.HTTP,
		Servers:     discovery.New(cfg.HTTP, cfg.Now),
		Describe:    b.Provider,
		RedirectURI: b.RedirectURI(),
		Now:         cfg.Now,
		Rand:        cfg.Rand,
		Outside:     cfg.Outside,
		Supply:      arrangement.Supply{AllowGrants: cfg.AllowGrants, TokenFiles: cfg.TokenFiles, TokenOf: b.subjectToken},
		Showing:     cfg.Showing,
		Log:         cfg.Log,
		Forget:      b.forget,
	}
	b.Registrar = registration.New(b.desk, cfg.PublicURL)
	b.Flows = authorize.New(b.desk, cfg.PublicURL, cfg.ReturnOrigins)
	return b, b.loadProviders(ctx)
}

// RedirectURI is the one to register at every provider.
func (b *Broker) RedirectURI() string { return b.PublicURL + "/oauth/callback" }

// Close waits for the renewals that were started, so that none is lost, and
// writes what is buffered. The context bounds the wait.
func (b *Broker) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { b.background.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return b.Flush(ctx)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
