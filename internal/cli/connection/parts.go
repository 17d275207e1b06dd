package connection

import (
	"context"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/app"
	"github.com/valetkey/valetkey/internal/catalog"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// arrange makes or changes what a connection consists of, as far as the flags
// name it: provider, client, connection, in this order.
func (p Commands) arrange(ctx context.Context, s *prompt.Session, name string, f connectFlags) (api.Connection, error) {
	connection, err := s.Connections.Get(ctx, name)
	known := err == nil
	if err != nil && !prompt.IsCode(err, api.CodeNotFound) {
		return connection, err
	}
	clientName := f.client
	if clientName == "" {
		clientName = connection.Client
	}
	if clientName == "" {
		clientName = name
	}
	if f.issuer != "" {
		if err := p.arrangeProvider(ctx, s, name, f); err != nil {
			return connection, err
		}
		f.provider = name
	}
	made, err := p.arrangeClient(ctx, s, clientName, name, f)
	if err != nil {
		return connection, err
	}
	if made {
		f.variables = nil // they went into the client
	}
	return p.arrangeConnection(ctx, s, connection, connectTarget{name, clientName, known}, f)
}

// arrangeProvider makes a provider of the connection's name from an issuer.
func (p Commands) arrangeProvider(ctx context.Context, s *prompt.Session, name string, f connectFlags) error {
	if u, err := url.Parse(f.issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return prompt.Usage("write it like https://login.example.org", "the issuer %q is not an address", f.issuer)
	}
	provider, err := s.Providers.Get(ctx, name)
	if err != nil && !prompt.IsCode(err, api.CodeNotFound) {
		return err
	}
	if provider.BuiltIn {
		return prompt.Usage("choose another name for the connection, or use --provider "+name,
			"%s is the name of a provider that Valetkey ships", name)
	}
	if err == nil && provider.Issuer == f.issuer {
		return nil
	}
	provider.Name = ""
	provider.Issuer = f.issuer
	provider.RequireAdvertisedPKCE = provider.RequireAdvertisedPKCE || f.resourceURL != ""
	_, err = s.Providers.Put(ctx, name, provider)
	return err
}

// arrangeClient makes the client, or changes what the flags name of it.
func (p Commands) arrangeClient(ctx context.Context, s *prompt.Session, name, connection string, f connectFlags) (made bool, err error) {
	existing, err := s.Clients.Get(ctx, name)
	switch {
	case err == nil:
		return false, p.changeClient(ctx, s, existing, f)
	case !prompt.IsCode(err, api.CodeNotFound):
		return false, err
	case f.client != "" && f.clientID == "":
		return false, err // the client that was named is not there
	case f.provider == "":
		return false, prompt.Usage(
			"valetkey connect "+connection+" --provider PROVIDER --client-id ID; valetkey providers lists the providers",
			"there is no connection %s yet: say whose API it is", connection)
	case f.clientID == "":
		return false, p.askToRegister(ctx, s, name, f.provider)
	}
	spec := api.ClientSpec{Provider: f.provider, ClientID: f.clientID}
	if spec.Variables, err = prompt.Pairs("var", f.variables); err != nil {
		return false, err
	}
	if err := f.Spec(ctx, p.Prompt, &spec); err != nil {
		return false, err
	}
	added, err := s.Clients.Put(ctx, name, spec)
	if err != nil {
		return false, err
	}
	p.Note("client %s is added; the redirect URI to register at %s: %s", name, f.provider, added.RedirectURI)
	return true, nil
}

// askToRegister says what a person has to do at the provider first.
func (p Commands) askToRegister(ctx context.Context, s *prompt.Session, name, provider string) error {
	described, err := s.Providers.Get(ctx, provider)
	if err != nil {
		return err
	}
	hint := "register Valetkey at the provider with the redirect URI " + p.redirectURI() + ", then add --client-id ID --client-secret-file FILE"
	if described.Setup != nil {
		hint += "; valetkey providers " + provider + " says where and how"
	}
	return prompt.Usage(hint,
		"there is no client %s yet: give the id of your registration with --client-id", name)
}

func (p Commands) changeClient(ctx context.Context, s *prompt.Session, existing api.Client, f connectFlags) error {
	if f.provider != "" && f.provider != existing.Provider {
		return prompt.Usage("use another name with --client NAME, or valetkey client update "+existing.Name+" --provider "+f.provider,
			"client %s is registered at %s, not at %s", existing.Name, existing.Provider, f.provider)
	}
	patch := map[string]any{}
	if f.clientID != "" && f.clientID != existing.ClientID {
		patch["client_id"] = f.clientID
	}
	if err := f.Patch(ctx, p.Prompt, patch); err != nil {
		return err
	}
	if len(patch) == 0 {
		return nil
	}
	_, err := s.Clients.Patch(ctx, existing.Name, patch)
	return err
}

// connectTarget names what is being arranged.
type connectTarget struct {
	connection string
	client     string
	known      bool // the connection is there already
}

func (p Commands) arrangeConnection(ctx context.Context, s *prompt.Session, c api.Connection, to connectTarget, f connectFlags) (api.Connection, error) {
	spec := c.ConnectionSpec
	changed := !to.known || spec.Client != to.client
	spec.Client = to.client
	if f.grant != "" && f.grant != spec.Grant {
		spec.Grant, changed = f.grant, true
	}
	if len(f.scopes) > 0 {
		spec.Scopes, changed = catalog.ParseScopes(strings.Join(f.scopes, " ")), true
	}
	variables, err := prompt.Pairs("var", f.variables)
	if err != nil {
		return c, err
	}
	for key, value := range variables {
		if spec.Variables == nil {
			spec.Variables = map[string]string{}
		}
		spec.Variables[key], changed = value, true
	}
	calls, names := f.setsAPI(&spec), f.setsResource(&spec)
	changed = changed || calls || names
	if set, err := f.grantFlags.settings(&spec); err != nil {
		return c, err
	} else if set {
		changed = true
	}
	if !changed {
		return c, nil
	}
	return s.Connections.Put(ctx, to.connection, spec)
}

// apiFlags say how to call the API.
type apiFlags struct {
	baseURL  string
	testPath string
	agents   []string
}

func (f *apiFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.baseURL, "base-url", "", "the API's base `URL` (default: the provider's)")
	flags.StringVar(&f.testPath, "test-path", "", "a harmless GET of the API, such as /me, for valetkey test (default: the provider's)")
	flags.StringArrayVar(&f.agents, "agent", nil, "an agent in whose private network the API is; of several, the first\nthat is connected (valetkey agent list)")
}

// setsAPI writes the flags that say how to call the API.
func (f connectFlags) setsAPI(spec *api.ConnectionSpec) bool {
	if f.baseURL == "" && f.testPath == "" && len(f.agents) == 0 {
		return false
	}
	if spec.API == nil {
		spec.API = &api.CallSettings{}
	}
	if f.baseURL != "" {
		spec.API.BaseURL = f.baseURL
	}
	if f.testPath != "" {
		spec.API.Test = &api.TestRequest{Path: f.testPath}
	}
	if len(f.agents) > 0 {
		spec.API.Route = api.Route{Agent: f.agents}
	}
	return true
}

// redirectURI is where providers send browsers back to, as far as this side
// knows: a server may have been started with another public URL.
func (p Commands) redirectURI() string {
	public := p.Env.Getenv("VALETKEY_PUBLIC_URL")
	if public == "" {
		public = p.Setting(p.Flags.URL, "VALETKEY_URL")
	}
	if public == "" {
		listen := p.Env.Getenv("VALETKEY_LISTEN")
		if listen == "" {
			listen = app.DefaultListen
		}
		public = "http://" + listen
	}
	return strings.TrimRight(public, "/") + "/oauth/callback"
}
