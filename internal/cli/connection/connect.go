package connection

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/valetkey/valetkey/api"
	"github.com/valetkey/valetkey/internal/cli/prompt"
)

// The grants that need no browser on this machine, by their names in settings.
const (
	grantClientCredentials = "client_credentials" // no person takes part: RFC 6749 section 4.4
	grantJWTBearer         = "jwt_bearer"         // no person takes part: RFC 7523 section 2.1
	grantDeviceCode        = "device_code"        // the person is elsewhere: RFC 8628
)

// registrationFlags say which client connect uses or makes.
type registrationFlags struct {
	provider string
	issuer   string
	client   string
	clientID string
	prompt.CredentialFlags
}

// grants are what --grant takes, by their names in settings.
var grants = []string{
	"authorization_code", grantDeviceCode, grantClientCredentials, grantJWTBearer, "saml2_bearer",
	"token_exchange", "on_behalf_of", "custom", "password", "implicit",
}

func (f *registrationFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.provider, "provider", "", "whose API it is; valetkey providers lists them")
	flags.StringVar(&f.issuer, "issuer", "", "the `URL` of any OAuth server with metadata (RFC 8414); becomes a provider of this name")
	flags.StringVar(&f.client, "client", "", "the client to use (default: one of the connection's name)")
	flags.StringVar(&f.clientID, "client-id", "", "makes the client, or changes its id")
	f.Register(cmd)
}

// connectFlags are what valetkey connect takes.
type connectFlags struct {
	registrationFlags
	grantFlags
	grant string
	apiFlags
	resourceFlags
	step      stepFlags
	variables []string
	choices   []string
	scopes    []string
	loginHint string
	prompt    string
	noBrowser bool
	device    bool
	wait      time.Duration
}

const connectHelp = `Make a connection and authorize it, or authorize again the one of that name.

The first time, say whose API it is: --provider for one that valetkey providers
lists, or --issuer for any other OAuth server that publishes its metadata. The
client id and secret come from your registration there; a client that is here
already is named with --client.

Your browser opens and you log in and consent there. With --no-browser the
address is printed instead, alone on stdout, to be opened in any browser that
can reach Valetkey; with --device the provider gives a code instead, to be typed
at its page on any other device. A connection with the grant client_credentials
or jwt_bearer has no person in it: its token is obtained at once. So it is with
what somebody else gave you: --assertion-file, --subject-token-file, --username.
docs/grants.md says which grant is for what.`

const connectExample = `  valetkey connect contoso-mail --provider contoso --var tenant=acme --client-id 6731de76 --client-secret-file -
  valetkey connect files --issuer https://login.example.org --client-id abc --scope files.read --base-url https://api.example.org/v1
  valetkey connect nightly --client contoso-app --grant client_credentials
  valetkey connect contoso-mail                 # authorize again, with the same settings`

// Connect is valetkey connect.
func (p Commands) Connect() *cobra.Command {
	var f connectFlags
	cmd := &cobra.Command{
		Use:               "connect NAME",
		Short:             "Make or renew a connection",
		Long:              connectHelp,
		Example:           connectExample,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.CompleteConnections,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return p.With(cmd.Context(), func(s *prompt.Session) error {
				return p.connect(cmd.Context(), s, args[0], f)
			})
		},
	}
	flags := cmd.Flags()
	f.registrationFlags.register(cmd)
	f.grantFlags.register(cmd)
	f.step.register(cmd)
	flags.StringVar(&f.resourceURL, "resource-url", "", "the `URL` of an API that says itself who gives tokens for it (RFC 9728), in place of --issuer and --base-url")
	flags.StringVar(&f.grant, "grant", "", "how tokens are obtained: "+strings.Join(grants, ", ")+"\n(default: the provider's)")
	f.apiFlags.register(cmd)
	flags.StringArrayVar(&f.variables, "var", nil, "a variable of the provider, `NAME=VALUE`; may be repeated")
	flags.StringArrayVar(&f.choices, "choose", nil, "a value the provider left open, `NAME=VALUE`, such as which site; nothing is authorized again")
	flags.StringArrayVar(&f.scopes, "scope", nil, "a scope to ask for, or a list with spaces, commas or ~; may be repeated (default: the provider's)")
	flags.StringVar(&f.loginHint, "login-hint", "", "the account to offer first, such as maria@contoso.example")
	flags.StringVar(&f.prompt, "prompt", "", "ask the provider for login, consent or select_account")
	flags.BoolVar(&f.noBrowser, "no-browser", false, "print the address instead of opening it")
	flags.BoolVar(&f.device, "device", false, "authorize on another device, with a code to type there")
	flags.DurationVar(&f.wait, "wait", 10*time.Minute, "how long to wait for the person; 0 returns at once")
	_ = cmd.RegisterFlagCompletionFunc("provider", p.CompleteProviders)
	_ = cmd.RegisterFlagCompletionFunc("client", p.CompleteClients)
	return cmd
}

// check refuses what no server needs to be asked about.
func (f connectFlags) check() error {
	switch {
	case f.noBrowser && f.device:
		return prompt.Usage("give one of the two", "--no-browser and --device exclude each other")
	case (f.username == "") != (f.passwordFile == ""):
		return prompt.Usage("give both, or neither", "--username and --password-file go together")
	case f.provider != "" && f.issuer != "":
		return prompt.Usage("give one of the two", "--provider and --issuer exclude each other")
	case f.grant != "" && !strings.HasPrefix(f.grant, "urn:") && !slices.Contains(grants, f.grant):
		return prompt.Usage("use one of "+strings.Join(grants, ", "), "--grant cannot be %s", f.grant)
	}
	return nil
}

// connect is the whole command within a session.
func (p Commands) connect(ctx context.Context, s *prompt.Session, name string, f connectFlags) error {
	f.variables = append(f.variables, f.choices...)
	if f.resourceURL != "" {
		var err error
		if f, err = p.discover(ctx, s, f); err != nil {
			return err
		}
	}
	connection, err := p.arrange(ctx, s, name, f)
	if err != nil {
		return err
	}
	if len(f.choices) > 0 {
		return p.connected(ctx, s, name)
	}
	grant, err := grantOf(ctx, s, connection)
	if err != nil {
		return err
	}
	if input, given, err := p.input(ctx, f.grantFlags); given || err != nil {
		return p.supply(ctx, s, name, input, err)
	}
	if byItself(grant, connection.ConnectionSpec) {
		if _, err := s.Refresh(ctx, name); err != nil {
			return err
		}
		return p.connected(ctx, s, name)
	}
	if f.device || grant == grantDeviceCode {
		return p.authorizeByDevice(ctx, s, name, f)
	}
	if s.Own != nil && f.wait == 0 {
		return prompt.Usage("start a server with `valetkey serve`, or give a --wait above 0",
			"with --wait 0 nobody would receive the provider's answer: no server runs")
	}
	return p.authorize(ctx, s, name, f)
}

func grantOf(ctx context.Context, s *prompt.Session, c api.Connection) (string, error) {
	if c.Grant != "" {
		return c.Grant, nil
	}
	registration, err := s.Clients.Get(ctx, c.Client)
	if err != nil {
		return "", err
	}
	provider, err := s.Providers.Get(ctx, registration.Provider)
	return provider.Grant, err
}
