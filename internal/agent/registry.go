package agent

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/tunnel"
)

// Agent is an agent as it is kept.
type Agent struct {
	Name        string
	Hash        [sha256.Size]byte // of the token
	Prefix      string            // of the token
	Description string
	Hosts       []string
	Instance    string   // the run of its program that counts; "": none yet
	Former      []string // runs that were replaced
	CreatedAt   time.Time
}

// Tunnel is a tunnel as its node writes it down.
type Tunnel struct {
	Agent, Node, Instance string
	Version, Address      string
	Allow                 []string
	ConnectedAt, SeenAt   time.Time
}

// Store keeps agents and tunnels; agents.Desk does. Its errors are those of
// package ledger.
type Store interface {
	Roll
	Log
}

// Roll is the agents.
type Roll interface {
	CreateAgent(ctx context.Context, a Agent) error // ErrExists when the name is taken
	Agents(ctx context.Context) ([]Agent, error)
	DeleteAgent(ctx context.Context, name string) error // ErrNotFound
	// ClaimAgent makes a run the one that counts and reports whether it was not
	// before. ErrStale: it was replaced, ErrNotFound.
	ClaimAgent(ctx context.Context, name, instance string) (taken bool, err error)
}

// Log is the tunnels of all nodes.
type Log interface {
	SaveTunnel(ctx context.Context, t Tunnel) error
	DropTunnel(ctx context.Context, t Tunnel) error // not a later one
	Tunnels(ctx context.Context) ([]Tunnel, error)
	PruneTunnels(ctx context.Context, since time.Time) error
}

// Config is what a [Registry] is made of. Store, Hub and Node are required.
type Config struct {
	Store   Store
	Hub     *tunnel.Hub
	Node    string                     // this process
	Version string                     // of this program
	Speaks  tunnel.Protocol            // default [tunnel.Spoken]
	Note    func(entry api.AuditEntry) // writes to the audit trail; default: nothing is noted
	Now     func() time.Time           // default [time.Now]
	Rand    io.Reader                  // default crypto/rand
	Logger  *slog.Logger               // default: discards
}

// Registry is the agents. It is safe for concurrent use.
type Registry struct {
	Config
	table   atomic.Pointer[table]
	serving sync.WaitGroup
}

// table is what requests are judged by. It is replaced, never changed.
type table struct {
	byHash map[[sha256.Size]byte]Agent
	byName map[string]Agent
}

// New reads the agents of a store.
func New(ctx context.Context, config Config) (*Registry, error) {
	r := &Registry{Config: config.withDefaults()}
	r.Hub.Absent = r.Absent
	return r, r.Reload(ctx)
}

// namePattern is what can be the name of an agent. "tunnel" is the path of tunnels.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// hostPattern is a name of hosts, which may begin with "*.".
var hostPattern = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?$`)

func check(spec api.AgentSpec) error {
	if !namePattern.MatchString(spec.Name) || spec.Name == "tunnel" {
		return fault.New(api.CodeInvalid, "%q cannot be the name of an agent", clip(spec.Name)).
			WithHint("use up to 63 small letters, digits, dots, dashes and underscores, beginning with a letter or digit; tunnel is taken")
	}
	if len(spec.Description) > 500 {
		return fault.New(api.CodeInvalid, "the description is longer than 500 bytes")
	}
	for _, host := range spec.Hosts {
		if !hostPattern.MatchString(host) {
			return fault.New(api.CodeInvalid, "%q cannot be the name of a host", clip(host)).
				WithHint("write the name alone, such as sso.contoso.internal or *.contoso.internal, without https:// and without a port")
		}
	}
	return nil
}

// clip shortens what a caller wrote before it is shown back.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// Add makes an agent and returns it with its token, which is shown this once. A
// name that is taken is an [api.CodeConflict].
func (r *Registry) Add(ctx context.Context, spec api.AgentSpec) (api.NewAgent, error) {
	if err := check(spec); err != nil {
		return api.NewAgent{}, err
	}
	token, err := newToken(r.Rand)
	if err != nil {
		return api.NewAgent{}, err
	}
	a := Agent{
		Name: spec.Name, Description: spec.Description, Hash: sha256.Sum256([]byte(token)), Prefix: token[:shown], CreatedAt: r.Now().UTC(),
	}
	for _, host := range spec.Hosts {
		a.Hosts = append(a.Hosts, strings.ToLower(host))
	}
	err = r.Store.CreateAgent(ctx, a)
	if errors.Is(err, ledger.ErrExists) {
		return api.NewAgent{}, fault.Wrap(err, api.CodeConflict, "there is an agent named %q already", a.Name).
			WithHint("choose another name, or end the old one first: valetkey agent remove %s", a.Name)
	}
	if err != nil {
		return api.NewAgent{}, fmt.Errorf("add agent: %w", err)
	}
	return api.NewAgent{Agent: r.wire(a, nil), Token: api.Secret(token)}, r.Reload(ctx)
}

// List returns all agents by name, with the tunnels that stand on any node.
func (r *Registry) List(ctx context.Context) ([]api.Agent, error) {
	kept, err := r.Store.Agents(ctx)
	if err != nil {
		return nil, fmt.Errorf("list agents: %w", err)
	}
	standing, err := r.standing(ctx)
	if err != nil {
		return nil, fmt.Errorf("list tunnels: %w", err)
	}
	all := make([]api.Agent, 0, len(kept))
	for _, a := range kept {
		all = append(all, r.wire(a, standing))
	}
	return all, nil
}

// standing are the tunnels of all nodes that were seen lately.
func (r *Registry) standing(ctx context.Context) ([]Tunnel, error) {
	all, err := r.Store.Tunnels(ctx)
	gone := r.Now().Add(-forgotten)
	return slices.DeleteFunc(all, func(t Tunnel) bool { return t.SeenAt.Before(gone) }), err
}

// Remove ends an agent: its token opens no tunnel any more, and its tunnels end.
func (r *Registry) Remove(ctx context.Context, name string) error {
	err := r.Store.DeleteAgent(ctx, name)
	if errors.Is(err, ledger.ErrNotFound) {
		return fault.Wrap(err, api.CodeNotFound, "there is no agent named %q", clip(name)).WithHint("valetkey agent list")
	}
	if err != nil {
		return fmt.Errorf("remove agent: %w", err)
	}
	r.Hub.Remove(name)
	return r.Reload(ctx)
}

// Reload reads the agents again, and ends tunnels that should not stand any more.
func (r *Registry) Reload(ctx context.Context) error {
	kept, err := r.Store.Agents(ctx)
	if err != nil {
		return fmt.Errorf("reload agents: %w", err)
	}
	next := &table{byHash: make(map[[sha256.Size]byte]Agent, len(kept)), byName: make(map[string]Agent, len(kept))}
	for _, a := range kept {
		next.byHash[a.Hash], next.byName[a.Name] = a, a
	}
	r.table.Store(next)
	for _, present := range r.Hub.Online() {
		if a, known := next.byName[present.Agent]; known {
			r.Hub.Fence(a.Name, a.Instance)
		} else {
			r.Hub.Remove(present.Agent)
		}
	}
	return nil
}

// Through are the agents that lead to a host; none: it is reached directly.
func (r *Registry) Through(host string) []string {
	host = strings.ToLower(host)
	var through []string
	for _, a := range r.table.Load().byName {
		if slices.ContainsFunc(a.Hosts, func(entry string) bool {
			below, wild := strings.CutPrefix(entry, "*")
			return entry == host || wild && strings.HasSuffix(host, below)
		}) {
			through = append(through, a.Name)
		}
	}
	slices.Sort(through)
	return through
}

// wire shows an agent without what would let anyone be it.
func (r *Registry) wire(a Agent, standing []Tunnel) api.Agent {
	shown := api.Agent{
		AgentSpec: api.AgentSpec{Name: a.Name, Description: a.Description, Hosts: a.Hosts},
		State:     api.AgentOffline, Prefix: a.Prefix, CreatedAt: a.CreatedAt, Tunnels: []api.AgentTunnel{},
	}
	for _, t := range standing {
		if t.Agent != a.Name {
			continue
		}
		shown.State = api.AgentOnline
		shown.Tunnels = append(shown.Tunnels, api.AgentTunnel{
			Node: t.Node, Here: t.Node == r.Node, Version: t.Version, Address: t.Address, Allow: append([]string{}, t.Allow...),
			ConnectedAt: t.ConnectedAt, LastSeenAt: t.SeenAt,
		})
	}
	return shown
}
