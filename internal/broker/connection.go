package broker

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/account"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/target"
	"github.com/valetkey/valetkey/oauth"
)

// Connections returns a page of connections, by name.
func (b *Broker) Connections(ctx context.Context, filter ledger.ConnectionFilter) ([]api.Connection, error) {
	found, err := b.Store.Connections(ctx, filter)
	if err != nil {
		return nil, err
	}
	clients := make(map[string]ledger.Client)
	views := make([]api.Connection, len(found))
	for i, c := range found {
		client, seen := clients[c.Spec.Client]
		if !seen {
			if client, err = b.Store.Client(ctx, c.Spec.Client); err != nil && !errors.Is(err, ledger.ErrNotFound) {
				return nil, err
			}
			clients[c.Spec.Client] = client
		}
		views[i] = b.connectionView(c, client)
	}
	return views, nil
}

// Connection returns one connection with its state.
func (b *Broker) Connection(ctx context.Context, name string) (api.Connection, error) {
	c, client, err := b.desk.Load(ctx, name)
	if err != nil {
		return api.Connection{}, err
	}
	return b.connectionView(c, client), nil
}

// PutConnection writes a connection's settings. What it holds of tokens stays,
// unless it moves to another client or grant: those tokens belong to the old one.
func (b *Broker) PutConnection(ctx context.Context, name string, spec api.ConnectionSpec) (created bool, err error) {
	if err := checkName("connection", name); err != nil {
		return false, err
	}
	client, err := b.Store.Client(ctx, spec.Client)
	if err != nil {
		return false, b.unknownClient(err, name, spec.Client)
	}
	provider, err := b.Provider(ctx, client.Provider)
	if err != nil {
		return false, err
	}
	if err := b.checkSpec(ctx, name, spec, client, provider); err != nil {
		return false, err
	}
	old, err := b.Store.Connection(ctx, name)
	created = errors.Is(err, ledger.ErrNotFound)
	if err != nil && !created {
		return false, err
	}
	now := b.Now()
	next := ledger.Connection{Name: name, Spec: spec, State: api.StateNew, CreatedAt: now, UpdatedAt: now}
	switch {
	case created:
	case anotherGrant(old.Spec, spec, provider):
		event := ledger.Event{Connection: name, At: now, Kind: ledger.EventChanged, Detail: map[string]string{"client": spec.Client}}
		if err := b.Store.DropTokenSets(ctx, name, ledger.StateChange{State: api.StateNew}, event); err != nil {
			return false, err
		}
	case old.State == api.StateNeedsConfiguration || old.State == api.StateBlocked:
		// What was wrong may be what was just changed: try again.
		if old.Generation > 0 {
			next.State = api.StateActive
		}
	default:
		next.State, next.Cause = old.State, old.Cause
	}
	if err := b.Store.PutConnection(ctx, next); err != nil {
		return false, err
	}
	b.forget(name)
	return created, nil
}

// anotherGrant reports whether the tokens of a connection say nothing of it as
// it is written now.
func anotherGrant(old, next api.ConnectionSpec, provider api.Provider) bool {
	return old.Client != next.Client || old.TokenSet != next.TokenSet || arrangement.GrantOf(old, provider) != arrangement.GrantOf(next, provider)
}

func (b *Broker) unknownClient(err error, connection, client string) error {
	if client == "" {
		return fault.New(api.CodeInvalid, "the connection %q names no client", connection).
			WithHint("set client; valetkey client list shows the choices")
	}
	return refers(ledger.Fault(err, "client", client))
}

func (b *Broker) checkSpec(ctx context.Context, name string, spec api.ConnectionSpec, client ledger.Client, provider api.Provider) error {
	grant := arrangement.GrantOf(spec, provider)
	if !slices.Contains(arrangement.Grants(), grant) {
		return fault.New(api.CodeInvalid, "the grant %q of connection %q is not known", grant, name).
			WithHint("use one of %s", oauth.JoinScope(grantNames(), ", "))
	}
	if grant == oauth.GrantClientCredentials && len(client.Secret) == 0 {
		// RFC 6749 section 4.4: confidential clients only.
		return fault.New(api.CodeInvalid, "client_credentials needs a client secret or a private key, and the client %q has neither", client.Name).
			WithHint("valetkey client update %s --client-secret-file FILE", client.Name)
	}
	if err := arrangement.CheckBinding(spec); err != nil {
		return err
	}
	if err := arrangement.CheckTokenSet(name, spec, provider); err != nil {
		return err
	}
	if err := b.desk.CheckGrant(grant, name, spec.GrantSettings); err != nil {
		return err
	}
	if err := b.desk.CheckSources(ctx, name, spec.GrantSettings); err != nil {
		return err
	}
	for _, scope := range spec.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n\"\\") {
			return fault.New(api.CodeInvalid, "%q is not one scope", scope).
				WithHint("give each scope as an item of its own")
		}
	}
	if err := catalog.CheckOperations(spec.Operations, provider.Variables); err != nil {
		return err
	}
	if spec.API == nil {
		return nil
	}
	return target.Check(*spec.API)
}

func grantNames() []string {
	var names []string
	for _, grant := range arrangement.Grants() {
		names = append(names, string(grant))
	}
	return names
}

// ImportToken takes over a token set that was obtained elsewhere.
func (b *Broker) ImportToken(ctx context.Context, connection string, set api.TokenImport) (api.Connection, error) {
	if err := b.Import(ctx, connection, set); err != nil {
		return api.Connection{}, err
	}
	return b.Connection(ctx, connection)
}

// DeleteConnection forgets a connection and its tokens. It does not tell the
// provider: see [Broker.Revoke].
func (b *Broker) DeleteConnection(ctx context.Context, name string) error {
	if err := b.Store.DeleteConnection(ctx, name); err != nil {
		return ledger.Fault(err, "connection", name)
	}
	b.forget(name)
	return nil
}

// connectionView is what is known of a connection, for people and programs.
func (b *Broker) connectionView(c ledger.Connection, client ledger.Client) api.Connection {
	status := api.ConnectionStatus{
		State:           c.State,
		Cause:           c.Cause,
		ExpiresAt:       optional(c.ExpiresAt),
		GrantedScopes:   c.GrantedScopes,
		LastUsedAt:      optional(c.LastUsedAt),
		LastRefreshedAt: optional(c.LastRefreshedAt),
		Generation:      c.Generation,
		Account:         account.Label(c.Owner()),
		Captured:        c.Captured,
		CreatedAt:       c.CreatedAt,
		UpdatedAt:       c.UpdatedAt,
	}
	status.AuthorizedAt, status.RefreshExpiresAt = optional(c.AuthorizedAt), optional(c.RefreshExpiresAt)
	if used, ok := b.used.at(c.Name); ok {
		status.LastUsedAt = &used
	}
	if client.Cause != nil && c.State != api.StateRevoked {
		// The client is parked, the grant is not lost: say what mends all of them at once.
		status.State, status.Cause = api.StateNeedsConfiguration, client.Cause
	}
	b.judgeGrant(c, client, &status)
	spec := c.Spec
	spec.Variables, spec.Tags = maps.Clone(spec.Variables), maps.Clone(spec.Tags)
	return api.Connection{Name: c.Name, ConnectionSpec: spec, ConnectionStatus: status}
}

// endsSoon is how long before its end a grant's absolute limit is warned of.
const endsSoon = 30 * 24 * time.Hour

// judgeGrant fills in what the grant's kind says: whether it renews itself, what
// was not granted, and what will go wrong.
func (b *Broker) judgeGrant(c ledger.Connection, client ledger.Client, status *api.ConnectionStatus) {
	provider, known, err := b.catalog.Load().Provider(client.Provider)
	if err != nil || !known {
		return
	}
	grant := arrangement.GrantOf(c.Spec, provider)
	status.Renewable = (arrangement.Arrangement{Connection: c, Described: provider, Grant: grant}).Renews(c.Renewable)
	status.BaseURL = knownBaseURL(c, client, provider)
	if c.Generation == 0 {
		return
	}
	if ends := (arrangement.Arrangement{Connection: c, Described: provider}).GrantEndsAt(); !ends.IsZero() {
		status.GrantEndsAt = optional(ends)
		if ends.Sub(b.Now()) < endsSoon {
			status.Warnings = append(status.Warnings, "the provider ends this grant at "+ends.UTC().Format("2006-01-02 15:04:05 MST")+
				", used or not: authorize it again before that with valetkey connect "+c.Name)
		}
	}
	if len(c.GrantedScopes) > 0 {
		for _, scope := range c.Spec.Scopes {
			if !slices.Contains(c.GrantedScopes, scope) && !silentScopes[scope] {
				status.MissingScopes = append(status.MissingScopes, scope)
			}
		}
	}
	if arrangement.Unsafe(grant) {
		status.Warnings = append(status.Warnings, "the grant "+string(grant)+" is one that OAuth's security practice advises against (RFC 9700): change to authorization_code as soon as the provider has it")
	}
	if !status.Renewable && !c.ExpiresAt.IsZero() && c.State == api.StateActive {
		status.Warnings = append(status.Warnings, "the provider gave no refresh token, so this connection ends at "+
			c.ExpiresAt.UTC().Format("2006-01-02 15:04:05 MST")+"; "+arrangement.RefreshTokenAdvice(c.Spec, provider))
	}
}

// knownBaseURL is where calls go, as far as that is known: empty while a
// variable is missing.
func knownBaseURL(c ledger.Connection, client ledger.Client, provider api.Provider) string {
	resolved, err := catalog.Resolve(provider, catalog.Values{Captured: c.Captured, Client: client.Variables, Connection: c.Spec.Variables})
	if err != nil {
		return ""
	}
	a := arrangement.Arrangement{Connection: c, Provider: resolved}
	base, err := target.BaseURL(c.Name, a.Settings(), a.Provider.Variables)
	if err != nil || base == nil {
		return ""
	}
	return base.String()
}

// silentScopes are asked for, honoured, and commonly not listed in the answer.
var silentScopes = map[string]bool{"offline_access": true, "openid": true}
