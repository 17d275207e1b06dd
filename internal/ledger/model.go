package ledger

import (
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/secret"
)

// Client is our registration at a provider.
type Client struct {
	Name                    string
	Description             string
	Provider                string
	Variables               map[string]string
	ClientID                string
	Secret                  secret.Sealed // what it authenticates with, see package clientauth; nil: nothing
	TokenEndpointAuthMethod string        // "": the provider's
	AllowedHosts            []string
	Cause                   *api.Cause // why the provider refuses it; nil when it does not
	Learned                 Learned
	Registration            secret.Sealed // how it was registered, see package registration; nil: by hand
	CreatedAt, UpdatedAt    time.Time
}

// Learned is what requests showed of how a client must authenticate. It holds
// as long as nothing of the client is written.
type Learned struct {
	Method   string    `json:"method,omitempty"` // "": nothing was learned, or nothing had to be
	MethodAt time.Time `json:"method_at,omitzero"`
	Secret   int       `json:"secret,omitempty"`   // which secret the server takes, from 0
	SecretAt time.Time `json:"secret_at,omitzero"` // zero: not known
}

// Connection is one grant under a client, and how to call the API with it.
type Connection struct {
	Name                 string
	Spec                 api.ConnectionSpec
	State                api.State
	Cause                *api.Cause
	Account              string            // who authorized, as package account writes it; "" when unknown
	Captured             map[string]string // variables that the provider's answers brought; never a secret
	LastUsedAt           time.Time         // zero: never
	LastRefreshedAt      time.Time         // zero: never
	AuthorizedAt         time.Time         // when the grant began; zero: unknown
	ProofKey             secret.Sealed     // what its tokens are bound to (RFC 9449); nil: nothing was bound yet
	CreatedAt, UpdatedAt time.Time
	CurrentSet
}

// CurrentSet is what a connection shows of its current token set; zero without one.
type CurrentSet struct {
	Generation       int64
	ExpiresAt        time.Time
	RefreshExpiresAt time.Time
	Renewable        bool
	GrantedScopes    []string
}

// Owner is the account that the connection belongs to. A connection without
// tokens, such as a revoked one, belongs to nobody.
func (c Connection) Owner() string {
	if c.Generation == 0 {
		return ""
	}
	return c.Account
}

// TokenSet is one generation of a connection's tokens.
type TokenSet struct {
	Connection       string
	Generation       int64         // 1 for the first, then one more each
	AccessToken      secret.Sealed // at TokenPlace(…, "access_token")
	RefreshToken     secret.Sealed // at TokenPlace(…, "refresh_token"); nil: none
	TokenType        string
	Scope            []string
	ObtainedAt       time.Time
	ExpiresAt        time.Time // zero: unknown
	RefreshExpiresAt time.Time // zero: unknown
}

// Flow is an authorization in progress.
type Flow struct {
	ID               string
	Connection       string
	StateHash        []byte        // SHA-256 of the state parameter
	Verifier         secret.Sealed // PKCE verifier, and the key of the browser binding
	AuthorizationURL secret.Sealed // it holds the state; by device: the device code, see package authorize
	Issuer           string        // recorded at the start (RFC 9207 section 2.4)
	TokenEndpoint    string        // recorded at the start (RFC 9700 section 4.4)
	RedirectURI      string        // "": by device, no browser comes back
	ReturnTo         string
	Status           api.FlowStatus
	Cause            *api.Cause
	TakenAt          time.Time // zero until a callback takes it
	CreatedAt        time.Time
	ExpiresAt        time.Time
}

// ByDevice tells the two kinds of flow apart: no browser comes back to us.
func (f Flow) ByDevice() bool { return f.RedirectURI == "" }

// Event kinds.
const (
	EventAuthorized    = "authorized"
	EventRefreshed     = "refreshed"
	EventRefreshFailed = "refresh_failed"
	EventRefused       = "refused"       // the API refused the token
	EventRetried       = "retried"       // a call was sent again, or waited for the API's limits
	EventStepUp        = "step_up"       // the API wants what only a person can give
	EventDenied        = "denied"        // an authorization failed or was refused
	EventConsented     = "admin_consent" // an administrator allowed the client in an organisation
	EventRevoked       = "revoked"
	EventChanged       = "changed"           // its settings were written
	EventFileFailed    = "token_file_failed" // the file that is kept in step could not be written
)

// Event is something that happened to a connection.
type Event struct {
	ID         int64
	Connection string
	At         time.Time
	Kind       string
	Detail     map[string]string // never a secret
}
