package app

import (
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/sweeper"
	"github.com/valetkey/valetkey/internal/tokendir"
	"github.com/valetkey/valetkey/oauth"
)

// DefaultListen is where the server listens unless told otherwise.
const DefaultListen = "127.0.0.1:8539"

// Config is all that a server is made of. DataDir is required.
type Config struct {
	DataDir       string
	Database      string   // postgres://…; default: SQLite in DataDir
	Listen        string   // default DefaultListen
	PublicURL     string   // default: the listen address, over http
	AllowPrivate  string   // ranges that outgoing requests may reach; see egress.ParseRanges
	ReturnOrigins []string // origins a flow may return to
	ProvidersDir  string   // the operator's own descriptions, *.yaml; "" for none
	Leaves
	Custody
	Installation
	Sweep  string           // tokens are renewed ahead of need: "16" at once for each provider, "16,50" and at most 50 a second, "off"
	OpenID OpenIDConfig     // operators may sign in with it
	Proc   fs.FS            // what the kernel says of processes; default /proc
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default: discards
}

// Custody is how what is kept is guarded, and how long it is kept.
type Custody struct {
	MasterKey MasterKeyConfig // the key that seals the keyring
	Keep      KeepConfig      // how long what happened is kept
	Apply     ApplyConfig     // files that are applied at the start and when they change
}

// Leaves is what the operator lets settings do beyond what is safe for anybody
// to write over the network. Lists have commas between them.
type Leaves struct {
	AllowCommand string // programs that a token or an assertion may come from: absolute paths
	AllowGrants  string // grants that OAuth's security practice advises against: password, implicit
	TokenFiles   string // directories in which connections may keep token files
	// OutboundProxy is the proxy of all requests; see egress.ReadOutbound.
	OutboundProxy string
	Alone         bool // no server: a user's command on their own data may write wherever the user may
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// tokenDirs are where token files may be.
func (c Config) tokenDirs() tokendir.Dirs {
	return tokendir.Dirs{Any: c.Alone, Allowed: list(c.TokenFiles)}
}

// grants are those that need leave and have it.
func (c Config) grants() ([]string, error) {
	allowed := list(c.AllowGrants)
	for _, name := range allowed {
		if !arrangement.Unsafe(oauth.GrantType(name)) {
			return nil, fault.New(api.CodeNeedsConfiguration, "the setting allow_grants names %q, which needs no leave or is no grant", name).
				WithHint("--allow-grants takes password and implicit, with a comma between them")
		}
	}
	return allowed, nil
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
	}
	if c.Proc == nil {
		c.Proc = os.DirFS("/proc")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// ranges are the address ranges that outgoing requests may reach besides
// public ones. A server that listens on loopback alone serves one machine and
// may reach what that machine reaches; any other must be told.
func (c Config) ranges() ([]netip.Prefix, error) {
	if c.AllowPrivate == "" && loopbackOnly(c.Listen) {
		return egress.ParseRanges("loopback,private")
	}
	return egress.ParseRanges(c.AllowPrivate)
}

// egress is how requests go out.
func (c Config) egress(agents egress.Agents) (*egress.Egress, error) {
	ranges, err := c.ranges()
	if err != nil {
		return nil, err
	}
	outbound, err := egress.ReadOutbound(c.OutboundProxy, os.Getenv)
	if err != nil {
		return nil, err
	}
	return egress.New(egress.Config{AllowPrivate: ranges, Outbound: outbound, Agents: agents}), nil
}

func loopbackOnly(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// sweepLimits reads the setting Sweep; ok is false where nothing is swept.
func (c Config) sweepLimits() (limits sweeper.Limits, ok bool, err error) {
	limits = sweeper.Limits{Concurrency: 16, Rate: 50}
	switch c.Sweep {
	case "":
		return limits, true, nil
	case "off":
		return limits, false, nil
	}
	atOnce, perSecond, paced := strings.Cut(c.Sweep, ",")
	if limits.Concurrency, err = strconv.Atoi(atOnce); err == nil && paced {
		var pace uint64
		pace, err = strconv.ParseUint(perSecond, 10, 16)
		limits.Rate = rate.Limit(pace)
	}
	if err != nil || limits.Concurrency < 1 {
		return limits, false, fault.New(api.CodeNeedsConfiguration, "the setting sweep is %q", c.Sweep).
			WithHint(`write --sweep 16,50 for 16 renewals at once and 50 a second at each provider (50 left out: 50; 0: any number), or --sweep off`)
	}
	return limits, true, nil
}

func badListen(listen string, err error) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "cannot listen on %s: %s", listen, reason(err)).
		WithHint("another program may be there: stop it, or choose another address with --listen HOST:PORT or VALETKEY_LISTEN")
}
