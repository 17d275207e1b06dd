package app

import (
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/egress"
	"github.com/valetkey/valetkey/internal/fault"
)

// DefaultListen is where the server listens unless told otherwise.
const DefaultListen = "127.0.0.1:8539"

// Config is all that a server is made of. DataDir is required.
type Config struct {
	DataDir       string
	Database      string           // postgres://…; default: SQLite in DataDir
	Listen        string           // default DefaultListen
	PublicURL     string           // default: the listen address, over http
	AllowPrivate  string           // ranges that outgoing requests may reach; see egress.ParseRanges
	ReturnOrigins []string         // origins a flow may return to
	ProvidersDir  string           // the operator's own descriptions, *.yaml; "" for none
	OpenID        OpenIDConfig     // operators may sign in with it
	Version       api.Version      // what /v1/version answers
	Now           func() time.Time // default time.Now
	Log           *slog.Logger     // default: discards
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + c.Listen
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

func badListen(listen string, err error) error {
	return fault.Wrap(err, api.CodeNeedsConfiguration, "cannot listen on %s: %s", listen, reason(err)).
		WithHint("another program may be there: stop it, or choose another address with --listen HOST:PORT or VALETKEY_LISTEN")
}
