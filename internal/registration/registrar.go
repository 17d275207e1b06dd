package registration

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/arrangement"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/fault"
	"github.com/valetkey/valetkey/internal/ledger"
	"github.com/valetkey/valetkey/internal/secret"
	"github.com/valetkey/valetkey/oauth"
	"github.com/valetkey/valetkey/oauth/register"
)

// Registrar registers clients and manages their registrations.
type Registrar struct {
	desk      *arrangement.Desk
	publicURL string
}

// New returns the registrar of a desk. publicURL is where authorization servers
// find the documents of clients.
func New(desk *arrangement.Desk, publicURL string) *Registrar {
	return &Registrar{desk: desk, publicURL: publicURL}
}

// RegisterClient makes a client that does not exist yet.
func (r *Registrar) RegisterClient(ctx context.Context, name string, request api.RegisterRequest) error {
	if _, err := r.desk.Store.Client(ctx, name); !errors.Is(err, ledger.ErrNotFound) {
		if err == nil {
			err = fault.New(api.CodeConflict, "client %q is there already", name).
				WithHint("take another name, or change its registration: valetkey client register %s --update", name)
		}
		return err
	}
	described, server, err := r.server(ctx, name, request)
	if err != nil {
		return err
	}
	by, err := r.way(request.By, described, server)
	if err != nil {
		return err
	}
	wish := wish{provider: described, server: server, redirectURI: r.desk.RedirectURI, further: request.Metadata, document: by == api.RegisterDocument}
	metadata, key, err := wish.metadata(r.desk.Rand)
	if err != nil {
		return err
	}
	client := ledger.Client{Name: name, Description: request.Description, Provider: request.Provider}
	registered := register.Registration{ClientID: r.documentURL(name), Metadata: metadata}
	if by == api.RegisterDynamic {
		if registered, err = r.register(ctx, described, server, request, metadata); err != nil {
			return err
		}
	}
	return r.save(ctx, ledger.Client{}, client, registered, change{key: key, variables: request.Variables, hidden: catalog.SecretVariables(described)})
}

// server is where the client is to be registered.
func (r *Registrar) server(ctx context.Context, name string, request api.RegisterRequest) (api.Provider, oauth.Server, error) {
	described, err := r.desk.Describe(ctx, request.Provider)
	if err != nil {
		return described, oauth.Server{}, err
	}
	a := arrangement.Arrangement{
		Client:    ledger.Client{Name: name, Provider: request.Provider, Variables: request.Variables},
		Described: described,
		Grant:     arrangement.GrantOf(api.ConnectionSpec{}, described),
	}
	if a, err = a.With(nil); err != nil {
		return described, oauth.Server{}, err
	}
	server, err := r.desk.Server(ctx, a)
	if err != nil {
		return described, server, err
	}
	if issuer := a.Provider.Provider.Issuer; issuer != "" {
		// A description that names every endpoint says nothing of what is supported.
		if found, err := r.desk.Servers.Find(ctx, issuer); err == nil {
			found.RegistrationEndpoint = or(server.RegistrationEndpoint, found.RegistrationEndpoint)
			return described, found, nil
		}
	}
	return described, server, nil
}

// way chooses between a document and a registration.
func (r *Registrar) way(by string, described api.Provider, server oauth.Server) (string, error) {
	switch by {
	case "", api.RegisterAuto:
		if server.ClientIDDocuments && r.reachable() {
			return api.RegisterDocument, nil
		}
	case api.RegisterDocument:
		if !r.reachable() {
			return "", fault.New(api.CodeNeedsConfiguration, "a client id document needs a public https address of this server, and it is %s", r.publicURL).
				WithHint("set VALETKEY_PUBLIC_URL to an https address that the provider reaches")
		}
		return by, nil
	case api.RegisterDynamic:
	default:
		return "", fault.New(api.CodeInvalid, "by: %q is not known", by).WithHint("use auto, document or dynamic")
	}
	if server.RegistrationEndpoint == "" {
		return "", fault.New(api.CodeNeedsConfiguration, "the provider %q registers no clients by itself", described.Name).
			WithHint("register by hand and run valetkey client add, or set registration_endpoint in the provider's description")
	}
	return api.RegisterDynamic, nil
}

func (r *Registrar) register(ctx context.Context, described api.Provider, server oauth.Server, request api.RegisterRequest, metadata register.Metadata) (register.Registration, error) {
	message, err := register.Request{
		Endpoint: server.RegistrationEndpoint, InitialAccessToken: string(request.InitialAccessToken), Metadata: metadata,
	}.HTTP(ctx)
	if err != nil {
		return register.Registration{}, r.refused(err, described.Name)
	}
	response, err := r.send(message, described.Name)
	if err != nil {
		return register.Registration{}, err
	}
	defer response.Body.Close()
	registered, err := register.Judge(response, r.desk.Now(), string(request.InitialAccessToken))
	return registered, r.refused(err, described.Name)
}

func (r *Registrar) send(message *http.Request, provider string) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(message.Context(), arrangement.TokenTimeout)
	response, err := r.desk.HTTP.Do(message.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, arrangement.Unreachable(err, "the provider "+provider)
	}
	response.Body = ending{response.Body, cancel}
	return response, nil
}

// change is what a save changes of a client besides its registration.
type change struct {
	key       *api.Secret // nil: it stays
	variables map[string]string
	hidden    []string // names of the variables that are secrets
}

// save writes the client with its registration. The secret is kept with the
// client's credential alone.
func (r *Registrar) save(ctx context.Context, old, next ledger.Client, registered register.Registration, c change) error {
	now := r.desk.Now()
	if next.CreatedAt.IsZero() {
		next.CreatedAt = now
	}
	next.UpdatedAt = now
	next.ClientID, next.TokenEndpointAuthMethod = registered.ClientID, method(registered)
	spec := api.ClientSpec{Provider: next.Provider, Variables: c.variables, ClientID: next.ClientID, TokenEndpointAuthMethod: next.TokenEndpointAuthMethod, PrivateKey: c.key}
	if old.Name != "" {
		credential, err := r.desk.OpenCredential(old)
		if err != nil {
			return err
		}
		spec.ClientSources = credential.Sources
	}
	if registered.ClientSecret != "" {
		issued := api.Secret(registered.ClientSecret)
		spec.ClientSecret, spec.ClientSecrets = &issued, new([]api.Secret)
		spec.ClientSecretExpiresAt = moment(registered.SecretExpiresAt)
	}
	if err := r.desk.ChangeCredential(old, &next, spec, c.hidden); err != nil {
		return err
	}
	registered.ClientSecret = ""
	text, err := registered.Text()
	if err != nil {
		return err
	}
	if next.Registration, err = r.desk.Keyring.Seal(secret.NewText(string(text)), ledger.RegistrationPlace(next.Name)); err != nil {
		return err
	}
	r.desk.Forget("")
	return r.desk.Store.PutClient(ctx, next)
}

// method is how the client authenticates: the RFC's own way where the server
// does not say (RFC 7591 section 2).
func method(registered register.Registration) string {
	switch {
	case registered.Metadata.Method != "":
		return registered.Metadata.Method
	case registered.ClientSecret == "":
		return string(oauth.AuthNone)
	}
	return string(oauth.AuthBasic)
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func or(value, standard string) string {
	if value != "" {
		return value
	}
	return standard
}
