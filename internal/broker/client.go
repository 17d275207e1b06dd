package broker

import (
	"context"
	"errors"
	"slices"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth"
)

// Clients returns a page of clients, by name.
func (b *Broker) Clients(ctx context.Context, page ledger.Page) ([]api.Client, error) {
	found, err := b.Store.Clients(ctx, page)
	if err != nil {
		return nil, err
	}
	clients := make([]api.Client, len(found))
	for i, c := range found {
		clients[i] = b.clientView(c)
	}
	return clients, nil
}

// Client returns one client; its secret is masked.
func (b *Broker) Client(ctx context.Context, name string) (api.Client, error) {
	c, err := b.Store.Client(ctx, name)
	if err != nil {
		return api.Client{}, ledger.Fault(err, "client", name)
	}
	return b.clientView(c), nil
}

func (b *Broker) clientView(c ledger.Client) api.Client {
	view := api.Client{
		Name:                    c.Name,
		Description:             c.Description,
		Provider:                c.Provider,
		Variables:               c.Variables,
		ClientID:                c.ClientID,
		TokenEndpointAuthMethod: c.TokenEndpointAuthMethod,
		AllowedHosts:            c.AllowedHosts,
		RedirectURI:             b.RedirectURI(),
		Cause:                   c.Cause,
		CreatedAt:               c.CreatedAt,
		UpdatedAt:               c.UpdatedAt,
	}
	b.desk.ShowCredential(c, &view)
	return view
}

// PutClient writes a client. A secret that is absent or masked stays. Writing
// a client that the provider refused gives it another chance.
func (b *Broker) PutClient(ctx context.Context, name string, spec api.ClientSpec) (created bool, err error) {
	provider, err := b.checkClient(ctx, name, spec)
	if err != nil {
		return false, err
	}
	old, err := b.Store.Client(ctx, name)
	created = errors.Is(err, ledger.ErrNotFound)
	if err != nil && !created {
		return false, err
	}
	now := b.Now()
	next := ledger.Client{
		Name:                    name,
		Description:             spec.Description,
		Provider:                spec.Provider,
		ClientID:                spec.ClientID,
		TokenEndpointAuthMethod: spec.TokenEndpointAuthMethod,
		AllowedHosts:            spec.AllowedHosts,
		CreatedAt:               now,
		UpdatedAt:               now,
	}
	if next.ClientID == old.ClientID && next.Provider == old.Provider {
		next.Registration = old.Registration
	}
	if err := b.desk.ChangeCredential(old, &next, spec, catalog.SecretVariables(provider)); err != nil {
		return false, err
	}
	if err := b.Store.PutClient(ctx, next); err != nil {
		return false, err
	}
	b.snapshots.Clear()
	return created, nil
}

func (b *Broker) checkClient(ctx context.Context, name string, spec api.ClientSpec) (provider api.Provider, err error) {
	if err := checkName("client", name); err != nil {
		return provider, err
	}
	if spec.Provider == "" {
		return provider, fault.New(api.CodeInvalid, "the client %q names no provider", name).
			WithHint("set provider; valetkey providers shows the choices")
	}
	if provider, err = b.Provider(ctx, spec.Provider); err != nil {
		return provider, refers(err)
	}
	if spec.ClientID == "" {
		return provider, fault.New(api.CodeInvalid, "the client %q has no client_id", name).
			WithHint("copy the client id from your registration at the provider")
	}
	method := oauth.AuthMethod(spec.TokenEndpointAuthMethod)
	if method != "" && !slices.Contains(oauth.AuthMethods(), method) {
		return provider, fault.New(api.CodeInvalid, "token_endpoint_auth_method %q is not known", spec.TokenEndpointAuthMethod).
			WithHint("use client_secret_basic, client_secret_post, private_key_jwt, client_secret_jwt, tls_client_auth, self_signed_tls_client_auth or none")
	}
	return provider, nil
}

// refers makes "not found" a fault of the request that refers to the missing thing.
func refers(err error) error {
	if found := fault.As(err); found.Code == api.CodeNotFound {
		return &fault.Error{Code: api.CodeInvalid, Message: found.Message, Hint: found.Hint, Cause: found.Cause}
	}
	return err
}

// DeleteClient removes a client that no connection uses.
func (b *Broker) DeleteClient(ctx context.Context, name string) error {
	return ledger.Fault(b.Store.DeleteClient(ctx, name), "client", name)
}
