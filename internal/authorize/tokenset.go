package authorize

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// SaveSets saves the further tokens of an answer, each in a connection of its
// own beside the first: what slack is given as user becomes slack.user. From
// then on each renews itself. One that cannot be saved is told as an event: the
// first token, which is saved by now, is good without it.
func (f *Flows) SaveSets(ctx context.Context, first arrangement.Arrangement, token oauth.Token) {
	for _, name := range slices.Sorted(maps.Keys(token.Sets)) {
		err := f.saveSet(ctx, first, name, token.Sets[name])
		if err == nil {
			continue
		}
		f.desk.Log.Warn("a further token is not saved", slog.String("connection", first.Connection.Name), slog.String("token_set", name), slog.Any("error", err))
		f.desk.Note(ctx, f.desk.Event(first.Connection.Name, ledger.EventDenied, map[string]string{
			"code": string(fault.As(err).Code), "title": "the token set " + name + " was not saved: " + fault.As(err).Message,
		}))
	}
}

func (f *Flows) saveSet(ctx context.Context, first arrangement.Arrangement, set string, token oauth.Token) error {
	name := first.SetConnection(set)
	there, err := f.desk.Store.Connection(ctx, name)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		if err := f.desk.Store.PutConnection(ctx, f.connectionOfSet(first, name, set)); err != nil {
			return err
		}
	case err != nil:
		return err
	case there.Spec.Client != first.Connection.Spec.Client || there.Spec.TokenSet != set:
		return fault.New(api.CodeConflict, "the connection %q is another one", name).
			WithHint("rename it, or give it the client %s and token_set: %s", first.Connection.Spec.Client, set)
	}
	a, err := f.desk.Arrange(ctx, name)
	if err != nil {
		return err
	}
	return f.saveAuthorized(ctx, a, origin{}, token)
}

// connectionOfSet is the first's without what was asked for in its name: its
// scopes are those of the first token.
func (f *Flows) connectionOfSet(first arrangement.Arrangement, name, set string) ledger.Connection {
	now, spec := f.desk.Now(), first.Connection.Spec
	spec.Description = "the token " + set + " of " + first.Connection.Name
	spec.Scopes, spec.TokenFile = nil, ""
	spec.TokenSet = set
	return ledger.Connection{Name: name, Spec: spec, State: api.StateNew, CreatedAt: now, UpdatedAt: now}
}
