package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/secret"
)

// Errors every store returns, so that callers may compare with [errors.Is].
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrStale    = errors.New("changed meanwhile") // a compare-and-swap lost
	ErrInUse    = errors.New("in use")            // something else still refers to it
)

// Page selects a part of a list ordered by name.
type Page struct {
	After string // names greater than this; "" from the start
	Limit int    // at most this many; 0: all
}

// Store is all that the broker keeps. Each part is used by the file of its
// noun. Every write is durable when it returns.
type Store interface {
	ProviderStore
	ClientStore
	GrantStore
	ProofKeyStore
	SettingStore
	Atomic
}

// Atomic is a store that can do many things as one.
type Atomic interface {
	// Atomically runs do; what it writes with the context it is given is there
	// as a whole when do returns nil, and not at all otherwise. Do runs once.
	Atomically(ctx context.Context, do func(ctx context.Context) error) error
}

// GrantStore keeps what belongs to a connection, and goes with it.
type GrantStore interface {
	ConnectionStore
	ConnectionCounter
	TokenStore
	FlowStore
	EventStore
	ScheduleStore
}

// ProviderStore keeps the user's own providers. The document is the
// provider's JSON; its Name and BuiltIn are not part of it.
type ProviderStore interface {
	PutProvider(ctx context.Context, name string, document []byte, now time.Time) error
	Providers(ctx context.Context) (map[string][]byte, error)
	DeleteProvider(ctx context.Context, name string) error // ErrNotFound, ErrInUse (by a client)
}

// ClientStore keeps clients.
type ClientStore interface {
	PutClient(ctx context.Context, c Client) error // inserts or replaces; CreatedAt of an existing row stays
	Client(ctx context.Context, name string) (Client, error)
	Clients(ctx context.Context, page Page) ([]Client, error)
	SetClientCause(ctx context.Context, name string, cause *api.Cause, now time.Time) error
	// SetClientLearned writes what was learned of a client as it was read, c: ErrStale when it was
	// written since.
	SetClientLearned(ctx context.Context, c Client, learned Learned) error
	DeleteClient(ctx context.Context, name string) error // ErrNotFound, ErrInUse (by a connection)
}

// StateChange moves a connection to a state, with its cause.
type StateChange struct {
	State api.State
	Cause *api.Cause // nil clears it
	// Captured replaces the connection's captured variables where SetState
	// writes the change; nil leaves them.
	Captured map[string]string
}

// ConnectionFilter selects connections; zero fields select all.
type ConnectionFilter struct {
	Page
	Client string
	State  api.State
	Search ConnectionSearch
	Order  ConnectionOrder
	// AfterAt goes with Page.After where Order is not by name: the time, in the
	// order's column, of the connection that After names.
	AfterAt time.Time
}

// ConnectionSearch narrows a list; zero fields do not.
type ConnectionSearch struct {
	Provider string            // of the client
	Text     string            // a part of the name or account; ASCII letters match in either case
	Tags     map[string]string // all of them, with these values
}

// ConnectionOrder is how a list of connections is sorted.
type ConnectionOrder string

// The orders of connections. Those by time are tied by name.
const (
	ByName          ConnectionOrder = ""
	ByLastUse       ConnectionOrder = "last_used"       // the latest first
	ByLastRefresh   ConnectionOrder = "last_refreshed"  // the latest first
	ByRefreshExpiry ConnectionOrder = "refresh_expires" // the next first; only those whose refresh token is known to expire
)

// ConnectionCounter says how many connections there are of each state.
type ConnectionCounter interface {
	CountConnections(ctx context.Context) (map[api.State]int, error)
}

// ConnectionStore keeps connections. The token fields of a Connection
// (Generation to GrantedScopes) are read from its current token set and never
// written here.
type ConnectionStore interface {
	// PutConnection inserts a connection or replaces its Spec, State, Cause and UpdatedAt.
	PutConnection(ctx context.Context, c Connection) error
	Connection(ctx context.Context, name string) (Connection, error)
	Connections(ctx context.Context, filter ConnectionFilter) ([]Connection, error)
	// SetState changes the state with its event, in one transaction, provided that the
	// current generation (0: none) is still the given one: else ErrStale. What was judged of a
	// token set says nothing about its successor, nor about a connection that was revoked.
	SetState(ctx context.Context, name string, generation int64, change StateChange, event Event) error
	// TouchConnections records when connections were last used.
	TouchConnections(ctx context.Context, usedAt map[string]time.Time) error
	// DeleteConnection removes the connection with its token sets, flows and events.
	DeleteConnection(ctx context.Context, name string) error
}

// ProofKeyStore keeps what the tokens of connections are bound to (RFC 9449).
type ProofKeyStore interface {
	// KeepProofKey writes the connection's proof key, unless it has one, and returns the one it has then.
	// It goes with the token sets: DropTokenSets forgets it.
	KeepProofKey(ctx context.Context, connection string, key secret.Sealed) (secret.Sealed, error)
}

// LeaseRequest asks for the right to renew a connection's token set.
type LeaseRequest struct {
	Connection string
	Owner      string // unique to the process and attempt
	Gone       string // an owner known to have ended: its lease counts as over
	Generation int64  // of the token set to be renewed; 0: there is none yet
	Now        time.Time
	TTL        time.Duration
}

// Lease is the right to renew one connection for a while, and the journal of
// what was begun under it.
type Lease struct {
	Connection string
	Owner      string
	Fence      int64 // grows with every lease of the connection
	ExpiresAt  time.Time
	Attempt
}

// Attempt is a renewal that was begun. It stays open until its outcome is
// known: a process that ends in between leaves it for the next one to find.
type Attempt struct {
	Generation int64         // of the token set that was to be renewed
	Tries      int64         // how often that was begun without a known outcome, this time included
	BegunAt    time.Time     // the first of these times
	Salvage    secret.Sealed // an answer that could not be read, at SalvagePlace; nil: none
}

// TokenStore keeps token sets and the leases that guard their renewal.
type TokenStore interface {
	// TokenSet returns the current generation, or ErrNotFound.
	TokenSet(ctx context.Context, connection string) (TokenSet, error)
	// PreviousTokenSets returns older generations, newest first.
	PreviousTokenSets(ctx context.Context, connection string) ([]TokenSet, error)
	// SaveTokenSet saves set as generation set.Generation with the connection's new state, account and
	// event in one transaction, provided that the current generation is set.Generation-1 (0: none) and,
	// when fence is not 0, that no lease with a higher fence was given; else ErrStale. It keeps the
	// newest keep older generations.
	SaveTokenSet(ctx context.Context, save TokenSave) error
	// DropTokenSets forgets all generations and what was captured with them (revocation), with the
	// connection's new state and event.
	DropTokenSets(ctx context.Context, connection string, change StateChange, event Event) error
	// AcquireLease gives the lease until Now+TTL, with a higher fence than ever before, when nobody holds an
	// unexpired one, and journals the attempt in the same write: an open attempt at the same generation goes
	// on, with one more try, any other is forgotten. ok is false, with the holder's lease, when somebody holds it.
	AcquireLease(ctx context.Context, request LeaseRequest) (lease Lease, ok bool, err error)
	// ReleaseLease ends the lease if its owner and fence still hold it, and leaves the lease's attempt open as
	// it stands there; one with zero Tries is closed.
	ReleaseLease(ctx context.Context, lease Lease) error
}

// TokenSave is one write of a token set with all that goes with it.
type TokenSave struct {
	Set     TokenSet
	Fence   int64 // of the lease held; 0: none is needed (a first authorization)
	Last    bool  // the lease ends with this save, its attempt closed
	Change  StateChange
	Account string // "" leaves the account as it is
	// Captured replaces the connection's captured variables; nil leaves them.
	Captured map[string]string
	Keep     int       // older generations to keep
	DueAt    time.Time // when the sweeper looks at the connection next; zero: never
	Event    Event
}

// FlowStore keeps flows.
type FlowStore interface {
	CreateFlow(ctx context.Context, f Flow) error
	Flow(ctx context.Context, id string) (Flow, error)
	FlowByState(ctx context.Context, stateHash []byte) (Flow, error)
	// TakeFlow marks a pending flow as taken, once: ErrStale when it was taken before.
	TakeFlow(ctx context.Context, id string, now time.Time) error
	FinishFlow(ctx context.Context, id string, status api.FlowStatus, cause *api.Cause) error
	// DeleteFlows removes the flows that expired before the instant.
	DeleteFlows(ctx context.Context, before time.Time) error
}

// Due is a connection whose time has come.
type Due struct {
	Connection string
	Client     string
	Generation int64
}

// ScheduleStore keeps when each connection is looked at next.
type ScheduleStore interface {
	// ClaimDue returns at most limit connections that are due, the earliest of them, and puts each off
	// until the given instant, so that no other process is given it before.
	ClaimDue(ctx context.Context, now, until time.Time, limit int) ([]Due, error)
	// PutOff sets when a connection is looked at next (zero: never), unless it has another generation by now.
	PutOff(ctx context.Context, connection string, generation int64, at time.Time) error
	// PutOffAll is PutOff for many, in one write.
	PutOffAll(ctx context.Context, due []Due, at time.Time) error
}

// EventStore keeps events.
type EventStore interface {
	AppendEvent(ctx context.Context, e Event) error
	// Events returns events newest first, with an ID below before (0: the newest).
	Events(ctx context.Context, connection string, before int64, limit int) ([]Event, error)
}

// SettingStore keeps a few sealed values of the installation itself.
type SettingStore interface {
	Setting(ctx context.Context, name string) (secret.Sealed, error) // ErrNotFound
	// CreateSetting writes a setting that does not exist; ErrExists when it does.
	CreateSetting(ctx context.Context, name string, value secret.Sealed) error
}
