package registration

import (
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/oauth/register"
)

// Registration asks the provider how a client is registered (RFC 7592 section
// 2.1). Where it cannot be asked, what it said last is told.
func (r *Registrar) Registration(ctx context.Context, name string) (api.Registration, error) {
	client, kept, err := r.open(ctx, name)
	if err != nil {
		return api.Registration{}, err
	}
	if kept.Managed() {
		message, err := kept.Read(ctx)
		if err != nil {
			return api.Registration{}, r.refused(err, client.Provider)
		}
		if kept, err = r.answered(ctx, message, client, kept); err != nil {
			return api.Registration{}, err
		}
	}
	return r.view(client, kept)
}

// ChangeRegistration replaces the registered metadata (RFC 7592 section 2.2):
// what is there with the change laid over it.
func (r *Registrar) ChangeRegistration(ctx context.Context, name string, wanted api.RegistrationChange) (api.Registration, error) {
	client, kept, err := r.open(ctx, name)
	if err != nil {
		return api.Registration{}, err
	}
	metadata, err := over(kept.Metadata, wanted.Metadata)
	if err != nil {
		return api.Registration{}, err
	}
	if client.ClientID == r.documentURL(name) {
		kept.Metadata = metadata
		if err := r.keep(ctx, client, kept); err != nil {
			return api.Registration{}, err
		}
		return r.view(client, kept)
	}
	if !kept.Managed() {
		return api.Registration{}, unmanaged(name)
	}
	message, err := kept.Update(ctx, metadata)
	if err != nil {
		return api.Registration{}, r.refused(err, client.Provider)
	}
	if kept, err = r.answered(ctx, message, client, kept); err != nil {
		return api.Registration{}, err
	}
	return r.view(client, kept)
}

// Deregister ends the registration at the provider (RFC 7592 section 2.3) and
// deletes the client, which no connection may use.
func (r *Registrar) Deregister(ctx context.Context, name string) error {
	client, kept, err := r.open(ctx, name)
	if err != nil {
		return err
	}
	users, err := r.desk.Store.Connections(ctx, ledger.ConnectionFilter{Client: name, Page: ledger.Page{Limit: 1}})
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return fault.New(api.CodeConflict, "the connection %q uses the client %q", users[0].Name, name).
			WithHint("delete its connections first")
	}
	if client.ClientID != r.documentURL(name) {
		if !kept.Managed() {
			return unmanaged(name)
		}
		message, err := kept.Delete(ctx)
		if err != nil {
			return r.refused(err, client.Provider)
		}
		response, err := r.send(message, client.Provider)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if err := register.JudgeDeletion(response, r.desk.Now(), kept.AccessToken); err != nil {
			return r.refused(err, client.Provider)
		}
	}
	r.desk.Forget("")
	return ledger.Fault(r.desk.Store.DeleteClient(ctx, name), "client", name)
}

// open reads a client with its registration.
func (r *Registrar) open(ctx context.Context, name string) (ledger.Client, register.Registration, error) {
	client, err := r.desk.Store.Client(ctx, name)
	if err != nil {
		return client, register.Registration{}, ledger.Fault(err, "client", name)
	}
	if len(client.Registration) == 0 {
		return client, register.Registration{}, fault.New(api.CodeConflict, "the client %q was registered by hand", name).
			WithHint("change it on the provider's pages; valetkey client register makes clients that can be managed here")
	}
	kept, err := r.desk.Registration(client)
	if err != nil {
		return client, kept, err
	}
	credential, err := r.desk.OpenCredential(client)
	kept.ClientSecret = credential.Secret(0).Reveal()
	return client, kept, err
}

// answered sends a request of the management and keeps what the answer changes.
func (r *Registrar) answered(ctx context.Context, message *http.Request, client ledger.Client, kept register.Registration) (register.Registration, error) {
	response, err := r.send(message, client.Provider)
	if err != nil {
		return kept, err
	}
	defer response.Body.Close()
	answer, err := register.Judge(response, r.desk.Now(), kept.AccessToken, kept.ClientSecret)
	if err != nil {
		return kept, r.refused(err, client.Provider)
	}
	kept = kept.After(answer)
	return kept, r.keep(context.WithoutCancel(ctx), client, kept)
}

// keep writes a registration that was changed.
func (r *Registrar) keep(ctx context.Context, client ledger.Client, kept register.Registration) error {
	described, err := r.desk.Describe(ctx, client.Provider)
	if err != nil {
		return err
	}
	hidden := catalog.SecretVariables(described)
	variables := make(map[string]string, len(client.Variables))
	for name, value := range client.Variables {
		variables[name] = value
	}
	credential, err := r.desk.OpenCredential(client)
	if err != nil {
		return err
	}
	for name := range credential.Variables {
		variables[name] = api.Mask
	}
	return r.save(ctx, client, client, kept, change{variables: variables, hidden: hidden})
}

func (r *Registrar) view(client ledger.Client, kept register.Registration) (api.Registration, error) {
	view := api.Registration{Client: client.Name, ClientID: kept.ClientID, By: api.RegisterDynamic, RegistrationClientURI: kept.ClientURI, ClientSecretExpiresAt: moment(kept.SecretExpiresAt)}
	if kept.ClientID == r.documentURL(client.Name) {
		view.By = api.RegisterDocument
	}
	text, err := json.Marshal(kept.Metadata)
	if err != nil {
		return view, err
	}
	return view, json.Unmarshal(text, &view.Metadata)
}

func unmanaged(name string) error {
	return fault.New(api.CodeConflict, "the provider named no address at which the registration of %q can be managed", name).
		WithHint("change it on the provider's pages, or register another client")
}

// ending ends a request's context when its answer is closed.
type ending struct {
	io.ReadCloser
	end context.CancelFunc
}

// Close implements [io.Closer].
func (e ending) Close() error {
	defer e.end()
	return e.ReadCloser.Close()
}
