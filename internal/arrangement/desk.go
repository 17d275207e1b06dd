package arrangement

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/clientauth"
	"github.com/valetkey/valetkey/internal/discovery"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
)

// Doer sends a request to an authorization server. It must not follow redirects.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Sealer seals and opens secrets; *secret.Keyring is one.
type Sealer interface {
	Seal(secret.Text, secret.Place) (secret.Sealed, error)
	Open(secret.Sealed, secret.Place) (secret.Text, error)
}

// Desk is where arrangements are made and requests to authorization servers
// leave. Every field is required unless it says otherwise.
type Desk struct {
	Store       ledger.Store
	Keyring     Sealer
	HTTP        Doer
	Servers     *discovery.Servers
	Describe    func(ctx context.Context, provider string) (api.Provider, error)
	RedirectURI string // the one to register at every provider
	Now         func() time.Time
	Rand        io.Reader
	Outside     clientauth.Outside
	Supply
	Nonces
	// Showing is HTTP with a client certificate, given with its key in PEM; nil: none can be shown.
	Showing func(pair []byte) (Doer, error)
	Log     *slog.Logger
	// Forget is called when what is in memory of a connection, or with "" of
	// all of them, is out of date.
	Forget func(connection string)
}

// Supply is what grants take besides the store and the network.
type Supply struct {
	AllowGrants []string // by name, of those that [Unsafe] reports
	TokenFiles  TokenFiles
	// TokenOf gives the access token of another connection.
	TokenOf func(ctx context.Context, connection string) (secret.Text, error)
}

// TokenFiles writes the files that connections keep for other programs;
// tokendir.Dirs is one.
type TokenFiles interface {
	MayWrite(path string) error
	Write(path string, contents []byte) error
}

// Event makes an event of now.
func (d *Desk) Event(connection, kind string, detail map[string]string) ledger.Event {
	return ledger.Event{Connection: connection, At: d.Now(), Kind: kind, Detail: detail}
}

// Note writes an event that goes with no other write. Losing it loses a line
// of history, so it is logged and not returned.
func (d *Desk) Note(ctx context.Context, e ledger.Event) {
	if err := d.Store.AppendEvent(ctx, e); err != nil {
		d.Log.Warn("event not written", slog.String("connection", e.Connection), slog.String("kind", e.Kind), slog.Any("error", err))
	}
}

// ParkClient keeps why the provider refuses a client: one broken client is not
// many broken connections, and their grants stay. A nil cause ends it.
func (d *Desk) ParkClient(ctx context.Context, client string, cause *api.Cause) error {
	d.Forget("")
	return d.Store.SetClientCause(ctx, client, cause, d.Now())
}
