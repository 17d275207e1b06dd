package desired

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/manifest"
)

// Domain is what a manifest is carried out with; *broker.Broker is one.
type Domain interface {
	Providers
	Clients
	Connections
	ledger.Atomic
}

// Providers is the catalogue.
type Providers interface {
	Providers(ctx context.Context, words string) ([]api.Provider, error)
	Provider(ctx context.Context, name string) (api.Provider, error)
	PutProviders(ctx context.Context, providers map[string]api.Provider) error
	DeleteProvider(ctx context.Context, name string) error
}

// Clients are the registrations at providers.
type Clients interface {
	Clients(ctx context.Context, page ledger.Page) ([]api.Client, error)
	PutClient(ctx context.Context, name string, spec api.ClientSpec) (created bool, err error)
	DeleteClient(ctx context.Context, name string) error
}

// Connections are grants and how to call with them.
type Connections interface {
	Connections(ctx context.Context, filter ledger.ConnectionFilter) ([]api.Connection, error)
	PutConnection(ctx context.Context, name string, spec api.ConnectionSpec) (created bool, err error)
	DeleteConnection(ctx context.Context, name string) error
}

// Applier makes things as manifests describe them.
type Applier struct{ Domain Domain }

// errDry ends the transaction of a dry run.
var errDry = errors.New("this was a dry run")

// Apply carries out a manifest in one transaction and returns the plan that was
// carried out. The error is that of the first thing that could not be written;
// nothing is changed then.
func (a Applier) Apply(ctx context.Context, m api.Manifest) (plan api.Plan, err error) {
	wanted := manifest.Of(m)
	err = a.Domain.Atomically(ctx, func(ctx context.Context) error {
		current, err := a.state(ctx)
		if err != nil {
			return err
		}
		if err := wanted.Check(current, m.Prune); err != nil {
			return err
		}
		plan = manifest.Make(current, wanted, m.Prune)
		if err := a.carryOut(ctx, wanted, plan); err != nil {
			return err
		}
		if plan.Todo, err = a.todo(ctx, m); err != nil {
			return err
		}
		if m.DryRun {
			return errDry
		}
		return nil
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return plan, err
}

// state is all that a manifest can describe.
func (a Applier) state(ctx context.Context) (s manifest.State, err error) {
	if s.Providers, err = a.Domain.Providers(ctx, ""); err != nil {
		return s, err
	}
	if s.Clients, err = a.Domain.Clients(ctx, ledger.Page{}); err != nil {
		return s, err
	}
	s.Connections, err = a.Domain.Connections(ctx, ledger.ConnectionFilter{})
	return s, err
}

// carryOut does what a plan says, in its order: what others refer to is made
// first and deleted last.
func (a Applier) carryOut(ctx context.Context, wanted manifest.Manifest, plan api.Plan) error {
	providers := make(map[string]api.Provider)
	for _, change := range plan.Changes {
		if change.Kind == manifest.KindProvider && change.Write {
			providers[change.Name] = wanted.Providers[change.Name]
		}
	}
	if len(providers) > 0 {
		if err := a.Domain.PutProviders(ctx, providers); err != nil {
			return err
		}
	}
	for _, change := range plan.Changes {
		if err := a.step(ctx, wanted, change); err != nil {
			return naming(err, change)
		}
	}
	return nil
}

func (a Applier) step(ctx context.Context, wanted manifest.Manifest, change api.Change) (err error) {
	deletes := change.Action == api.ActionDelete
	switch {
	case deletes && change.Kind == manifest.KindConnection:
		err = a.Domain.DeleteConnection(ctx, change.Name)
	case deletes && change.Kind == manifest.KindClient:
		err = a.Domain.DeleteClient(ctx, change.Name)
	case deletes:
		err = a.Domain.DeleteProvider(ctx, change.Name)
	case !change.Write:
	case change.Kind == manifest.KindClient:
		_, err = a.Domain.PutClient(ctx, change.Name, wanted.Clients[change.Name])
	case change.Kind == manifest.KindConnection:
		_, err = a.Domain.PutConnection(ctx, change.Name, wanted.Connections[change.Name])
	}
	return err
}

// naming says of which of many things an error is.
func naming(err error, change api.Change) error {
	found := fault.As(err)
	if found.Code == api.CodeInternal {
		return err
	}
	return &fault.Error{
		Code:    found.Code,
		Message: "the " + change.Kind + " " + change.Name + ": " + found.Message + "; nothing was changed",
		Hint:    found.Hint,
		Cause:   found.Cause,
	}
}

// todo says which of the connections that a manifest names wait for a person.
func (a Applier) todo(ctx context.Context, m api.Manifest) ([]api.Todo, error) {
	if len(m.Connections) == 0 {
		return nil, nil
	}
	current, err := a.state(ctx)
	if err != nil {
		return nil, err
	}
	providerOf := make(map[string]string, len(current.Clients))
	for _, c := range current.Clients {
		providerOf[c.Name] = c.Provider
	}
	there := make(map[string]api.Connection, len(m.Connections))
	for _, c := range current.Connections {
		there[c.Name] = c
	}
	var todo []api.Todo
	for _, name := range slices.Sorted(maps.Keys(m.Connections)) {
		c := there[name]
		provider, err := a.Domain.Provider(ctx, providerOf[c.Client])
		if err != nil {
			return nil, err
		}
		if why := waits(c, provider); why != "" {
			todo = append(todo, api.Todo{Kind: manifest.KindConnection, Name: name, Why: why, Command: "valetkey connect " + name})
		}
	}
	return todo, nil
}

// waits says why a connection waits for a person; "" when it does not.
func waits(c api.Connection, provider api.Provider) string {
	if arrangement.ByItself(arrangement.GrantOf(c.ConnectionSpec, provider), c.ConnectionSpec) {
		return ""
	}
	switch c.State {
	case api.StateNew:
		return "must be authorized"
	case api.StateNeedsAuthorization, api.StateRevoked:
		return "must be authorized again"
	}
	return ""
}
